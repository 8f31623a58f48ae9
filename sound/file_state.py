"""Whether a file has changed since reading it began."""

from pathlib import Path

from common.files import FileState, file_state
from sound.errors import AudioError


def expect_unchanged(path: Path, before: FileState | None) -> None:
    """Raise AudioError where the state of the file is no longer `before`."""
    if file_state(path) != before:
        raise AudioError(
            "changed", path, "was changed while it was read", "wait until it is complete, and try again"
        )
