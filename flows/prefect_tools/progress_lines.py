"""Progress for those who read through a pipe or from a log: a line on stderr every ten seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from flows.prefect_tools.console import SafeConsole

LINE_SECONDS: Final = 10.0


@contextmanager
def progress_lines(position: Callable[[], str]) -> Iterator[None]:
    """In the block, write `position()` and the seconds so far every LINE_SECONDS. A terminal has a bar instead."""
    if SafeConsole(stderr=True).is_terminal:
        yield
        return
    over, began = Event(), time.monotonic()

    def write_lines() -> None:
        while not over.wait(LINE_SECONDS):
            sys.stderr.write(f"{position()}, {time.monotonic() - began:.0f} s\n")
            sys.stderr.flush()

    thread = Thread(target=write_lines, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
