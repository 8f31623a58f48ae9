"""Run a server exactly as long as some process uses it.

A user takes a shared lock. If the server has no keeper, the user starts one: a small detached process that starts the
server, restarts it if it dies, and stops it after the last user. Users, keeper and server may be killed at any time:
the locks in services.locks show which of them are alive.

This module is for users; services/keeper_process.py is the keeper. The keeper imports both, from the standard library
only and without `site`, to start within 50 ms.
"""

import errno
import fcntl
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

from common.errors import LabelscopeError
from services.environment import child_environment
from services.full_disk import SEGMENT_BYTES, full_disk, is_nearly_full, reports_full_disk
from services.held_start import Launched
from services.locks import KEEPER, SERVER, USERS, State, is_held, lock, open_lock, read_state, take
from services.private import PlaceRefused, make_folder, open_file

WAIT_SECONDS = 150.0  # of a user; longer than a keeper takes, so that its reason arrives first
KEEPERS = 20  # that may be killed while they start
USER_PAUSE, WATCH_PAUSE = 0.02, 2.0
FULL_DISK_WAIT_SECONDS = 8.0
KEEPER_CODE = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from services.keeper_process import main; main()"
)


class ServiceError(LabelscopeError):
    """A server cannot be used; the message names the server, the reason and the cure."""


class Server(Protocol):
    """What a keeper needs of a server. It is pickled for the keeper, so implement it as a plain dataclass."""

    @property
    def name(self) -> str: ...
    @property
    def folder(self) -> Path:
        """A folder directly below the home."""
        ...

    @property
    def log(self) -> Path: ...
    @property
    def stop_signals(self) -> tuple[tuple[signal.Signals, float], ...]:
        """Signals to send in turn, each with the seconds to wait for its effect."""
        ...

    def launch(self, server_lock: int, last_place: str) -> Launched:
        """Start the server with services.held_start and let it inherit `server_lock`; do not wait for it."""
        ...

    def answers(self, place: str) -> bool:
        """Whether this very server answers requests at that place (a socket folder, a port)."""
        ...

    def clean_up(self, place: str) -> None:
        """Remove what a stopped server leaves at that place."""
        ...


@dataclass(frozen=True, slots=True)
class Attachment:
    """A running server in use by this process."""

    place: str
    started_fresh: bool  # this user caused the start
    users_lock: int  # file descriptor; a child process that inherits it is a user, too


