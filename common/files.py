"""Files: written whole or not at all, known by their content, seen to change, and what is wrong with them."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

DRAFT_SUFFIX = ".part"  # of files that are still being written; `maintain` deletes those that nobody finished

FileState = tuple[int, ...]


@contextmanager
def replacing(path: Path, suffix: str = DRAFT_SUFFIX) -> Iterator[Path]:
    """A path beside `path` to write a file to. When the block ends well, that file is on the disk and replaces `path`.

    Other processes see the old file or all of the new one, also after a power cut. When the block fails, or the process
    is killed, `path` is as it was.
    """
    draft = path.with_name(f".{path.stem[:50]}.{secrets.token_hex(8)}{suffix}")
    try:
        yield draft
        sync(draft)
        draft.replace(path)
        sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file in one step (see `replacing`), with these permissions whatever the umask."""
    with replacing(path) as draft:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(file: Path | BufferedReader) -> str:
    """Sha256 of a file, 64 hex digits; an open file is read from where it is. Raises OSError."""
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return sha256_of(opened)
    return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_if_readable(path: Path) -> str | None:
    """The same; None where it cannot be read, or is no file: opening a named pipe would wait for ever."""
    try:
        return sha256_of(path) if path.is_file() else None
    except OSError:
        return None


def state_of(status: os.stat_result) -> FileState:
    """Numbers of which at least one changes when the file does: size, time of change, inode, device."""
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


def file_state(path: Path) -> FileState | None:
    """The state of a file; None where it is not there."""
    try:
        return state_of(path.stat())
    except OSError:
        return None


def describe(error: OSError) -> str:
    """What the operating system says of it, such as "Permission denied"."""
    return error.strerror or type(error).__name__
