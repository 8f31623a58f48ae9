"""Folders and files for their owner only, never reached through a symbolic link.

Root follows no link into another user's folder, and uses nothing that belongs to another user. Imported by the keeper,
so: the standard library only.
"""

import errno
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600
OTHERS = 0o077  # the rights of the group and of all others
READ_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class PlaceRefused(OSError):  # noqa: N818  (a refusal, with an OSError's number and path)
    """A folder or file that Labelscope does not use."""

    @property
    def sentence(self) -> str:
        """The reason and the cure."""
        return str(self.strerror)


def make_folder(path: Path) -> None:
    """Make the folder for this user only, with its parents, unless it exists. Raises PlaceRefused, OSError."""
    with suppress(FileExistsError):
        path.mkdir(FOLDER_MODE, parents=True)
    os.close(open_folder(path))


def open_folder(path: Path, owner: int | None = None) -> int:
    """A descriptor of a folder that is no link. As root, it has to belong to root or to the user `owner`.

    Raises PlaceRefused, OSError.
    """
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
    """A descriptor of a regular file; O_CREAT in `flags` makes it with mode 0600. Raises PlaceRefused, OSError.

    It opens neither links nor pipes, and as root nothing in another user's folder.
    """
    if os.geteuid() == 0:
        _require_own(path.parent, path.parent.stat())
    descriptor = open_regular(path, flags)
    status = os.fstat(descriptor)
    if flags & os.O_CREAT and status.st_uid == os.geteuid() and status.st_mode & OTHERS:
        os.fchmod(descriptor, FILE_MODE)
    return descriptor


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """A descriptor of a regular file of any user. It never waits, as opening a named pipe would.

    Raises PlaceRefused, OSError.
    """
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a named pipe without a reader
            raise _no_file(path) from error
        if path.is_symlink():
            raise _link(path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _no_file(path)
    return descriptor


def make_private(folder: Path) -> int:
    """Remove all rights of other users on the folder and on this user's files in it; returns how many had any.

    A folder that is private already needs no change inside, as no other user can enter it. The folder itself comes
    last, so that an interrupted call starts over. Another user's folders, such as PostgreSQL's under root, stay.
    """
    top = open_folder(folder)
    try:
        status = os.fstat(top)
        if not status.st_mode & OTHERS or status.st_uid != os.geteuid():
            return 0
        changed = 0
        for path, folders, names, here in os.fwalk(".", dir_fd=top):
            folders[:] = [name for name in folders if _is_own(name, here)]
            changed += path != "." and _remove_rights(here)
            for name in names:
                with suppress(OSError):  # a link, a socket, or gone by now
                    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                    descriptor = os.open(name, flags, dir_fd=here)
                    changed += _remove_rights(descriptor)
                    os.close(descriptor)
        return changed + _remove_rights(top)
    finally:
        os.close(top)


def _is_own(name: str, folder: int) -> bool:
    with suppress(FileNotFoundError):
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid == os.geteuid()
    return False


def _remove_rights(descriptor: int) -> bool:
    """Remove the rights of others; returns whether that changed any. File systems without rights, like FAT, refuse."""
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid() or not status.st_mode & OTHERS or not _is_plain(status.st_mode):
        return False
    with suppress(OSError):  # such as a read-only file system
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
            " with `chown -R root` on it.",
            str(path),
        )


def user_name(uid: int) -> str:
    """The name of a user in the password database; else the number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def require_own_links(path: Path) -> None:
    """As root: raises PlaceRefused where another user's symbolic link is part of the path."""
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
