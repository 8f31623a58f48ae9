"""The socket folder of a home's PostgreSQL. It is for one user only: a user who can enter it is the superuser."""

import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from services.private import FOLDER_MODE, OTHERS

PORT = "5432"  # only the suffix of the socket's name; there is no TCP port
SOCKET_PATH_BYTES = 103  # sun_path has 108 bytes on Linux, 104 on macOS, with the final NUL
# libpq splits hosts at commas; other clients fail at other characters.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.+-]+")
PREFIX, NAME = "labelscope-", "s"


def socket_folder(folder: Path, last_place: str) -> Path:
    """Make the socket folder: beside the data if that path works for a socket, else among the temporary files.

    There another user could make a folder of any name before. So a temporary folder gets a new random name. The last
    one is used again while it belongs to this user, because clients have its address.
    """
    beside_data = folder / "socket"
    if _is_usable(beside_data):
        return _made(beside_data)
    last = Path(last_place)
    if last.parent.name.startswith(PREFIX) and _is_usable(last) and _is_private(last.parent):
        return _made(last)
    base = next(path for path in _temporary_folders() if _is_usable(path / f"{PREFIX}12345678" / NAME))
    return _made(Path(tempfile.mkdtemp(prefix=PREFIX, dir=base)) / NAME)


def remove_socket_folder(place: Path) -> None:
    """Remove the folder, unless it is not empty."""
    with suppress(OSError):
        place.rmdir()
        if place.parent.name.startswith(PREFIX):
            place.parent.rmdir()


def _made(place: Path) -> Path:
    with suppress(FileExistsError):
        place.mkdir(mode=FOLDER_MODE)
    return place


def _temporary_folders() -> list[Path]:
    """The folders for temporary files that exist, the best one first."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") if os.geteuid() != 0 else None
    named = [Path(runtime)] if runtime else []
    return [path for path in (*named, Path(tempfile.gettempdir())) if path.is_dir()] + [Path("/tmp")]


def _is_usable(place: Path) -> bool:
    """Whether a socket in this folder has a path short and plain enough."""
    longest = os.fsencode(place / f".s.PGSQL.{PORT}")
    return len(longest) <= SOCKET_PATH_BYTES and bool(PLAIN_PATH.fullmatch(str(place)))


def _is_private(path: Path) -> bool:
    """Make the folder unless it exists; whether it is a folder with rights for this user only."""
    with suppress(OSError):
        path.mkdir(mode=FOLDER_MODE)
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & OTHERS
