"""Where people want a file to be written."""

from pathlib import Path

import typer

PNG = b"\x89PNG"


def require_place_for(file: Path, begins: bytes) -> None:
    """Refuse a place where no such file can be written, before any work is done for it.

    `begins`: its first bytes, in either case. Another file is not replaced: a slip of the hand may name a recording.
    """
    try:
        if file.is_dir():
            raise typer.BadParameter(f"{file} is a folder; name a file in it.")
        if not file.absolute().parent.is_dir():
            raise typer.BadParameter(f"There is no folder {file.absolute().parent} for {file.name}.")
        if file.exists() and not _is_such(file, begins):
            raise typer.BadParameter(
                f"{file} is there and is something else; name another file, or remove it."
            )
    except OSError as error:
        raise typer.BadParameter(f"{file} can be no file ({error.strerror}); name another.") from error


def _is_such(file: Path, begins: bytes) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as reading:
        head = reading.read(len(begins))
    return not head or head.lower() == begins.lower()
