"""Files with a known sha256: a copy is whole and right, or is not made."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from common.errors import LabelscopeError
from common.files import DRAFT_SUFFIX
from services.private import PlaceRefused, open_file, open_regular

BLOCK_BYTES = 2**20


# A state of a file rather than a fault of the program, so not named an error.
class DamagedFile(LabelscopeError):  # noqa: N818
    """A file is missing, cannot be read, or has changed. The message is a sentence that names it."""


def read_blocks(file: Path) -> Iterator[bytes]:
    """Yields the content of a file in blocks of 1 MiB. Raises DamagedFile."""
    try:
        with os.fdopen(open_regular(file), "rb") as reading:
            while block := reading.read(BLOCK_BYTES):
                yield block
    except FileNotFoundError:
        raise DamagedFile(f"{file} is missing.") from None
    except PlaceRefused as error:
        raise DamagedFile(error.sentence) from error
    except OSError as error:
        raise DamagedFile(f"{file} cannot be read: {error.strerror}.") from error


def write_blocks(blocks: Iterable[bytes], draft: Path) -> tuple[str, int]:
    """Write blocks to a file, and make its folder if missing. Returns sha256 (64 hex digits) and size in bytes."""
    digest, size = hashlib.sha256(), 0
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as writing:
            for block in blocks:
                digest.update(block)
                size += writing.write(block)
    except OSError as error:
        # Without a name the message for a full disk would not tell which disk.
        error.filename = str(draft)
        raise
    return digest.hexdigest(), size


def is_intact(file: Path, sha256: str) -> bool:
    """Whether the file exists with that sha256. Reads all of it."""
    digest = hashlib.sha256()
    try:
        for block in read_blocks(file):
            digest.update(block)
    except DamagedFile:
        return False
    return digest.hexdigest() == sha256


def copy_checked(source: Path, target: Path, sha256: str) -> bool:
    """Copy a file with that sha256 in one step. Returns False, and copies nothing, where the target has it already.

    Raises DamagedFile where the source has another content; the target is then unchanged.
    """
    if is_intact(target, sha256):
        return False
    draft = target.with_name(target.name + DRAFT_SUFFIX)
    try:
        copied_sha256, _ = write_blocks(read_blocks(source), draft)
        if copied_sha256 != sha256:
            raise DamagedFile(f"{source} is damaged: its content does not match its sha256.")
    except DamagedFile:
        draft.unlink()
        raise
    draft.replace(target)
    return True
