"""The state of a server: three locks, which the kernel releases when their last holder dies, and a JSON file.

    users.lock    shared; held by every user
    keeper.lock   held by the keeper; a user takes it and passes it on to the keeper that it starts
    server.lock   held by the server itself and its children, inherited through exec
    server.json   written by the holder of keeper.lock only

A process id in server.json counts only while server.lock is held.
"""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from services.private import open_file

USERS, KEEPER, SERVER, STATE = "users.lock", "keeper.lock", "server.lock", "server.json"


@dataclass(frozen=True, slots=True)
class State:
    """The contents of server.json."""

    status: str = "stopped"  # starting, ready, stopped or failed
    pid: int = 0  # 0: unknown
    place: str = ""
    fresh: bool = False  # the keeper started the server, rather than finding it running
    reason: str = ""
    keeper: int = 0  # process id of the writer
    written_ns: int = 0
    tcp_port: int = 0  # on which `labelscope up` gives access to the database; 0: none


def read_state(folder: Path) -> State:
    """The contents of server.json; the default where there is none, or it is damaged."""
    try:
        with os.fdopen(open_file(folder / STATE, os.O_RDONLY)) as file:
            return State(**json.load(file))
    except (FileNotFoundError, ValueError, TypeError):
        return State()


def write_state(folder: Path, state: State) -> State:
    """Replace server.json; returns the state with this process as its writer, and the time."""
    state = replace(state, keeper=os.getpid(), written_ns=time.time_ns())
    draft = folder / f"{STATE}.new"
    with os.fdopen(open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as file:
        file.write(json.dumps(asdict(state)))
    draft.replace(folder / STATE)
    return state


def open_lock(path: Path) -> int:
    """The descriptor of a lock file, for its owner only: a process that can open it can hold the lock."""
    return open_file(path, os.O_RDWR | os.O_CREAT)


def take(descriptor: int, kind: int) -> bool:
    """Lock an open file, LOCK_SH or LOCK_EX; False where another process holds it. Never waits."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock(path: Path) -> int | None:
    """The descriptor of the file, locked exclusively; None where another process holds it."""
    descriptor = open_lock(path)
    if take(descriptor, fcntl.LOCK_EX):
        return descriptor
    os.close(descriptor)
    return None


def is_held(path: Path) -> bool:
    """Whether a process holds the lock exclusively. Any number of processes may check at once; no file is made."""
    try:
        descriptor = open_file(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not take(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)
