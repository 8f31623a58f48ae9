"""Who keeps a server running, and for how long: exactly as long as somebody uses it.

A user takes a shared lock and, if nobody keeps the server yet, starts a *keeper*: a small detached process
that starts the server, starts it again should it die, and stops it once the last user is gone. Users, keeper
and server may all be killed at any time: who is there is for the locks in services.locks to say.

The keeper runs on the standard library alone and without `site`, to be up within 50 ms.
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
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

from services.locks import (
    KEEPER,
    SERVER,
    USERS,
    State,
    is_held,
    lock,
    open_lock,
    read_state,
    take,
    write_state,
)

START_SECONDS = 120.0  # for the server to answer; PostgreSQL may have a crash to recover from
PATIENCE_SECONDS = 150.0  # for a user to wait; longer than the above, so that the keeper's reason comes first
ATTEMPTS = 3  # starts before giving up: the first may lose a port, the second may lose it again
USER_PAUSE, KEEPER_PAUSE, WATCH_PAUSE = 0.02, 0.1, 2.0
FULL_DISK_BYTES = 64 * 2**20
BIRTH = "import sys; sys.path.insert(0, sys.argv.pop(1)); from services.keeper import main; main()"


class ServiceError(Exception):
    """A server cannot be had; the message says what, where and the cure."""


class Server(Protocol):
    """What a keeper has to know about a server. Pickled on its way to the keeper, so a plain dataclass."""

    @property
    def name(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def log(self) -> Path: ...
    @property
    def stop_signals(self) -> tuple[tuple[signal.Signals, float], ...]:
        """Signals to send in turn, each with the seconds that it is given."""
        ...

    def launch(self, server_lock: int, last_place: str) -> tuple[int, str]:
        """Start the server without waiting for it, let it inherit `server_lock`; its process id and place."""
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
    try:
        users_lock = _enter(server, deadline)
    except PermissionError as error:
        raise ServiceError(_not_yours(server, error)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # no other folder helps
            raise
        raise ServiceError(
            f"{server.name} cannot use {server.folder} ({error.strerror}); choose another home with LABELSCOPE_HOME."
        ) from error
    try:
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


def _enter(server: Server, deadline: float) -> int:
    """Count as a user from here on: users.lock, held in common with the others."""
    server.folder.mkdir(parents=True, exist_ok=True)
    server.log.parent.mkdir(parents=True, exist_ok=True)
    server.log.open("ab").close()
    users_lock = open_lock(server.folder / USERS)
    while not take(users_lock, fcntl.LOCK_SH):  # the keeper holds it alone while it stops the server
        if time.monotonic() > deadline:
            os.close(users_lock)
            raise ServiceError(f"{server.name} does not stop: end it by hand; see {server.log}.")
        time.sleep(USER_PAUSE)
    return users_lock


def _watch_keeper(server: Server, left: Event) -> None:
    """Users may stay for months: a server that dies meanwhile needs a keeper that starts it again."""
    while not left.wait(WATCH_PAUSE):
        _replace_killed_keeper(server)


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
    keepers = 0
    while time.monotonic() < deadline:
        keeper_lock = lock(server.folder / KEEPER)
        state = read_state(server.folder)
        if keeper_lock is None:
            if state.status == "ready" and server.answers(state.place):
                return state.place, keepers > 0 and state.fresh
        else:
            try:
                if state.status == "failed" and state != before:
                    raise ServiceError(state.reason)
                if keepers == ATTEMPTS:
                    raise ServiceError(_did_not_start(server))
                _start_keeper(server, keeper_lock)
                keepers += 1
            finally:
                os.close(keeper_lock)
        time.sleep(USER_PAUSE)
    raise ServiceError(_did_not_start(server))


def _start_keeper(server: Server, keeper_lock: int) -> None:
    """Returns when the keeper holds the lock and has withdrawn what an earlier one wrote to server.json."""
    root = str(Path(__file__).resolve().parents[1])  # for an import that no variable and no folder can divert
    command = [sys.executable, "-I", "-S", "-c", BIRTH, root, str(keeper_lock), str(server.folder)]
    with server.log.open("ab") as log:
        born = subprocess.run(
            command,
            input=pickle.dumps(server),
            stdout=log,
            stderr=log,
            pass_fds=(keeper_lock,),
            start_new_session=True,  # Ctrl-C is meant for the user, not for the server that others may share
            cwd="/",
            check=False,
        )
    if born.returncode != 0:
        raise ServiceError(_did_not_start(server))


# --- the keeper's side -------------------------------------------------------------------------------------


def main() -> None:
    """The keeper process: the descriptor of keeper.lock as argument, the pickled server on standard input."""
    keeper_lock = int(sys.argv[1])
    os.set_inheritable(keeper_lock, False)
    server: Server = pickle.load(sys.stdin.buffer)
    write_state(server.folder, replace(read_state(server.folder), status="starting"))
    if os.fork() == 0:  # the parent ends here, so that no user is left with a child to reap
        _keep(server, keeper_lock)


def _keep(server: Server, keeper_lock: int) -> None:
    try:
        _bring_up(server)
        users_lock = open_lock(server.folder / USERS)
        while not take(users_lock, fcntl.LOCK_EX):
            if not is_held(server.folder / SERVER):
                _bring_up(server)
            time.sleep(KEEPER_PAUSE)
        _stop(server)
        os.close(keeper_lock)  # before users.lock: who gets in next has to find the post vacant
    except ServiceError as error:
        _fail(server, str(error))
    except OSError as error:
        _fail(server, f"{_did_not_start(server)} ({error})")
        raise


def _fail(server: Server, reason: str) -> None:
    with suppress(OSError):  # a full disk takes no reason; the user then finds one by itself
        write_state(server.folder, replace(read_state(server.folder), status="failed", reason=reason))


def _bring_up(server: Server) -> None:
    """Start the server, or adopt the one that a killed keeper left running."""
    deadline = time.monotonic() + START_SECONDS
    state = read_state(server.folder)
    launches = 0
    while time.monotonic() < deadline:
        server_lock = lock(server.folder / SERVER)
        if server_lock is None:
            if state.pid and server.answers(state.place):
                write_state(server.folder, replace(state, status="ready", fresh=launches > 0))
                return
        else:
            try:
                if launches == ATTEMPTS:
                    raise ServiceError(_did_not_start(server))
                write_state(
                    server.folder, State("starting", place=state.place)
                )  # forget the former process id
                pid, place = server.launch(server_lock, state.place)
                state = write_state(server.folder, State("starting", pid, place))
                launches += 1
            finally:
                os.close(server_lock)
        time.sleep(USER_PAUSE)
    if launches:
        _stop(server)
    raise ServiceError(_did_not_start(server))


def _stop(server: Server) -> None:
    state = read_state(server.folder)
    for number, seconds in server.stop_signals:
        if not is_held(server.folder / SERVER):
            break
        with suppress(ProcessLookupError):
            os.kill(state.pid, number)
        deadline = time.monotonic() + seconds
        while is_held(server.folder / SERVER) and time.monotonic() < deadline:
            time.sleep(USER_PAUSE)
    server.tidy(state.place)
    write_state(server.folder, State("stopped", place=state.place))


# --- sentences -------------------------------------------------------------------------------------------


def _did_not_start(server: Server) -> str:
    if shutil.disk_usage(server.folder).free < FULL_DISK_BYTES:
        return f"{server.name} did not start: the disk of {server.folder} is full; free some space."
    return f"{server.name} did not start: the end of {server.log} says why."


def _not_yours(server: Server, error: PermissionError) -> str:
    path = Path(os.fsdecode(error.filename)) if error.filename is not None else server.folder
    return (
        f"{server.name} cannot use {path}, which belongs to another user (perhaps it was last run as root): "
        f"run as that user, choose another home, or take it back with `chown -R` on {server.folder.parent}."
    )
