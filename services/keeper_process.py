"""The keeper: the process that starts a server, starts it again should it die, and stops it after its last user.

Runs on the standard library alone. It may be killed at any moment: the next one goes on from the locks and server.json.
"""

import errno
import fcntl
import os
import pickle
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace

from services.keeper import Server, ServiceError, did_not_start, full_disk, has_no_room
from services.locks import SERVER, USERS, State, is_held, lock, open_lock, read_state, take, write_state
from services.private import OTHERS, PlaceRefused

START_SECONDS = 120.0  # for the server to answer; PostgreSQL may have a crash to recover from
ATTEMPTS = 3  # starts before giving up: the first may lose a port, the second may lose it again
FULL_DISK_SECONDS = 5.0  # for a server to stop where it may have no room to
PAUSE, KEEPER_PAUSE = 0.02, 0.1


def main() -> None:
    """The keeper process: the descriptor of keeper.lock as argument, the pickled server on standard input."""
    os.umask(OTHERS)
    keeper_lock = int(sys.argv[1])
    os.set_inheritable(keeper_lock, False)
    server: Server = pickle.load(sys.stdin.buffer)
    write_state(server.folder, replace(read_state(server.folder), status="starting"))
    if os.fork() == 0:  # the parent ends here, so that no user is left with a child to reap
        _keep(server, keeper_lock)


def _keep(server: Server, keeper_lock: int) -> None:
    """A keeper that gives up leaves a reason: the user takes one without a reason for killed, and starts another."""
    log_bytes = server.log.stat().st_size
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
    except PlaceRefused as error:
        _fail(server, error.sentence)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = full_disk(server.folder) if full else f"{error}."
        _fail(server, f"{server.name} did not start: {reason}")
        raise
    except Exception:
        _fail(server, did_not_start(server, log_bytes))
        raise


def _fail(server: Server, reason: str) -> None:
    with suppress(OSError):  # a full disk takes no reason; the user then finds one by itself
        write_state(server.folder, replace(read_state(server.folder), status="failed", reason=reason))


def _bring_up(server: Server) -> None:
    """Start the server, or adopt the one that a killed keeper left running."""
    deadline = time.monotonic() + START_SECONDS
    state = read_state(server.folder)
    launches = 0
    log_bytes = server.log.stat().st_size
    while time.monotonic() < deadline:
        server_lock = lock(server.folder / SERVER)
        if server_lock is None:
            if state.pid and server.answers(state.place):
                write_state(server.folder, replace(state, status="ready", fresh=launches > 0))
                return
        else:
            try:
                if launches == ATTEMPTS:
                    raise ServiceError(did_not_start(server, log_bytes))
                write_state(server.folder, State("starting", place=state.place))  # without the former id
                launched = server.launch(server_lock, state.place)
                state = write_state(server.folder, State("starting", launched.pid, launched.place))
                launched.begin()
                launches += 1
            finally:
                os.close(server_lock)
        time.sleep(PAUSE)
    if launches:
        _stop(server)
    raise ServiceError(did_not_start(server, log_bytes))


def _stop(server: Server) -> None:
    state = read_state(server.folder)
    for number, seconds in server.stop_signals:
        if not is_held(server.folder / SERVER):
            break
        with suppress(ProcessLookupError):
            if state.pid:  # 0 would be this process and its group
                os.kill(state.pid, number)
                os.kill(state.pid, signal.SIGCONT)  # one that was stopped meanwhile takes no other signal
        # Without room for its log PostgreSQL may never end in order; the next start recovers what it has.
        deadline = time.monotonic() + (
            min(seconds, FULL_DISK_SECONDS) if has_no_room(server.folder) else seconds
        )
        while is_held(server.folder / SERVER) and time.monotonic() < deadline:
            time.sleep(PAUSE)
    server.tidy(state.place)
    write_state(server.folder, State("stopped", place=state.place))
