"""What a section of the page is made of."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from report.bounds import ROWS
from report.words import words

Figure = dict[str, Any]
"""Data and layout as Plotly's JavaScript takes them; a colour may be a variable of the page: var(--accent)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: what stands above it, and how a row's value is shown."""

    heading: str
    show: Callable[[Any], str]
    number: bool = True


def text_column(heading: str, name: str) -> Column:
    return Column(heading, lambda row: words(getattr(row, name)), number=False)


def number_column(heading: str, name: str, show: Callable[[Any], str]) -> Column:
    return Column(heading, lambda row: show(getattr(row, name)))


@dataclass(frozen=True, slots=True)
class Table:
    """What a picture shows, in numbers; the first ROWS rows of `total`."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int

    @property
    def cut(self) -> bool:
        return self.total > len(self.rows)


def table(caption: str, columns: Sequence[Column], rows: Sequence[Any]) -> Table:
    """A table of the first rows, each value as its column shows it."""
    shown = tuple(tuple(column.show(row) for column in columns) for row in rows[:ROWS])
    return Table(caption, tuple(columns), shown, len(rows))


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that the browser draws; `says` is for those who cannot see it."""

    key: str
    title: str
    says: str
    figure: Figure
    height: int
    wide: bool = True
    """Takes the whole width; others stand side by side where there is room."""
    behind: Table | None = None
    """The same in numbers, where it is not in a table of the section."""

    @property
    def legend(self) -> list["Entry"]:
        """The traces that have `showlegend`, those of one `legendgroup` together: the page has a switch for each."""
        traces = list(enumerate(self.figure["data"]))
        return [
            Entry(
                html.unescape(trace["name"]),
                trace["line"]["color"] if trace.get("mode") == "lines+markers" else trace["marker"]["color"],
                MARKS[trace["marker"].get("symbol") or trace["type"]],
                tuple(
                    at for at, other in traces if at == place or (group and other.get("legendgroup") == group)
                ),
            )
            for place, trace in traces
            if trace.get("showlegend")
            for group in [trace.get("legendgroup")]
        ]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a legend, and the traces of its chart that it stands for."""

    name: str
    colour: str
    mark: str
    traces: tuple[int, ...]


MARKS: Final = {
    "bar": "\u25a0",
    "scatter": "\u25cf",
    "circle": "\u25cf",
    "square": "\u25a0",
    "triangle-up": "\u25b2",
    "diamond": "\u25c6",
}
"""What a legend shows of a trace: the symbol of its points, or its kind."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of pixels with axes around it; positions are shares of width and height, from bottom left."""

    key: str
    title: str
    says: str
    below: str
    png: bytes
    across: tuple[tuple[float, str], ...]
    upward: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One section: what it says in sentences, what it shows, and the tables behind. Without pictures, why so."""

    key: str
    title: str
    short: str
    """The title in the navigation."""
    sentences: tuple[str, ...]
    charts: tuple[Chart, ...] = ()
    images: tuple[Image, ...] = ()
    tables: tuple[Table, ...] = ()
    reading: str = ""
    """How to read the pictures."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure at the head of the page."""

    name: str
    value: str
    note: str = ""
