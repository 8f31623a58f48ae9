"""The keeper process: it starts a server, restarts it if it dies, and stops it after its last user.

It imports the standard library only. It may be killed at any moment: the next one continues from the locks and
server.json.
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

from services.full_disk import full_disk, is_nearly_full
from services.keeper import Server, ServiceError, did_not_start
from services.locks import SERVER, USERS, State, is_held, lock, open_lock, read_state, take, write_state
from services.private import OTHERS, PlaceRefused

START_SECONDS = 120.0  # for the server to answer; PostgreSQL may have a crash to recover from
ATTEMPTS = 3  # to start a server: another program may take its port, even twice
FULL_DISK_SECONDS = 5.0  # for a server to stop on a full disk
PAUSE, KEEPER_PAUSE = 0.02, 0.1


def main() -> None:
    """Run the keeper. Its argument is the descriptor of keeper.lock; standard input holds the pickled server."""
    os.umask(OTHERS)
    keeper_lock = int(sys.argv[1])
    os.set_inheritable(keeper_lock, False)
    server: Server = pickle.load(sys.stdin.buffer)
    write_state(server.folder, replace(read_state(server.folder), status="starting"))
    if os.fork() == 0:  # the parent ends here, so that the user has no child to reap
        _keep(server, keeper_lock)


def _keep(server: Server, keeper_lock: int) -> None:
    """Keep the server until its last user leaves. On a failure, record the reason: without one users start a keeper."""
    log_bytes = server.log.stat().st_size
    try:
        _start_or_adopt(server)
        users_lock = open_lock(server.folder / USERS)
        while not take(users_lock, fcntl.LOCK_EX):
            if not is_held(server.folder / SERVER):
                _start_or_adopt(server)
            time.sleep(KEEPER_PAUSE)
        _stop(server)
        os.close(keeper_lock)  # before users.lock, so that the next user sees that there is no keeper
    except ServiceError as error:
        _fail(server, str(error))
    except PlaceRefused as error:
        _fail(server, error.sentence)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = full_disk(server.folder) if full else f"{error}."
        _fail(server, f"{server.name} did not start: {reason}")
        raise
    # Every kind, as a bug too must leave its reason in the state; its traceback goes to the log.
    except Exception:
        _fail(server, did_not_start(server, log_bytes))
        raise


def _fail(server: Server, reason: str) -> None:
    with suppress(OSError):  # on a full disk; the user then finds the reason itself
        write_state(server.folder, replace(read_state(server.folder), status="failed", reason=reason))


def _start_or_adopt(server: Server) -> None:
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
                # Without the former process id.
                write_state(server.folder, State("starting", place=state.place))
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
    """Send the server its signals until it ends, then clean up."""
    state = read_state(server.folder)
    for number, seconds in server.stop_signals:
        if not is_held(server.folder / SERVER):
            break
        with suppress(ProcessLookupError):
            if state.pid:  # 0 would be this process and its group
                os.kill(state.pid, number)
                os.kill(state.pid, signal.SIGCONT)  # a stopped process handles no other signal
        # On a full disk PostgreSQL may never shut down; the next start recovers its data.
        wait_seconds = min(seconds, FULL_DISK_SECONDS) if is_nearly_full(server.folder) else seconds
        deadline = time.monotonic() + wait_seconds
        while is_held(server.folder / SERVER) and time.monotonic() < deadline:
            time.sleep(PAUSE)
    server.clean_up(state.place)
    write_state(server.folder, State("stopped", place=state.place))
