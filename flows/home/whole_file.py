"""Write a file where somebody wants it: in one step, so that there is the one before or the whole of the new one."""

import os
import secrets
from pathlib import Path

from flows.home.umask import mode_for_people


class PlaceError(Exception):
    """A file cannot be written where it was to be. The message is one sentence with the cure."""


def write_whole(file: Path, content: bytes, private: bool = False) -> None:
    """Write the content; a link keeps leading to its file. Raises PlaceError, and then what was there still is.

    The caller's umask decides who may read it; `private`: its owner alone.
    """
    target = Path(os.path.realpath(file))  # resolve() raises where links lead in a circle
    draft = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as writing:
                if not private:
                    os.fchmod(descriptor, mode_for_people())
                writing.write(content)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        said = f"{file} cannot be written ({error.strerror}); make room there, or name another file."
        raise PlaceError(said) from error
