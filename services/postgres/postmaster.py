"""The PostgreSQL server of a home: its data folder, its socket folder and its process.

It runs inside the keeper, so: the standard library only. There is no TCP and no password: every process that can enter
the socket folder (mode 0700) is `postgres`. PostgreSQL refuses to run as root, so root's server runs as `nobody`. That
user owns data and sockets, and gets both as open folders: the home above them stays root's.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from common.files import delete_folder
from services.environment import child_environment
from services.full_disk import MESSAGES, full_disk
from services.held_start import Launched, start_held
from services.keeper import ServiceError
from services.postgres.account import Account, opened
from services.postgres.sockets import PORT, remove_socket_folder, socket_folder
from services.private import make_folder

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
    "log_checkpoints": "off",  # 100 kB a day in a file that is never shortened
    "fsync": "on",
}
# Commits that do not wait for the disk: a crash of the machine would damage the data.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
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
    durable: bool = True  # False: faster, for data that nobody needs, as in tests

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

    def launch(self, server_lock: int, last_place: str) -> Launched:
        """Start `postgres` itself: pg_ctl would pass the paths to a shell, and lose the process id."""
        account = Account.of_server()
        self._require_binaries(account)
        if not os.path.lexists(self.data):
            self._create(account)
        place = socket_folder(self.folder, last_place)
        with opened(self.data, account) as data, opened(place, account) as sockets:
            with suppress(FileNotFoundError):
                os.unlink(f".s.PGSQL.{PORT}.lock", dir_fd=sockets)
            chosen = SETTINGS if self.durable else SETTINGS | NOT_DURABLE
            settings = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
            where = ["-D", account.path(data, self.data), "-k", account.path(sockets, place)]
            return start_held(
                [self.binaries / "postgres", *where, *settings],
                str(place),
                env=_environment() | _excuse_stale_pid(data),
                pass_fds=(server_lock, *account.inherited(data, sockets)),
                cwd="/",
                start_new_session=True,
                **account.options,
            )

    def answers(self, place: str) -> bool:
        """Whether pg_isready reports a server that takes connections: not one that starts up or shuts down."""
        command = [
            str(self.binaries / "pg_isready"),
            "-q",
            "-t",
            "3",
            "-h",
            place,
            "-p",
            PORT,
            "-U",
            "postgres",
        ]
        return subprocess.run(command, env=_environment(), check=False).returncode == 0

    def clean_up(self, place: str) -> None:
        """Remove the socket folder, which may be among the temporary files."""
        remove_socket_folder(Path(place))

    def _require_binaries(self, account: Account) -> None:
        """Raises ServiceError where `nobody`, as which root's PostgreSQL runs, may not run its programs.

        Labelscope changes no rights outside the home.
        """
        if not account.lent:
            return
        command = [str(self.binaries / "postgres"), "--version"]
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.DEVNULL,
                cwd="/",
                env=_environment(),
                check=False,
                **account.options,
            )
        except PermissionError:
            pass
        else:
            if done.returncode == 0:
                return
        raise ServiceError(
            f"PostgreSQL's programs in {self.binaries} cannot be run by {account.name}, as which PostgreSQL runs: let"
            " others pass the folders above (`chmod o+x`), or install Labelscope where they may."
        )

    def _create(self, account: Account) -> None:
        """Make the data folder under another name, and rename it when it is complete."""
        draft = self.folder / "data.new"
        with _deleted_unless_renamed(draft):
            make_folder(draft)
            with opened(draft, account) as data:
                done = subprocess.run(
                    [self.binaries / "initdb", "-D", account.path(data, draft), *INITDB_OPTIONS],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=account.inherited(data),
                    cwd="/",
                    env=_environment(),
                    check=False,
                    **account.options,
                )
            sys.stdout.buffer.write(done.stdout)  # to the log
            sys.stdout.flush()
            if done.returncode != 0:
                is_full = any(message.encode() in done.stdout for message in MESSAGES)
                why = full_disk(self.folder) if is_full else f"see the end of {self.log}."
                raise ServiceError(f"PostgreSQL could not create its data folder {self.data}: {why}")
            draft.rename(self.data)


@contextmanager
def _deleted_unless_renamed(draft: Path) -> Iterator[None]:
    """Delete an unfinished folder before the block, left by a killed attempt, and after it."""
    delete_folder(draft)
    try:
        yield
    finally:
        delete_folder(draft)


def _environment() -> dict[str, str]:
    """The server's variables, without the caller's PG* ones: PGPORT or PGDATA are for another server."""
    return child_environment({"LC_ALL": "C"})


def _excuse_stale_pid(data: int) -> dict[str, str]:
    """Variables that let PostgreSQL ignore the process id in a stale postmaster.pid; delete a damaged one.

    The caller holds server.lock, so no process of this server is left. Yet PostgreSQL would refuse to start if another
    living process has that id by now. It ignores the id of its grandparent, and still checks that no process uses the
    old shared memory: so a server that somebody started by hand is safe.
    """
    name = "postmaster.pid"
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=data)
    except FileNotFoundError:
        return {}
    with os.fdopen(file, errors="replace") as reading:
        pid = reading.readline(100).strip()
    if not re.fullmatch(r"-?[0-9]+", pid):  # the machine crashed, or the disk was full, while it was written
        os.unlink(name, dir_fd=data)
        return {}
    return {"PG_GRANDPARENT_PID": pid.lstrip("-")}
