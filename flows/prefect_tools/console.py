"""The terminal, for tables and progress bars: colours are ours, and no text that is shown can steer it."""

import sys
from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from common.text import visible


class SafeConsole(Console):
    """Rich's own, but for characters in texts that would steer the terminal: signs stand in their places.

    What it writes has colours and moves the cursor, so it goes past the filter of cli/streams.py.
    """

    def __init__(
        self, *, stderr: bool = False, file: IO[str] | None = None, width: int | None = None
    ) -> None:
        super().__init__(stderr=stderr, file=file, width=width)

    @property
    def file(self) -> IO[str]:
        """Where the standard stream leads, without the filter."""
        stream = self._file or (sys.stderr if self.stderr else sys.stdout)
        stream = getattr(stream, "rich_proxied_file", stream)  # as Rich does where a bar is drawn
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
