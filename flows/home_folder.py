"""The folder of the home: made by commands that bring something in, looked for by those that only ask."""

import errno
from pathlib import Path

from config.settings import Settings


class HomeError(Exception):
    """There is no home, or there can be none. The message is one sentence with the cure."""


def synthetic_crate(home: Path) -> Path:
    """Where the demo renders its music, which makes a home its own."""
    return home / "synthetic crate"


def make_home(settings: Settings) -> None:
    """Make the folder unless it is there. Raises HomeError where that cannot be."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # no other name helps
            raise
        raise _cannot_be(settings.home, error.strerror or str(error)) from error


def require_home(settings: Settings) -> None:
    """Raises HomeError where nothing was ever brought in. Makes nothing: in a wrong folder that would look like a loss.

    With a PostgreSQL of one's own there is nothing to look for.
    """
    if settings.database_url is not None or (settings.home / "postgres").is_dir():
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
