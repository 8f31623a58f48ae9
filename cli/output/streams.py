"""Filter standard output and standard error, so that no text can control the terminal.

Names, titles, paths and messages of services come from outside. Everything that writes them goes through these
streams, tracebacks and warnings of libraries included. Our own colours and progress bars come from
flows/prefect_tools/console.py.
"""

import os
import re
import sys
from codecs import lookup
from collections.abc import Iterable
from io import TextIOWrapper
from typing import IO, Any, Final

from common.text import visible

COLOURS: Final = re.compile("(\x1b\\[[0-9;]*m)")


class FilteredStream:
    """A text stream that replaces each character that could control a terminal.

    `unfiltered` is the stream that it writes to. Line ends and tabs pass. Consoles of Rich that are not ours, such as
    Typer's for the help, use `rich_proxied_file`, through which colours pass as well.
    """

    def __init__(self, unfiltered: IO[str], colours: bool = False) -> None:
        self.unfiltered = unfiltered
        self._colours = colours

    @property
    def rich_proxied_file(self) -> "FilteredStream":
        return FilteredStream(self.unfiltered, colours=True)

    def write(self, text: str) -> int:
        if self._colours:
            parts = COLOURS.split(text)
            parts[::2] = [visible(part, lines=True) for part in parts[::2]]
            self.unfiltered.write("".join(parts))
        else:
            self.unfiltered.write(visible(text, lines=True))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unfiltered, name)


def filter_streams() -> None:
    """Filter standard error from here on, and standard output where it is a terminal.

    Where a program reads it, output is data and stays as it is.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and lookup(stream.encoding).name == "ascii":
            stream.reconfigure(encoding="utf-8", errors="replace")  # else Typer bypasses such a stream
    if not isinstance(sys.stderr, FilteredStream):
        sys.stderr = FilteredStream(_on_its_own_descriptor(sys.stderr))
    if sys.stdout.isatty() and not isinstance(sys.stdout, FilteredStream):
        sys.stdout = FilteredStream(sys.stdout)


def _on_its_own_descriptor(stderr: IO[str]) -> IO[str]:
    """The same stream on a copy of its file descriptor: the first one is redirected at times (sound/quiet.py)."""
    if stderr is not sys.__stderr__ or not isinstance(stderr, TextIOWrapper):
        return stderr  # a test, or another program, has its own
    return os.fdopen(
        os.dup(stderr.fileno()), "w", encoding=stderr.encoding, errors=stderr.errors, buffering=1
    )
