"""Waiting for a condition, and the processes that belong to a home."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def wait_until(condition: Callable[[], object], seconds: float = 120, pause: float = 0.05) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this took too long"
        time.sleep(pause)


def processes_of(home: Path) -> list[int]:
    """Live processes that were started for this home, and others that hold one of its files open: its servers."""
    started = processes_with(f"LABELSCOPE_HOME={home}")
    return started + [process for process in _processes_with_files_of(home) if process not in started]


def _processes_with_files_of(home: Path) -> list[int]:
    """Live processes, except this one, with an open file below the home."""
    processes, below = [], f"{home}/"
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended, or is not ours to look at
            files = (str(file.readlink()) for file in (folder / "fd").iterdir())
            if int(folder.name) != os.getpid() and any(file.startswith(below) for file in files):
                processes.append(int(folder.name))
    return processes


def processes_with(variable: str) -> list[int]:
    """Live processes that were started with this variable in their environment."""
    mark = variable.encode()
    processes = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                processes.append(int(folder.name))
        except OSError:
            continue  # it ended, or is not ours to look at
    return processes


def kill_all_of(home: Path) -> None:
    """Kill processes until none is left: a keeper restarts a server."""

    def killed() -> list[int]:
        processes = processes_of(home)
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return processes

    wait_until(lambda: not killed(), 30)


def descendants_of(process: int) -> list[int]:
    """Its children, their children, and so on."""
    children = children_of(process)
    return children + [descendant for child in children for descendant in descendants_of(child)]


def children_of(process: int) -> list[int]:
    """Live child processes, whichever of its threads started them."""
    processes: list[int] = []
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            processes += map(int, children.read_text().split())
    return processes
