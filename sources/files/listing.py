"""The audio files below a folder, listed without opening any."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common.files import FileState, describe, state_of
from sources.errors import UnusableError

ENDINGS = (".mp3", ".ogg", ".opus", ".flac", ".wav", ".aiff", ".aif", ".m4a")
LATEST_NS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Listed:
    """One audio file, or a path that could not be listed.

    Then `problem` has the reason.
    """

    path: str  # undecodable bytes as surrogates
    size: int = 0  # bytes
    modified_ns: int = 0
    changed_ns: int = 0  # of the inode: chmod changes it too, so a file made readable counts as changed
    problem: UnusableError | None = None
    state: FileState | None = None


def list_audio(folder: Path) -> list[Listed]:
    """Every audio file below `folder`, in the order of the paths' bytes, without hidden files and folders.

    Symbolic links are followed. A folder is entered once, and links to a folder above are ignored. A file that has
    several names counts once, under its first.
    """
    listings = sorted(_walk(folder), key=lambda pair: os.fsencode(pair[0].path))
    seen: set[tuple[int, int]] = set()
    files = []
    for listed, identity in listings:
        if identity is not None:
            if identity in seen:
                continue
            seen.add(identity)
        files.append(listed)
    return files


def snapshot_of(folder: Path, files: list[Listed], header: str) -> str:
    """A sha256 (hex) of `header` and the files' names, sizes and times: equal while no file changes."""
    digest = hashlib.sha256(header.encode())
    for file in files:
        name = os.fsencode(os.path.relpath(file.path, folder))
        state = (
            f"{file.size} {file.modified_ns} {file.changed_ns} {file.problem.reason if file.problem else ''}"
        )
        digest.update(name + b"\0" + state.encode() + b"\0")
    return digest.hexdigest()


def _walk(folder: Path) -> Iterator[tuple[Listed, tuple[int, int] | None]]:
    """Yield (file, its device and inode), in an order that depends on the names alone."""
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
                yield _list(child.path)


def _is_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_dir()
    except OSError:  # a circular link
        return False


def _folder_identity(path: str | Path) -> tuple[int, int] | None:
    """(device, inode); None where the folder cannot be reached, or its file system has no inode numbers."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_ino else None


def _list(path: str) -> tuple[Listed, tuple[int, int] | None]:
    try:
        status = Path(path).stat()
    except FileNotFoundError as error:
        dead = UnusableError(
            "dead_link", "is a link that leads nowhere", "remove it, or put back what it leads to"
        )
        return Listed(path, problem=dead if Path(path).is_symlink() else explain(error)), None
    except OSError as error:
        return Listed(path, problem=explain(error)), None
    problem = None
    if not stat.S_ISREG(status.st_mode):
        problem = UnusableError(
            "not_a_file", "is a device, a pipe or a socket, not a file", "remove it from the crate"
        )
    modified_ns = storable_ns(status.st_mtime_ns)
    listed = Listed(path, status.st_size, modified_ns, status.st_ctime_ns, problem, state_of(status))
    return listed, (status.st_dev, status.st_ino) if status.st_ino else None


def storable_ns(time_ns: int) -> int:
    """A time in nanoseconds since 1970, limited to what a column can hold: 292 years before or after.

    A file system may give any time, such as one before Christ.
    """
    return max(-LATEST_NS, min(time_ns, LATEST_NS))


def explain(error: OSError) -> UnusableError:
    """Why a file or folder cannot be read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return UnusableError("vanished", "is gone", "put it back, or run again without it")
    if isinstance(error, PermissionError):
        return UnusableError("unreadable", "may not be read by this user", "run chmod -R u+rX on the crate")
    return UnusableError(
        "unreadable", f"cannot be read ({describe(error)})", "check the disk, and the file's name"
    )
