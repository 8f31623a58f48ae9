"""Whether a file is still what it was when reading it began."""

import os
from pathlib import Path

from ml.audio.decode import AudioError

FileState = tuple[int, ...]


def state_of(status: os.stat_result) -> FileState:
    """What changes when a file does."""
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


def file_state(path: Path) -> FileState | None:
    """The state of a file; None where it is not there."""
    try:
        return state_of(path.stat())
    except OSError:
        return None


def expect_unchanged(path: Path, before: FileState | None) -> None:
    """Raises AudioError where the file is not in the state that it was in before."""
    if file_state(path) != before:
        raise AudioError(
            "changed",
            f"{str(path)!r} was changed while it was heard; wait until it is complete, and try again.",
        )
