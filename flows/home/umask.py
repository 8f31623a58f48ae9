"""The umask: files of this process are private, except output files that a person asked for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

PRIVATE = 0o077
_callers_umask = PRIVATE


def close() -> None:
    """Make files that this process and its children write from now on private to this user."""
    global _callers_umask
    before = os.umask(PRIVATE)
    if before != PRIVATE:
        _callers_umask = before


@contextmanager
def restored() -> Iterator[None]:
    """Files of the block are private, later ones as before: for a process with files of its own, such as a notebook."""
    before = os.umask(PRIVATE)
    try:
        yield
    finally:
        os.umask(before)


def output_file_mode() -> int:
    """The mode of an output file, such as a plot: 0o666 less the umask that this process was started with."""
    close()
    return 0o666 & ~_callers_umask
