"""The PostgreSQL server of a home: its data folder, its socket folder and its process.

Runs inside the keeper, so: the standard library alone. There is no TCP and no password: whoever can enter
the socket folder (mode 0700) is `postgres`. PostgreSQL refuses to run as root, so root's server runs as the
owner of its data, `nobody` at first.
"""

import hashlib
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.keeper import ServiceError

PORT = "5432"  # no port at all: the suffix of the socket's name
SOCKET_PATH_BYTES = 103  # sun_path holds 108 bytes on Linux, 104 on macOS, the closing NUL included
PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.+-]+")  # libpq splits hosts at commas; others trip over the rest
SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_notify_queue_pages": "16384",  # 128 MiB, not 8 GiB: any role may fill it
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "log_checkpoints": "off",  # 100 kB a day in a file that nobody shortens
    "fsync": "on",
}
INITDB_OPTIONS = [
    "--username=postgres",
    "--auth=trust",
    "--data-checksums",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # sorts the same on every machine, whatever its C library
    "--builtin-locale=C.UTF-8",
]


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A services.keeper.Server. Its place is the socket folder."""

    home: Path  # absolute
    binaries: Path  # holds initdb, postgres, pg_isready

    @property
    def name(self) -> str:
        return "PostgreSQL"

    @property
    def folder(self) -> Path:
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "postgres.log"

    @property
    def stop_signals(self) -> tuple[tuple[signal.Signals, float], ...]:
        """Fast shutdown; then immediate, which the next start recovers from; then by force."""
        return (signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 5)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def launch(self, server_lock: int, _last_place: str) -> tuple[int, str]:
        """Start `postgres` itself, not pg_ctl: that one hands the paths to a shell and loses the process."""
        uid, gid = _server_user(self.data)
        if os.geteuid() == 0:
            _let_through(self.folder)
            _let_through(self.binaries)
        if not self.data.exists():
            self._create(uid, gid)
        _own(self.data, uid, gid)
        self.data.chmod(0o700)
        sockets = _private_folder(_socket_folder(self.folder, uid), uid, gid)
        (sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        process = subprocess.Popen(
            [self.binaries / "postgres", "-D", self.data, "-k", sockets, *settings],
            stdin=subprocess.DEVNULL,
            pass_fds=(server_lock,),
            cwd=self.folder,
            start_new_session=True,
            env=_environment() | _excuse_stale_pid(self.data),
            **_as_user(uid, gid),
        )
        return process.pid, str(sockets)

    def answers(self, place: str) -> bool:
        """Ask pg_isready, which knows starting up and shutting down from being there."""
        command = [f"{self.binaries}/pg_isready", "-q", "-h", place, "-p", PORT, "-U", "postgres"]
        return subprocess.run(command, env=_environment(), check=False).returncode == 0

    def tidy(self, place: str) -> None:
        """The socket folder may lie among the temporary files. One that is not empty stays."""
        with suppress(OSError):
            Path(place).rmdir()

    def _create(self, uid: int, gid: int) -> None:
        """Make the cluster beside its final place, so that what is there is always whole."""
        draft = self.folder / "data.new"
        with _gone_unless_kept(draft):
            draft.mkdir(mode=0o700)
            _own(draft, uid, gid)
            done = subprocess.run(
                [self.binaries / "initdb", "-D", draft, *INITDB_OPTIONS],
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env=_environment(),
                check=False,
                **_as_user(uid, gid),
            )
            if done.returncode != 0:
                raise ServiceError(
                    f"PostgreSQL could not create its data folder {self.data}: the end of {self.log} says "
                    "why (a full disk is the usual reason)."
                )
            draft.rename(self.data)


@contextmanager
def _gone_unless_kept(draft: Path) -> Iterator[None]:
    """Nothing half-written stays behind, be it of this attempt or of one that was killed."""
    shutil.rmtree(draft, ignore_errors=True)
    try:
        yield
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _environment() -> dict[str, str]:
    """The caller's, without its PG* variables: PGPORT or PGDATA are meant for another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _excuse_stale_pid(data: Path) -> dict[str, str]:
    """Environment that lets PostgreSQL overlook the process id in a stale postmaster.pid.

    The caller holds server.lock, so no process of this server is left; yet PostgreSQL would refuse to start
    if the id belongs to any living process by now. It overlooks the id of its grandparent, and goes on to
    check that no process is attached to the old shared memory: a server started by hand is still safe.
    """
    file = data / "postmaster.pid"
    try:
        first = file.read_text().partition("\n")[0].strip()
    except FileNotFoundError:
        return {}
    if not re.fullmatch(r"-?[0-9]+", first):  # the machine or the disk gave up while it was written
        file.unlink()
        return {}
    return {"PG_GRANDPARENT_PID": first.lstrip("-")}


# --- users and folders -------------------------------------------------------------------------------------


def _server_user(data: Path) -> tuple[int, int]:
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid  # `sudo` on a user's home leaves it usable for that user
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _as_user(uid: int, gid: int) -> dict[str, Any]:
    return {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}


def _own(folder: Path, uid: int, gid: int) -> None:
    """As root, give the folder and all in it away, unless that was done before."""
    if os.geteuid() != 0 or folder.stat().st_uid == uid:
        return
    for path in [*folder.rglob("*"), folder]:  # itself last: an interrupted round starts over
        os.chown(path, uid, gid, follow_symlinks=False)


def _let_through(folder: Path) -> None:
    """Let other users pass (not list) the folder and its parents, where they cannot."""
    for each in [folder, *folder.parents]:
        mode = stat.S_IMODE(each.stat().st_mode)
        if not mode & stat.S_IXOTH:
            each.chmod(mode | stat.S_IXOTH)


def _socket_folder(folder: Path, uid: int) -> Path:
    """Beside the data if a socket's path may be so long and so spelt, else among the temporary files."""
    name = f"labelscope-{uid}-{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]}"
    runtime = os.environ.get("XDG_RUNTIME_DIR") if os.geteuid() != 0 else None
    bases = [Path(runtime)] if runtime else []
    for path in [folder / "socket", *(base / name for base in (*bases, Path(tempfile.gettempdir())))]:
        longest = os.fsencode(path / f".s.PGSQL.{PORT}")
        if len(longest) <= SOCKET_PATH_BYTES and PLAIN_PATH.fullmatch(str(path)):
            return path
    return Path("/tmp") / name


def _private_folder(path: Path, uid: int, gid: int) -> Path:
    """The folder, made if missing; whoever can enter it is the database's superuser, so nobody else may."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid in (uid, os.geteuid()) and not found.st_mode & 0o077:
        _own(path, uid, gid)
        return path
    raise ServiceError(f"{path} is not a private folder (mode 0700) of this user: remove it and try again.")
