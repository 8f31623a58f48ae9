"""The folder of the home: made by commands that bring something in, looked for by those that only ask."""

import errno
import os
import sys
from pathlib import Path

from common.errors import LabelscopeError
from config.settings import Settings
from flows.home import umask
from services.private import OTHERS, PlaceRefused, make_folder, make_private, open_folder, require_own_links

OURS = frozenset(  # what is made in a home
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
    """There is no home, or there can be none. The message is one sentence with the cure."""


def synthetic_crate(home: Path) -> Path:
    """Where the demo renders its music, which makes a home its own."""
    return home / "synthetic crate"


def make_home(settings: Settings) -> None:
    """Make the folder, for this user alone, unless it is there. Raises HomeError where that cannot be."""
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
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # no other name helps
            raise
        raise _cannot_be(home, error.strerror or str(error)) from error


def secure_home(settings: Settings) -> None:
    """See that what this process writes is for its user alone, and so is a home that is there; one line if it was not.

    Of a folder that holds other things, too, only what has a name that Labelscope gives is closed. Raises HomeError as
    root where the home, or a link to it, is another user's.
    """
    umask.close()
    if not settings.home.is_dir():
        return
    home = _require_own(settings.home)
    changed = sum(map(make_private, _folders(home)))
    if home.stat().st_mode & OTHERS and all(path.name in OURS for path in home.iterdir()):
        changed += make_private(home)
    if changed:
        sys.stderr.write(
            f"The home {home} was open to other users; it is yours alone now ({changed} files and folders).\n"
        )


def _folders(home: Path) -> list[Path]:
    return [path for path in home.iterdir() if path.name in OURS and path.is_dir() and not path.is_symlink()]


def _require_own(home: Path) -> Path:
    """The folder that it leads to. A home may be a link, but as root only one of root's to a folder of root's."""
    try:
        require_own_links(home)
        home = home.resolve()
        os.close(open_folder(home))
    except PlaceRefused as error:
        raise HomeError(error.sentence) from error
    return home


def require_home(settings: Settings) -> None:
    """Raises HomeError where nothing was ever brought in. Makes nothing: in a wrong folder that would look like a loss.

    With a PostgreSQL of one's own there is nothing to look for.
    """
    if settings.database_url is not None:
        return
    if settings.home.is_dir() and (settings.home / "postgres").is_dir():
        _require_own(settings.home)
        return
    there = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    if not there.is_dir():
        raise _cannot_be(settings.home, "Not a directory")
    raise HomeError(
        f"There is no home at {settings.home}: `labelscope run` makes one, or set LABELSCOPE_HOME."
    )


def _cannot_be(home: Path, why: str) -> HomeError:
    if home.is_file():
        why = "it is a file"
    elif home.is_symlink():
        why = "it is a link that leads nowhere"
    return HomeError(f"LABELSCOPE_HOME names {home}, which cannot be made ({why}): name another folder.")