@contextmanager
def use(server: Server, keepers: int = KEEPERS) -> Iterator[Attachment]:
    """Use the server for the block; start it where it does not run. It stops after its last user.

    At most `keepers` may be killed while they start.

    Raises:
        ServiceError: it does not start, or the folder belongs to another user.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    with _as_service_errors(server):
        users_lock = _become_user(server, deadline)
    try:
        with _as_service_errors(server):
            place, started_fresh = _wait_until_ready(server, deadline, keepers)
        left = Event()
        watch = Thread(
            target=_watch_keeper, args=(server, left), name=f"keeper of {server.name}", daemon=True
        )
        watch.start()
        try:
            yield Attachment(place, started_fresh, users_lock)
        finally:
            left.set()
            watch.join()
            _replace_killed_keeper(server)
    finally:
        os.close(users_lock)  # no explicit unlock: a forked worker may still use the server


@contextmanager
def _as_service_errors(server: Server) -> Iterator[None]:
    """Turn OSErrors of the home's folders into ServiceErrors. A full disk passes, as another home would not help."""
    try:
        yield
    except PlaceRefused as error:
        raise ServiceError(error.sentence) from error
    except PermissionError as error:
        raise ServiceError(_foreign_folder(server, error)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        from common.files import describe  # not above: the keeper imports this module, and has to start fast

        raise ServiceError(
            f"{server.name} cannot use {server.folder} ({describe(error)}); choose another home with LABELSCOPE_HOME."
        ) from error


def _become_user(server: Server, deadline: float) -> int:
    """Take users.lock, shared with the other users; returns its descriptor."""
    for folder in (server.folder.parent, server.folder, server.log.parent):
        make_folder(folder)
    os.close(_open_log(server))
    users_lock = open_lock(server.folder / USERS)
    while not take(users_lock, fcntl.LOCK_SH):  # the keeper holds it exclusively while it stops the server
        if time.monotonic() > deadline:
            os.close(users_lock)
            raise ServiceError(f"{server.name} does not stop: end it by hand; see {server.log}.")
        time.sleep(USER_PAUSE)
    return users_lock


def _open_log(server: Server) -> int:
    return open_file(server.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def _watch_keeper(server: Server, left: Event) -> None:
    """Until the user leaves, replace a killed keeper, and warn of a server that is stopped by a signal."""
    warning = ""
    while not left.wait(WATCH_PAUSE):
        _replace_killed_keeper(server)
        warning = _warn_if_stopped(server, warning)


def _warn_if_stopped(server: Server, last_warning: str) -> str:
    """Warn on stderr where the server or its keeper is stopped, unless the last warning was the same; returns it."""
    try:
        if is_held(server.folder / SERVER):
            require_running(server.name, read_state(server.folder))
    except ServiceError as problem:
        if (warning := f"{problem}\n") != last_warning:
            sys.stderr.write(warning)
            sys.stderr.flush()
        return warning
    return ""


def _replace_killed_keeper(server: Server) -> None:
    """Start a keeper where there is none: otherwise the server would not stop after its last user."""
    with suppress(ServiceError, OSError):  # the next user gets the error
        keeper_lock = lock(server.folder / KEEPER)
        if keeper_lock is not None:
            try:
                _start_keeper(server, keeper_lock)
            finally:
                os.close(keeper_lock)


def _wait_until_ready(server: Server, deadline: float, most_keepers: int) -> tuple[str, bool]:
    """The place of the running server, and whether this process caused its start. Starts keepers as needed."""
    former_state = read_state(server.folder)
    keepers, late = 0, time.monotonic() + FULL_DISK_WAIT_SECONDS
    log_bytes = server.log.stat().st_size
    while time.monotonic() < deadline:
        keeper_lock = lock(server.folder / KEEPER)
        state = read_state(server.folder)
        if keeper_lock is None:
            require_running(server.name, state)
            if state.status == "ready" and server.answers(state.place):
                return state.place, keepers > 0 and state.fresh
            # A server whose disk fills up during a recovery neither ends nor answers.
            if time.monotonic() > late and is_nearly_full(server.folder, SEGMENT_BYTES):
                raise ServiceError(f"{server.name} did not start: {full_disk(server.folder)}")
        else:
            try:
                if state.status == "failed" and state != former_state:
                    raise ServiceError(state.reason)
                # On a full disk the keeper could not record its reason.
                if keepers > 0 and is_disk_full(server, log_bytes):
                    raise ServiceError(did_not_start(server, log_bytes))
                if keepers == most_keepers:
                    raise ServiceError(
                        f"{server.name} did not start: its keeper was killed {most_keepers} times; see what kills the"
                        " processes of this user, such as a lack of memory."
                    )
                _start_keeper(server, keeper_lock)
                keepers += 1
            finally:
                os.close(keeper_lock)
        time.sleep(USER_PAUSE)
    raise ServiceError(did_not_start(server, log_bytes))


def _start_keeper(server: Server, keeper_lock: int) -> None:
    """Start a keeper, and wait until it holds the lock and has replaced the former server.json, or was killed.

    Raises ServiceError where it cannot run at all.
    """
    # With this root no variable and no working directory can change what the keeper imports.
    root = str(Path(__file__).resolve().parents[1])
    command = [sys.executable, "-I", "-S", "-c", KEEPER_CODE, root, str(keeper_lock), str(server.folder)]
    log = _open_log(server)
    log_bytes = os.fstat(log).st_size
    try:
        started = subprocess.run(
            command,
            input=pickle.dumps(server),
            stdout=log,
            stderr=log,
            pass_fds=(keeper_lock,),
            start_new_session=True,  # Ctrl-C is for the user, not for a server that others may use
            cwd="/",
            env=child_environment(),
            check=False,
        )
    finally:
        os.close(log)
    if started.returncode > 0:  # negative: killed by a signal, so that another one may start
        raise ServiceError(did_not_start(server, log_bytes))


def require_running(name: str, state: State) -> None:
    """Raises ServiceError where the server or its keeper was stopped, such as by SIGSTOP: it would never answer.

    Call it only while one of their locks is held: only then do the process ids belong to living processes.
    """
    for pid, process in ((state.pid, name), (state.keeper, f"The keeper of {name}")):
        if pid and is_stopped(pid):
            raise ServiceError(
                f"{process}, process {pid}, is stopped and does not answer: continue it with `kill -CONT {pid}`, or end"
                f" it with `kill -9 {pid}`."
            )


def is_stopped(pid: int) -> bool:
    """Whether that process was stopped by a signal. Only on Linux; elsewhere False."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] == "T"


def did_not_start(server: Server, log_bytes: int) -> str:
    """Why a server did not start; `log_bytes` is the size of its log before the start."""
    if is_disk_full(server, log_bytes):
        return f"{server.name} did not start: {full_disk(server.folder)}"
    return f"{server.name} did not start: see the end of {server.log}."


def is_disk_full(server: Server, log_bytes: int) -> bool:
    """Whether the disk has next to no free space, or the server has logged so since `log_bytes`."""
    return is_nearly_full(server.folder) or reports_full_disk(server.log, log_bytes)


def _foreign_folder(server: Server, error: PermissionError) -> str:
    path = Path(os.fsdecode(error.filename)) if error.filename is not None else server.folder
    return (
        f"{server.name} cannot use {path}, which belongs to another user (perhaps it was last run as root): "
        f"run as that user, choose another home, or take it back with `chown -R` on {server.folder.parent}."
    )
