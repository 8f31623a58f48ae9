"""Who keeps a server running, and for how long: exactly as long as somebody uses it.

A user takes a shared lock and, if nobody keeps the server yet, starts a *keeper*: a small detached process
that starts the server, starts it again should it die, and stops it once the last user is gone. Users, keeper
and server may all be killed at any time: who is there is for the locks in services.locks to say.

This is the user's side; services/keeper_process.py is the keeper's, which runs on the standard library alone and
without `site`, to be up within 50 ms.
"""

import errno
import fcntl
import os
import pickle
import shutil
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
from services.held_start import Launched
from services.locks import KEEPER, SERVER, USERS, State, is_held, lock, open_lock, read_state, take
from services.private import PlaceRefused, make_folder, open_file

PATIENCE_SECONDS = 150.0  # for a user to wait; longer than a keeper takes, so that its reason comes first
KEEPERS = 20  # that may be killed while they start; one that gives up with a reason ends it at once
USER_PAUSE, WATCH_PAUSE = 0.02, 2.0
FULL_DISK_PATIENCE_SECONDS = 8.0
FULL_DISK_BYTES, LEAST_BYTES = 64 * 2**20, 16 * 2**20  # that a start may need; a segment of PostgreSQL's log
NO_SPACE = "No space left on device", "Disk quota exceeded"  # as servers write it to their logs
BIRTH = "import sys; sys.path.insert(0, sys.argv.pop(1)); from services.keeper_process import main; main()"


class ServiceError(LabelscopeError):
    """A server cannot be had; the message says what, where and the cure."""


class Server(Protocol):
    """What a keeper has to know about a server. Pickled on its way to the keeper, so a plain dataclass."""

    @property
    def name(self) -> str: ...
    @property
    def folder(self) -> Path:
        """Directly below the home."""
        ...

    @property
    def log(self) -> Path: ...
    @property
    def stop_signals(self) -> tuple[tuple[signal.Signals, float], ...]:
        """Signals to send in turn, each with the seconds that it is given."""
        ...

    def launch(self, server_lock: int, last_place: str) -> Launched:
        """Start the server with services.held_start, let it inherit `server_lock`; do not wait for it."""
        ...

    def answers(self, place: str) -> bool:
        """Whether this very server takes requests at that place (a socket folder, a port)."""
        ...

    def tidy(self, place: str) -> None:
        """Remove what a stopped server leaves behind there."""
        ...


@dataclass(frozen=True, slots=True)
class Attachment:
    """A user's hold on a running server."""

    place: str
    started_fresh: bool  # this very user caused the start
    users_lock: int  # file descriptor; a child process that inherits it is a user too


# --- the user's side ---------------------------------------------------------------------------------------


