"""Files that are known by the sha256 of their content: a copy is in its place as what it should be, or not at all."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from common.errors import LabelscopeError
from common.files import DRAFT_SUFFIX
from services.private import PlaceRefused, open_file, open_regular

BLOCK = 2**20  # bytes


class DamagedFile(LabelscopeError):  # noqa: N818  (a state of a file rather than a fault of ours)
    """A file is missing, cannot be read, or is not what it was. The message is a sentence that names it."""


def read_blocks(file: Path) -> Iterator[bytes]:
    """The content of a file, a mebibyte at a time. Raises DamagedFile."""
    try:
        with os.fdopen(open_regular(file), "rb") as reading:
            while block := reading.read(BLOCK):
                yield block
    except FileNotFoundError:
        raise DamagedFile(f"{file} is missing.") from None
    except PlaceRefused as error:
        raise DamagedFile(error.sentence) from error
    except OSError as error:
        raise DamagedFile(f"{file} cannot be read: {error.strerror}.") from error


def write_blocks(blocks: Iterable[bytes], draft: Path) -> tuple[str, int]:
    """Write blocks to a file, in a folder that is made if missing; its sha256 (64 hex digits) and its bytes."""
    digest, size = hashlib.sha256(), 0
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as writing:
            for block in blocks:
                digest.update(block)
                size += writing.write(block)
    except OSError as error:
        error.filename = str(draft)  # Python does not say which file found the disk full
        raise
    return digest.hexdigest(), size


def is_intact(file: Path, sha256: str) -> bool:
    """Whether the file is there and has that content; reads all of it."""
    digest = hashlib.sha256()
    try:
        for block in read_blocks(file):
            digest.update(block)
    except DamagedFile:
        return False
    return digest.hexdigest() == sha256


def copy_checked(source: Path, place: Path, sha256: str) -> bool:
    """See that the content is in its place; False where it was already.

    Raises DamagedFile where the source does not have it; then what was in that place is still there.
    """
    if is_intact(place, sha256):
        return False
    draft = place.with_name(place.name + DRAFT_SUFFIX)
    try:
        found, _ = write_blocks(read_blocks(source), draft)
        if found != sha256:
            raise DamagedFile(f"{source} is damaged: its content is not what its sha256 says.")
    except DamagedFile:
        draft.unlink()
        raise
    draft.replace(place)
    return True
