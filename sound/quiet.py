"""Keep the decoder's own warnings off the terminal.

libmpg123, inside of libsndfile, writes notes on damaged MP3s to file descriptor 2, and offers no switch. What they are
about is in the error or the samples that it returns.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

STDERR: Final = 2
_lock = Lock()
_users = 0
_saved = -1


@contextmanager
def quiet() -> Iterator[None]:
    """Discard what is written to file descriptor 2 in the block, by any thread. Blocks may overlap.

    Commands write to another descriptor (cli/output/streams.py), so that no sentence of theirs is lost meanwhile.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _users, _saved
    with _lock:
        if _users == 0:
            try:
                _saved = os.dup(STDERR)
            except OSError:  # closed, as in some services: nothing can be written to it
                _saved = -1
            else:
                _redirect(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))
        _users += 1


def _leave() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0 and _saved >= 0:
            _redirect(_saved)


def _redirect(descriptor: int) -> None:
    os.dup2(descriptor, STDERR)
    os.close(descriptor)