@contextmanager
def use(server: Server) -> Iterator[Attachment]:
    """Attach to the server, starting it if need be; on leaving, the last one out lets it stop.

    Raises:
        ServiceError: it does not start, or the folder belongs to somebody else.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    with _as_service_errors(server):
        users_lock = _enter(server, deadline)
    try:
        with _as_service_errors(server):
            place, started_fresh = _wait_until_ready(server, deadline)
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
        os.close(users_lock)  # not an explicit unlock: a forked worker may still be using the server


@contextmanager
def _as_service_errors(server: Server) -> Iterator[None]:
    """What the home's folders refuse, in a sentence; a full disk stays what it is, as no other folder helps."""
    try:
        yield
    except PlaceRefused as error:
        raise ServiceError(error.sentence) from error
    except PermissionError as error:
        raise ServiceError(_not_yours(server, error)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ServiceError(
            f"{server.name} cannot use {server.folder} ({error.strerror}); choose another home with LABELSCOPE_HOME."
        ) from error


def _enter(server: Server, deadline: float) -> int:
    """Count as a user from here on: users.lock, held in common with the others."""
    for folder in (server.folder.parent, server.folder, server.log.parent):
        make_folder(folder)
    os.close(_open_log(server))
    users_lock = open_lock(server.folder / USERS)
    while not take(users_lock, fcntl.LOCK_SH):  # the keeper holds it alone while it stops the server
        if time.monotonic() > deadline:
            os.close(users_lock)
            raise ServiceError(f"{server.name} does not stop: end it by hand; see {server.log}.")
        time.sleep(USER_PAUSE)
    return users_lock


def _open_log(server: Server) -> int:
    return open_file(server.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def _watch_keeper(server: Server, left: Event) -> None:
    """Users may stay for months: a server that dies meanwhile needs a keeper, one that is halted a person."""
    warning = ""
    while not left.wait(WATCH_PAUSE):
        _replace_killed_keeper(server)
        warning = _warn_of_halt(server, warning)


def _warn_of_halt(server: Server, before: str) -> str:
    """Write one line to stderr where the server or its keeper is stopped; returns the line, to write it once."""
    try:
        if is_held(server.folder / SERVER):
            require_running(server.name, read_state(server.folder))
    except ServiceError as halt:
        if (warning := f"{halt}\n") != before:
            sys.stderr.write(warning)
            sys.stderr.flush()
        return warning
    return ""


def _replace_killed_keeper(server: Server) -> None:
    """Whoever leaves last needs a keeper to stop the server, too, even if it was killed in the meantime."""
    with suppress(ServiceError, OSError):  # what is wrong by now is for the next user to hear
        keeper_lock = lock(server.folder / KEEPER)
        if keeper_lock is not None:
            try:
                _start_keeper(server, keeper_lock)
            finally:
                os.close(keeper_lock)


def _wait_until_ready(server: Server, deadline: float) -> tuple[str, bool]:
    before = read_state(server.folder)
    keepers, late = 0, time.monotonic() + FULL_DISK_PATIENCE_SECONDS
    log_bytes = server.log.stat().st_size
    while time.monotonic() < deadline:
        keeper_lock = lock(server.folder / KEEPER)
        state = read_state(server.folder)
        if keeper_lock is None:
            require_running(server.name, state)
            if state.status == "ready" and server.answers(state.place):
                return state.place, keepers > 0 and state.fresh
            # A server that runs out of room amid a recovery neither ends nor answers.
            if time.monotonic() > late and has_no_room(server.folder, LEAST_BYTES):
                raise ServiceError(f"{server.name} did not start: {full_disk(server.folder)}")
        else:
            try:
                if state.status == "failed" and state != before:
                    raise ServiceError(state.reason)
                if keepers > 0 and is_disk_full(server, log_bytes):  # which also takes no reason
                    raise ServiceError(did_not_start(server, log_bytes))
                if keepers == KEEPERS:
                    raise ServiceError(
                        f"{server.name} did not start: its keeper was killed {KEEPERS} times; see what kills the"
                        " processes of this user, such as a lack of memory."
                    )
                _start_keeper(server, keeper_lock)
                keepers += 1
            finally:
                os.close(keeper_lock)
        time.sleep(USER_PAUSE)
    raise ServiceError(did_not_start(server, log_bytes))


def _start_keeper(server: Server, keeper_lock: int) -> None:
    """Returns when the keeper holds the lock and has withdrawn what an earlier one wrote to server.json, or was killed.

    Raises ServiceError where it cannot run at all.
    """
    root = str(Path(__file__).resolve().parents[1])  # for an import that no variable and no folder can divert
    command = [sys.executable, "-I", "-S", "-c", BIRTH, root, str(keeper_lock), str(server.folder)]
    log = _open_log(server)
    log_bytes = os.fstat(log).st_size
    try:
        born = subprocess.run(
            command,
            input=pickle.dumps(server),
            stdout=log,
            stderr=log,
            pass_fds=(keeper_lock,),
            start_new_session=True,  # Ctrl-C is meant for the user, not for the server that others may share
            cwd="/",
            env=child_environment(),
            check=False,
        )
    finally:
        os.close(log)
    if born.returncode > 0:  # below: killed by a signal, which says nothing against the next one
        raise ServiceError(did_not_start(server, log_bytes))


def require_running(name: str, state: State) -> None:
    """Raises ServiceError where the server or its keeper was stopped, such as by SIGSTOP: it would never answer.

    Only where a lock of theirs is held, so that the process ids are those of living processes.
    """
    for pid, whose in ((state.pid, name), (state.keeper, f"The keeper of {name}")):
        if pid and is_stopped(pid):
            raise ServiceError(
                f"{whose}, process {pid}, is stopped and does not answer: continue it with `kill -CONT {pid}`, or end"
                f" it with `kill -9 {pid}`."
            )


def is_stopped(pid: int) -> bool:
    """Whether that process was halted by a signal. On Linux alone; elsewhere False."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] == "T"


# --- sentences -------------------------------------------------------------------------------------------


def did_not_start(server: Server, log_bytes: int) -> str:
    """Why; `log_bytes` is the size that the log had before."""
    if is_disk_full(server, log_bytes):
        return f"{server.name} did not start: {full_disk(server.folder)}"
    return f"{server.name} did not start: the end of {server.log} says why."


def full_disk(folder: Path) -> str:
    """How a sentence on a full disk goes on."""
    return f"the disk of {folder} is full; free some space there and run it again, nothing is lost."


def has_no_room(folder: Path, least: int = FULL_DISK_BYTES) -> bool:
    """Whether the disk of the folder has next to no room left."""
    return shutil.disk_usage(folder).free < least


def is_disk_full(server: Server, log_bytes: int) -> bool:
    """Whether there is next to no room, or the server has written so to its log since."""
    if has_no_room(server.folder):
        return True
    with suppress(OSError), server.log.open("rb") as log:
        log.seek(log_bytes)
        written = log.read(2**20).decode(errors="replace")
        return any(words in written for words in NO_SPACE)
    return False


def _not_yours(server: Server, error: PermissionError) -> str:
    path = Path(os.fsdecode(error.filename)) if error.filename is not None else server.folder
    return (
        f"{server.name} cannot use {path}, which belongs to another user (perhaps it was last run as root): "
        f"run as that user, choose another home, or take it back with `chown -R` on {server.folder.parent}."
    )
