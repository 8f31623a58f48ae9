"""The terminal, for tables and progress bars. Text with control characters cannot change it."""

import sys
from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from common.text import visible


class SafeConsole(Console):
    """A Rich console that replaces control characters in text with U+FFFD.

    Its own colours and cursor movements bypass the filter of cli/output/streams.py.
    """

    def __init__(
        self, *, stderr: bool = False, file: IO[str] | None = None, width: int | None = None
    ) -> None:
        super().__init__(stderr=stderr, file=file, width=width)

    @property
    def file(self) -> IO[str]:
        """The standard stream without the filter."""
        stream = self._file or (sys.stderr if self.stderr else sys.stdout)
        # Rich redirects the stream while it draws a bar.
        stream = getattr(stream, "rich_proxied_file", stream)
        unfiltered: IO[str] = getattr(stream, "unfiltered", stream)
        return unfiltered

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        self._file = new_file

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control is None:
                yield segment._replace(text=visible(segment.text, lines=True))
            else:
                yield segment
