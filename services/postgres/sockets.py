"""Where the sockets of a home's PostgreSQL are: a folder for one user alone, as who enters it is the superuser."""

import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from services.private import FOLDER_MODE, OTHERS

PORT = "5432"  # no port at all: the suffix of the socket's name
SOCKET_PATH_BYTES = 103  # sun_path holds 108 bytes on Linux, 104 on macOS, the closing NUL included
PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.+-]+")  # libpq splits hosts at commas; others trip over the rest
PREFIX, NAME = "labelscope-", "s"


def socket_folder(folder: Path, last_place: str) -> Path:
    """Beside the data if a socket's path may be so long and so spelt, else among the temporary files.

    There anybody may have made a folder of any name before. So it gets a new name by chance; the last one is used again
    where it is still this user's, for the sake of clients that have its address.
    """
    beside = folder / "socket"
    if _is_usable(beside):
        return _made(beside)
    last = Path(last_place)
    if last.parent.name.startswith(PREFIX) and _is_usable(last) and _is_private(last.parent):
        return _made(last)
    base = next(path for path in _temporary_folders() if _is_usable(path / f"{PREFIX}12345678" / NAME))
    return _made(Path(tempfile.mkdtemp(prefix=PREFIX, dir=base)) / NAME)


def remove_socket_folder(place: Path) -> None:
    """One that is not empty stays."""
    with suppress(OSError):
        place.rmdir()
        if place.parent.name.startswith(PREFIX):
            place.parent.rmdir()


def _made(place: Path) -> Path:
    with suppress(FileExistsError):
        place.mkdir(mode=FOLDER_MODE)
    return place


def _temporary_folders() -> list[Path]:
    """Those that are there, the best one first."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") if os.geteuid() != 0 else None
    named = [Path(runtime)] if runtime else []
    return [path for path in (*named, Path(tempfile.gettempdir())) if path.is_dir()] + [Path("/tmp")]


def _is_usable(place: Path) -> bool:
    longest = os.fsencode(place / f".s.PGSQL.{PORT}")
    return len(longest) <= SOCKET_PATH_BYTES and bool(PLAIN_PATH.fullmatch(str(place)))


def _is_private(path: Path) -> bool:
    """Make the folder again, or see that it is this user's alone."""
    with suppress(OSError):
        path.mkdir(mode=FOLDER_MODE)
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & OTHERS
