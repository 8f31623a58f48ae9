"""What is true about a server: three locks, which the kernel drops when their last holder dies, and a note.

    users.lock    shared; held by every user
    keeper.lock   held by the keeper; a user takes it and hands it over with the keeper's birth
    server.lock   held by the server itself and its children, inherited through exec
    server.json   what the keeper has to say; only the holder of keeper.lock writes it

No process id that was written down ever has to be believed: it counts only while server.lock is held.
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
    """What server.json says."""

    status: str = "stopped"  # starting, ready, stopped or failed
    pid: int = 0  # 0: not known
    place: str = ""
    fresh: bool = False  # the keeper started the server, rather than finding it running
    reason: str = ""
    keeper: int = 0  # process id of the writer
    written_ns: int = 0


def read_state(folder: Path) -> State:
    """What server.json says; the default where there is none or it cannot be read."""
    try:
        with os.fdopen(open_file(folder / STATE, os.O_RDONLY)) as file:
            return State(**json.load(file))
    except (FileNotFoundError, ValueError, TypeError):
        return State()


def write_state(folder: Path, state: State) -> State:
    state = replace(state, keeper=os.getpid(), written_ns=time.time_ns())
    draft = folder / f"{STATE}.new"
    with os.fdopen(open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as file:
        file.write(json.dumps(asdict(state)))
    draft.replace(folder / STATE)
    return state


def open_lock(path: Path) -> int:
    """For the owner alone: who may open a lock file can hold it."""
    return open_file(path, os.O_RDWR | os.O_CREAT)


def take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock(path: Path) -> int | None:
    """The open file, locked exclusively; None while somebody else holds it."""
    descriptor = open_lock(path)
    if take(descriptor, fcntl.LOCK_EX):
        return descriptor
    os.close(descriptor)
    return None


def is_held(path: Path) -> bool:
    """Whether somebody holds it alone. Any number of processes may look at once; nothing is made."""
    try:
        descriptor = open_file(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not take(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)
