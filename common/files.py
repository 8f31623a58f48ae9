"""File helpers: atomic writes, deletion, sha256, whether a file has changed, and the cause of an OSError."""

import hashlib
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

# Of files that are still being written. `maintain` deletes those that a killed process has left.
DRAFT_SUFFIX = ".part"

FileState = tuple[int, ...]
"""Size in bytes, time of change in nanoseconds since 1970, inode, device."""


@contextmanager
def replacing(path: Path, suffix: str = DRAFT_SUFFIX) -> Iterator[Path]:
    """Yield a path in the same folder to write to. When the block succeeds, that file is synced and replaces `path`.

    Other processes see the old file or all of the new one, also after a power cut. When the block fails, or the process
    is killed, `path` is unchanged.
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
    """Write a file in one step (see `replacing`), with the permissions `mode`, whatever the umask."""
    with replacing(path) as draft:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)


def delete_folder(path: Path) -> None:
    """Delete a folder with its content, if there is one. Where something stays, a warning is logged."""
    shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        logging.getLogger(__name__).warning("%s could not be deleted completely; delete it by hand.", path)


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(file: Path | BufferedReader) -> str:
    """Sha256 of a file, 64 hex digits. An open file is read from its position on. Raises OSError."""
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return sha256_of(opened)
    return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_if_readable(path: Path) -> str | None:
    """Sha256 of a file; None where it cannot be read, or is no regular file: opening a named pipe would block."""
    try:
        return sha256_of(path) if path.is_file() else None
    except OSError:
        return None


def state_of(status: os.stat_result) -> FileState:
    """The state of a file, which differs once the file has changed or was replaced."""
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


def file_state(path: Path) -> FileState | None:
    """The state of a file; None where there is none, or it cannot be reached."""
    try:
        return state_of(path.stat())
    except OSError:
        return None


def has_changed(path: Path, before: FileState | None) -> bool:
    """Whether the state of a file is no longer `before`, such as after reading it. A removed file has changed."""
    return file_state(path) != before


def describe(error: OSError) -> str:
    """The cause in the operating system's words, such as "Permission denied"."""
    return error.strerror or type(error).__name__
