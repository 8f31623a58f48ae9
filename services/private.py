"""Folders and files for their owner alone, never reached through a symbolic link.

Root follows no link into a foreign folder, and takes nothing that belongs to another user. Imported by the keeper, so:
the standard library alone.
"""

import errno
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600
OTHERS = 0o077  # what the group and all others may do
READ_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class PlaceRefused(OSError):  # noqa: N818  (a refusal, with an OSError's number and path)
    """A folder or file that is not touched."""

    @property
    def sentence(self) -> str:
        """Why, and the cure."""
        return str(self.strerror)


def make_folder(path: Path) -> None:
    """Make the folder for this user alone, unless it is there, and its parents. Raises PlaceRefused, OSError."""
    with suppress(FileExistsError):
        path.mkdir(FOLDER_MODE, parents=True)
    os.close(open_folder(path))


def open_folder(path: Path, owner: int | None = None) -> int:
    """A descriptor of a folder that is no link. As root it has to be root's, or that of the user `owner`."""
    try:
        descriptor = os.open(path, READ_FOLDER)
    except OSError as error:
        if path.is_symlink():
            raise _link(path) from error
        raise
    try:
        _require_own(path, os.fstat(descriptor), owner)
    except PlaceRefused:
        os.close(descriptor)
        raise
    return descriptor


def open_file(path: Path, flags: int) -> int:
    """A descriptor of a regular file, made with mode 0600 if `flags` say so. Raises PlaceRefused, OSError.

    Neither a link nor a pipe, and as root nothing in another user's folder.
    """
    if os.geteuid() == 0:
        _require_own(path.parent, path.parent.stat())
    descriptor = open_regular(path, flags)
    status = os.fstat(descriptor)
    if flags & os.O_CREAT and status.st_uid == os.geteuid() and status.st_mode & OTHERS:
        os.fchmod(descriptor, FILE_MODE)
    return descriptor


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """The same, of whomever it is. Never waits, as opening a named pipe would."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a named pipe that nobody reads
            raise _no_file(path) from error
        if path.is_symlink():
            raise _link(path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _no_file(path)
    return descriptor


def put_right(folder: Path) -> int:
    """Take the rights of other users from the folder and all in it that is this user's; how many things had any.

    Nothing to do where the folder itself is private already: nobody gets past it. It comes last, so that a round that
    was interrupted starts over. What is in another user's folder, such as PostgreSQL's under root, is left alone.
    """
    top = open_folder(folder)
    try:
        status = os.fstat(top)
        if not status.st_mode & OTHERS or status.st_uid != os.geteuid():
            return 0
        changed = 0
        for path, folders, names, here in os.fwalk(".", dir_fd=top):
            folders[:] = [name for name in folders if _is_own(name, here)]
            changed += path != "." and _close(here)
            for name in names:
                with suppress(OSError):  # a link, a socket, or gone by now
                    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                    descriptor = os.open(name, flags, dir_fd=here)
                    changed += _close(descriptor)
                    os.close(descriptor)
        return changed + _close(top)
    finally:
        os.close(top)


def _is_own(name: str, folder: int) -> bool:
    with suppress(FileNotFoundError):
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid == os.geteuid()
    return False


def _close(descriptor: int) -> bool:
    """Take the rights of others; whether there were any. Disks without rights, such as FAT, refuse: nothing helps."""
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid() or not status.st_mode & OTHERS or not _is_plain(status.st_mode):
        return False
    with suppress(OSError):  # also where it is read-only
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~OTHERS)
    return not os.fstat(descriptor).st_mode & OTHERS


def _is_plain(mode: int) -> bool:
    return stat.S_ISDIR(mode) or stat.S_ISREG(mode)


def _require_own(path: Path, status: os.stat_result, owner: int | None = None) -> None:
    if os.geteuid() == 0 and status.st_uid not in (0, owner):
        name = user_name(status.st_uid)
        raise PlaceRefused(
            errno.EPERM,
            f"{path} belongs to {name}, and root writes to no other user's folder: run as {name}, or take it over"
            f" with `chown -R root` on it.",
            str(path),
        )


def user_name(uid: int) -> str:
    """Of the password database; else the number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def require_own_links(path: Path) -> None:
    """As root: raises PlaceRefused where a symbolic link of another user is on the way to the path."""
    if os.geteuid() != 0:
        return
    for step in (path, *path.parents):
        if step.is_symlink() and (owner := step.lstat().st_uid) != 0:
            raise PlaceRefused(
                errno.ELOOP,
                f"{step} is a symbolic link of {user_name(owner)}, which root does not follow: name the folder that it"
                " leads to.",
                str(step),
            )


def _link(path: Path) -> PlaceRefused:
    return PlaceRefused(
        errno.ELOOP,
        f"{path} is a symbolic link, which Labelscope does not follow there: put what it leads to in its place.",
        str(path),
    )


def _no_file(path: Path) -> PlaceRefused:
    return PlaceRefused(errno.EINVAL, f"{path} is no regular file: remove it and try again.", str(path))
