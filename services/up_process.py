"""Who keeps Labelscope up in a home: one process, found by the lock that it holds in HOME/up."""

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

STOP_SECONDS = 60.0  # runs in progress are ended first, then Prefect, then PostgreSQL
PAUSE = 0.1
LOOK_SECONDS = 1.0


@contextmanager
def alone(home: Path) -> Iterator[Callable[[str], None]]:
    """Be the one that keeps this home up, for the block, which gets a function to say so with the address of the pages.

    Raises ServiceError where another process is.
    """
    folder = _folder(home)
    for each in (home, folder):
        make_folder(each)
    held = _lock(folder / SERVER)
    if held is None:
        raise _up_already(home, read_state(folder))
    try:
        write_state(folder, State("starting", os.getpid()))
        yield partial(_say_ready, folder)
        write_state(folder, State("stopped"))
    finally:
        os.close(held)


def require_nobody(home: Path) -> None:
    """Raises ServiceError where a process keeps this home up."""
    if state := who_is_up(home):
        raise _up_already(home, state)


def _up_already(home: Path, state: State) -> ServiceError:
    where = f" ({state.place})" if state.place else ""
    return ServiceError(f"Labelscope is up already in {home}{where}: `labelscope down` ends it.")


def _lock(path: Path) -> int | None:
    """For a moment somebody who only looks whether it is held may have it."""
    deadline = time.monotonic() + LOOK_SECONDS
    while (held := lock(path)) is None and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return held


def _say_ready(folder: Path, address: str) -> None:
    write_state(folder, State("ready", os.getpid(), address))


def who_is_up(home: Path) -> State | None:
    """Process id, address of the pages (`place`) and status of whoever keeps this home up; None where nobody does."""
    folder = _folder(home)
    return read_state(folder) if folder.is_dir() and is_held(folder / SERVER) else None


def end(home: Path) -> bool:
    """Ask whoever keeps this home up to stop, and wait for it; whether there was anybody.

    Raises ServiceError where it does not stop.
    """
    state = who_is_up(home)
    if state is None:
        return False
    with suppress(ProcessLookupError):  # it has just ended
        if state.pid:  # else it has only begun, or is about to end
            os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_held(_folder(home) / SERVER):
        _require_running(home, state)
        if time.monotonic() > deadline:
            raise ServiceError(
                f"Labelscope, process {state.pid}, does not stop: end it by hand; {log(home)} may say why."
            )
        time.sleep(PAUSE)
    return True


def _require_running(home: Path, state: State) -> None:
    """Raises ServiceError where it, or a server that it waits for, was stopped, such as by SIGSTOP."""
    require_running("Labelscope", state)
    for name, folder in (("PostgreSQL", home / "postgres"), ("Prefect", home / "prefect")):
        if is_held(folder / KEEPER):
            require_running(name, read_state(folder))


def log(home: Path) -> Path:
    """Where it writes what it would print, when it runs in the background."""
    return home / "logs" / "up.log"


def _folder(home: Path) -> Path:
    return home / "up"
