"""The home folder: commands that write make it, commands that only read require it."""

import errno
import os
import sys
from pathlib import Path

from common.errors import LabelscopeError
from config.settings import Settings
from flows.home import umask
from services.private import OTHERS, PlaceRefused, make_folder, make_private, open_folder, require_own_links

HOME_FOLDERS = frozenset(
    (
        "postgres",
        "prefect",
        "up",
        "logs",
        "cache",
        "audio",
        "spectrograms",
        "models",
        "reports",
        "spotify",
        "demo",
    )
) | {"synthetic crate"}


class HomeError(LabelscopeError):
    """There is no home, or it cannot be made. The message is one sentence with the cure."""


def synthetic_crate(home: Path) -> Path:
    """Where the demo renders its music. A home with this folder is a demo home."""
    return home / "synthetic crate"


def make_home(settings: Settings) -> None:
    """Make the home folder unless it exists, private to this user. Raises HomeError where it cannot be made."""
    umask.close()
    home = settings.home
    if home.is_dir():
        secure_home(settings)
        return
    try:
        require_own_links(home)
    except PlaceRefused as error:
        raise HomeError(error.sentence) from error
    try:
        make_folder(home)
    except OSError as error:
        # On a full disk another name would not help.
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _cannot_be(home, error.strerror or str(error)) from error


def secure_home(settings: Settings) -> None:
    """Make files of this process, and an existing home, private to this user. Prints one line if permissions changed.

    In a folder with other contents, only folders with a name of Labelscope's are changed. Raises HomeError for root
    where the home, or a link to it, belongs to another user.
    """
    umask.close()
    if not settings.home.is_dir():
        return
    home = _require_own(settings.home)
    changed = sum(map(make_private, _labelscope_folders(home)))
    if home.stat().st_mode & OTHERS and all(path.name in HOME_FOLDERS for path in home.iterdir()):
        changed += make_private(home)
    if changed:
        sys.stderr.write(
            f"The home {home} was open to other users; it is yours alone now ({changed} files and folders).\n"
        )


def _labelscope_folders(home: Path) -> list[Path]:
    return [
        path
        for path in home.iterdir()
        if path.name in HOME_FOLDERS and path.is_dir() and not path.is_symlink()
    ]


def _require_own(home: Path) -> Path:
    """The home with links resolved. For root, each link and the folder must be root's own, or it raises HomeError."""
    try:
        require_own_links(home)
        home = home.resolve()
        os.close(open_folder(home))
    except PlaceRefused as error:
        raise HomeError(error.sentence) from error
    return home


def require_home(settings: Settings) -> None:
    """Raises HomeError where the home has no database yet. Makes nothing: an empty new home would look like a loss.

    Checks nothing where DATABASE_URL names the database.
    """
    if settings.database_url is not None:
        return
    if settings.home.is_dir() and (settings.home / "postgres").is_dir():
        _require_own(settings.home)
        return
    nearest = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    if not nearest.is_dir():
        raise _cannot_be(settings.home, "Not a directory")
    raise HomeError(
        f"There is no home at {settings.home}: `labelscope run` makes one, or set LABELSCOPE_HOME."
    )


def _cannot_be(home: Path, why: str) -> HomeError:
    if home.is_file():
        why = "it is a file"
    elif home.is_symlink():
        why = "it is a broken link"
    return HomeError(f"LABELSCOPE_HOME names {home}, which cannot be made ({why}): name another folder.")
