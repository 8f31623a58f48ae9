"""Write a file where somebody wants it: in one step, so that there is the one before or the whole of the new one."""

import os
import secrets
from pathlib import Path


class PlaceError(Exception):
    """A file cannot be written where it was to be. The message is one sentence with the cure."""


def write_whole(file: Path, content: bytes) -> None:
    """Write the content; a link keeps leading to its file. Raises PlaceError, and then what was there still is."""
    target = Path(os.path.realpath(file))  # resolve() raises where links lead in a circle
    draft = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        try:
            draft.write_bytes(content)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        said = f"{file} cannot be written ({error.strerror}); make room there, or name another file."
        raise PlaceError(said) from error
