"""Where people want a file to be written."""

from dataclasses import dataclass
from pathlib import Path

import typer

from common.text import visible


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file is: how its name ends, and its first bytes, in either case."""

    name: str
    endings: tuple[str, ...]
    begins: bytes


PNG = Kind("PNG", (".png",), b"\x89PNG")
HTML = Kind("HTML", (".html", ".htm"), b"<!doctype html>")


def require_place_for(file: Path, kind: Kind) -> None:
    """Refuse a place where no such file can be written, before any work is done for it.

    A file of another kind is not replaced: a slip of the hand may name a recording.
    """
    try:
        if file.is_dir():
            raise _refused(f"{file} is a folder; name a file in it.")
        if not file.absolute().parent.is_dir():
            raise _refused(f"There is no folder {file.absolute().parent} for {file.name}.")
        if file.exists() and not _is_such(file, kind.begins):
            raise _refused(f"{file} is there and is something else; name another file, or remove it.")
        if file.suffix.lower() not in kind.endings:
            raise _refused(f"{file.name} will be {kind.name}: name it {file.stem}{kind.endings[0]}.")
    except OSError as error:
        raise _refused(f"{file} can be no file ({error.strerror}); name another.") from error


def _refused(sentence: str) -> typer.BadParameter:
    return typer.BadParameter(visible(sentence))


def _is_such(file: Path, begins: bytes) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as reading:
        head = reading.read(len(begins))
    return not head or head.lower() == begins.lower()
