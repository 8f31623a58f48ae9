"""What lies in a folder of audio, without opening any of it."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ENDINGS = (".mp3", ".ogg", ".opus", ".flac", ".wav", ".aiff", ".aif", ".m4a")
LATEST_NS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Listed:
    """One audio file, or what could not be listed: then `problem` has a reason, and what follows the name."""

    path: str  # as the operating system names it; undecodable bytes as surrogates
    size: int = 0  # bytes
    modified_ns: int = 0
    changed_ns: int = 0  # of the inode: moves on chmod too, so a file made readable is a change
    problem: tuple[str, str] | None = None


def list_audio(folder: Path) -> list[Listed]:
    """Every audio file below `folder`, in the order of the paths' bytes, without hidden files and folders.

    Symbolic links are followed, but a folder is entered once, a link to a folder above leads nowhere, and a
    file that has several names counts once, under its first.
    """
    found = sorted(_walk(folder), key=lambda pair: os.fsencode(pair[0].path))
    seen: set[tuple[int, int]] = set()
    files = []
    for listed, identity in found:
        if identity is not None:
            if identity in seen:
                continue
            seen.add(identity)
        files.append(listed)
    return files


def snapshot_of(folder: Path, files: list[Listed], header: str) -> str:
    """sha256 (hex) over `header` and the files' names, sizes and times: equal while nothing has changed."""
    digest = hashlib.sha256(header.encode())
    for file in files:
        name = os.fsencode(os.path.relpath(file.path, folder))
        state = f"{file.size} {file.modified_ns} {file.changed_ns} {file.problem[0] if file.problem else ''}"
        digest.update(name + b"\0" + state.encode() + b"\0")
    return digest.hexdigest()


def _walk(folder: Path) -> Iterator[tuple[Listed, tuple[int, int] | None]]:
    """(file, its device and inode), in an order that depends on the names alone."""
    above = {*folder.parents, *Path(os.path.realpath(folder)).parents}
    entered = {identity for parent in above if (identity := _folder_identity(parent))}
    waiting = [str(folder)]
    while waiting:
        path = waiting.pop()
        identity = _folder_identity(path)
        if identity in entered:
            continue
        if identity:
            entered.add(identity)
        try:
            with os.scandir(path) as scan:
                children = sorted(scan, key=lambda child: os.fsencode(child.name), reverse=True)
        except OSError as error:
            yield Listed(path, problem=explain(error)), None
            continue
        for child in children:
            if child.name.startswith("."):
                continue
            if _is_folder(child):
                waiting.append(child.path)
            elif child.name.lower().endswith(ENDINGS):
                yield _look_at(child.path)


def _is_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_dir()
    except OSError:  # a link that leads in a circle
        return False


def _folder_identity(path: str | Path) -> tuple[int, int] | None:
    """(device, inode); None where the folder cannot be asked or its file system numbers nothing."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_ino else None


def _look_at(path: str) -> tuple[Listed, tuple[int, int] | None]:
    try:
        status = Path(path).stat()
    except FileNotFoundError as error:
        dead = ("dead_link", "is a link that leads nowhere; remove it, or put back what it leads to.")
        return Listed(path, problem=dead if Path(path).is_symlink() else explain(error)), None
    except OSError as error:
        return Listed(path, problem=explain(error)), None
    problem = None
    if not stat.S_ISREG(status.st_mode):
        problem = ("not_a_file", "is a device, a pipe or a socket, not a file; remove it from the crate.")
    listed = Listed(path, status.st_size, modified_ns(status), status.st_ctime_ns, problem)
    return listed, (status.st_dev, status.st_ino) if status.st_ino else None


def modified_ns(status: os.stat_result) -> int:
    """When the file was changed last, in nanoseconds since 1970, as a column can hold it: within 292 years of that.

    A file system may say any time, such as one before Christ; that date alone is then not the file's.
    """
    return max(-LATEST_NS, min(status.st_mtime_ns, LATEST_NS))


def explain(error: OSError) -> tuple[str, str]:
    """(reason, what follows the name) for a file or folder that the operating system does not give out."""
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return "vanished", "is gone; put it back, or run again without it."
    if isinstance(error, PermissionError):
        return "unreadable", "may not be read by this user; run chmod -R u+rX on the crate."
    return "unreadable", f"cannot be read ({error.strerror}); check the disk, and the file's name."
