"""The process of `labelscope up` in a home: one at most, found by the lock that it holds in HOME/up."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from services.keeper import ServiceError, require_running
from services.locks import KEEPER, SERVER, State, is_held, lock, read_state, write_state
from services.private import make_folder

STOP_SECONDS = 60.0  # for runs in progress, then Prefect, then PostgreSQL
PAUSE = 0.1
LOCK_SECONDS = 1.0


@contextmanager
def claim(home: Path) -> Iterator[Callable[[str, int], None]]:
    """Make this process the one that is up in the home, for the block.

    The block gets a function to mark the home as ready, with the address of the pages and the port of the database, 0
    for none. Raises ServiceError where
    another process is up.
    """
    folder = _folder(home)
    make_folder(home)
    make_folder(folder)
    descriptor = _lock(folder / SERVER)
    if descriptor is None:
        raise _up_already(home, read_state(folder))
    try:
        write_state(folder, State("starting", os.getpid()))
        yield partial(_mark_ready, folder)
        write_state(folder, State("stopped"))
    finally:
        os.close(descriptor)


def require_down(home: Path) -> None:
    """Raises ServiceError where a process is up in this home."""
    if state := up_state(home):
        raise _up_already(home, state)


def _up_already(home: Path, state: State) -> ServiceError:
    where = f" ({state.place})" if state.place else ""
    return ServiceError(f"Labelscope is up already in {home}{where}: `labelscope down` ends it.")


def _lock(path: Path) -> int | None:
    """The descriptor of the locked file; None where another process holds it for longer than a check takes."""
    deadline = time.monotonic() + LOCK_SECONDS
    while (descriptor := lock(path)) is None and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return descriptor


def _mark_ready(folder: Path, address: str, tcp_port: int) -> None:
    write_state(folder, State("ready", os.getpid(), address, tcp_port=tcp_port))


def up_state(home: Path) -> State | None:
    """Process id, address of the pages (`place`) and status of the process that is up; None where there is none."""
    folder = _folder(home)
    return read_state(folder) if folder.is_dir() and is_held(folder / SERVER) else None


def end(home: Path) -> bool:
    """Stop the process that is up in this home, and wait for its end; returns whether there was one.

    Raises ServiceError where it does not stop.
    """
    state = up_state(home)
    if state is None:
        return False
    with suppress(ProcessLookupError):  # it has just ended
        if state.pid:  # 0: it has just begun, or is about to end
            os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_held(_folder(home) / SERVER):
        _require_running(home, state)
        if time.monotonic() > deadline:
            raise ServiceError(
                f"Labelscope, process {state.pid}, does not stop: end it by hand, and see {log(home)}."
            )
        time.sleep(PAUSE)
    return True


def _require_running(home: Path, state: State) -> None:
    """Raises ServiceError where the process, or a server that it waits for, was stopped, such as by SIGSTOP."""
    require_running("Labelscope", state)
    for name, folder in (("PostgreSQL", home / "postgres"), ("Prefect", home / "prefect")):
        if is_held(folder / KEEPER):
            require_running(name, read_state(folder))


def log(home: Path) -> Path:
    """The file with the output of a process that runs in the background."""
    return home / "logs" / "up.log"


def _folder(home: Path) -> Path:
    return home / "up"
