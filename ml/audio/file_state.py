"""Whether a file is still what it was when reading it began."""

from pathlib import Path

from common.files import FileState, has_changed
from ml.audio.decode import AudioError


def expect_unchanged(path: Path, before: FileState | None) -> None:
    """Raises AudioError where the file is not in the state that it was in before."""
    if has_changed(path, before):
        raise AudioError(
            "changed",
            f"{str(path)!r} was changed while it was read; wait until it is complete, and try again.",
        )
