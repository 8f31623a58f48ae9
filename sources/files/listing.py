"""The audio files below a folder. Only a file whose ending is unknown is opened, for its first bytes."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from common.files import FileState, describe, state_of
from sources.errors import UnusableError
from sources.files.content import holds_sound
from sources.files.names import has_audio_ending, is_dropped_folder, kind_of

LATEST_NS = 2**63 - 1
UNFINISHED = ("unfinished", "is not downloaded completely", "complete the download, or remove it")


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
    """Every audio file below `folder`, in the order of the paths' bytes: audio by its ending, or by its content.

    Droppings of programs and files with an ending of something else are not listed, see `sources.files.names`.
    Symbolic links are followed. A folder is entered once, and links to a folder above are ignored. A file that has
    several names counts once, under its first.
    """
    return _each_once(_walk(folder))


def list_direct(folder: Path) -> list[Listed]:
    """The audio files directly in `folder`, as `list_audio` has them; none where it cannot be read."""
    try:
        children = _children(folder)
    except OSError:
        return []
    return _each_once(pair for child in children if not _is_folder(child) for pair in _listed(child))


def holds_audio(folder: Path) -> bool:
    """Whether there is any audio file below `folder`. What cannot be read is none."""
    return any(listed.state is not None for listed, _ in _walk(folder))


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


_Found = tuple[Listed, tuple[int, int] | None]
"""A file, and its device and inode where the file system has them."""


def _each_once(found: Iterable[_Found]) -> list[Listed]:
    """The files in the order of the paths' bytes, each under its first name."""
    seen: set[tuple[int, int]] = set()
    files = []
    for listed, identity in sorted(found, key=lambda pair: os.fsencode(pair[0].path)):
        if identity is not None:
            if identity in seen:
                continue
            seen.add(identity)
        files.append(listed)
    return files


def _walk(folder: Path) -> Iterator[_Found]:
    """Yield the audio files below a folder, in an order that depends on the names alone."""
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
            children = _children(path)
        except OSError as error:
            yield Listed(path, problem=explain(error)), None
            continue
        if {"postgres", "prefect"} <= {child.name for child in children}:
            continue  # a home of Labelscope, whose audio is downloaded or made up
        for child in children:
            if not _is_folder(child):
                yield from _listed(child)
            elif not is_dropped_folder(child.name):
                waiting.append(child.path)


def _children(folder: str | Path) -> list[os.DirEntry[str]]:
    """What is directly in a folder, in the reverse order of the names' bytes. Raises OSError."""
    with os.scandir(folder) as scan:
        return sorted(scan, key=lambda child: os.fsencode(child.name), reverse=True)


def _listed(child: os.DirEntry[str]) -> Iterator[_Found]:
    """Yield the file where it is audio, or may be: by its name, else by its first bytes."""
    kind = kind_of(child.name)
    if kind == "audio":
        yield _list(child.path)
    elif kind == "unfinished":
        listed, identity = _list(child.path)
        if has_audio_ending(child.name.rpartition(".")[0]) or _sound_in(listed) is True:
            yield replace(listed, problem=listed.problem or UnusableError(*UNFINISHED)), identity
    elif kind == "unknown":
        listed, identity = _list(child.path)
        sound = _sound_in(listed)
        if isinstance(sound, OSError):
            yield replace(listed, problem=explain(sound)), identity
        elif sound:
            yield listed, identity


def _sound_in(listed: Listed) -> bool | OSError:
    """Whether a file holds sound by its first bytes, or why that is not known."""
    if listed.problem or not listed.size:
        return False
    try:
        return holds_sound(listed.path)
    except OSError as error:
        return error


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


def _list(path: str) -> _Found:
    try:
        status = os.stat(path)  # noqa: PTH116 (quick for many)
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


def list_file(path: str) -> Listed:
    """The file at `path`, whatever its name, or why it could not be listed."""
    return _list(path)[0]


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
