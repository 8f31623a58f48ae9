"""Check a path before a file is written to it."""

from dataclasses import dataclass
from pathlib import Path

import typer

from common.files import describe
from common.text import visible


@dataclass(frozen=True, slots=True)
class Kind:
    """A file format: the ends of its names, and its first bytes, both in any case."""

    name: str
    endings: tuple[str, ...]
    begins: bytes


PNG = Kind("PNG", (".png",), b"\x89PNG")
HTML = Kind("HTML", (".html", ".htm"), b"<!doctype html>")


def require_place_for(file: Path, kind: Kind) -> None:
    """Raises BadParameter for a path to which no such file can be written, before any work is done for it.

    A file of another kind is never replaced: a typing error may name a recording.
    """
    try:
        if file.is_dir():
            raise _refused(f"{file} is a folder; name a file in it.")
        if not file.absolute().parent.is_dir():
            raise _refused(f"There is no folder {file.absolute().parent} for {file.name}.")
        if file.exists() and not _begins_with(file, kind.begins):
            raise _refused(f"{file} exists and is something else; name another file, or remove it.")
        if file.suffix.lower() not in kind.endings:
            raise _refused(f"{file.name} will be {kind.name}: name it {file.stem}{kind.endings[0]}.")
    except OSError as error:
        raise _refused(f"{file} cannot be a file ({describe(error)}); name another.") from error


def _refused(sentence: str) -> typer.BadParameter:
    return typer.BadParameter(visible(sentence))


def _begins_with(file: Path, begins: bytes) -> bool:
    """Whether a file begins with these bytes in any case, or is empty."""
    if not file.is_file():
        return False
    with file.open("rb") as reading:
        head = reading.read(len(begins))
    return not head or head.lower() == begins.lower()
