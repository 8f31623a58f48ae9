"""The place of an exported file: only files that Labelscope wrote are replaced."""

from pathlib import Path
from typing import Final

from common.files import describe
from flows.export.entries import MARK
from flows.export.errors import ExportError
from flows.export.rekordbox_xml import MARK as MARK_IN_XML

READ: Final = 512  # bytes at the beginning of a file, which hold the mark


def require_place(file: Path, force: bool) -> None:
    """Raises ExportError where `file` is a folder, in no folder, or exists without our mark (unless `force`)."""
    try:
        if file.is_dir():
            raise ExportError(f"{file} is a folder; name a file in it.")
        if not file.absolute().parent.is_dir():
            raise ExportError(f"There is no folder {file.absolute().parent} for {file.name}; make it first.")
        if file.exists() and not force and not _is_ours(file):
            raise ExportError(
                f"{file} exists and has no mark of Labelscope; name another file, or add --force to replace it."
            )
    except OSError as error:
        raise ExportError(f"{file} cannot be a file ({describe(error)}); name another.") from error


def _is_ours(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as reading:
        head = reading.read(READ)
    return not head or MARK.encode() in head or MARK_IN_XML.encode() in head
