"""The components of a section: tables, charts, images and tiles."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from report.bounds import ROWS
from report.format import plain_text

Figure = dict[str, Any]
"""Data and layout for Plotly's JavaScript; a colour may be a CSS variable of the page: var(--accent)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its heading, and the function that formats its value of a row."""

    heading: str
    show: Callable[[Any], str]
    number: bool = True


def text_column(heading: str, name: str) -> Column:
    return Column(heading, lambda row: plain_text(getattr(row, name)), number=False)


def number_column(heading: str, name: str, show: Callable[[Any], str]) -> Column:
    return Column(heading, lambda row: show(getattr(row, name)))


@dataclass(frozen=True, slots=True)
class Table:
    """The first ROWS of `total` rows, formatted."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int

    @property
    def truncated(self) -> bool:
        return self.total > len(self.rows)


def table(caption: str, columns: Sequence[Column], rows: Sequence[Any]) -> Table:
    """A table of the first ROWS rows, each value formatted by its column."""
    shown = tuple(tuple(column.show(row) for column in columns) for row in rows[:ROWS])
    return Table(caption, tuple(columns), shown, len(rows))


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that the browser draws."""

    key: str
    title: str
    description: str
    """For screen readers."""
    figure: Figure
    height: int
    wide: bool = True
    """Takes the whole width; other charts share a row if the screen is wide enough."""
    table: Table | None = None
    """The values of the chart, where no table of the section has them."""

    @property
    def legend(self) -> list["LegendEntry"]:
        """One entry for each trace with `showlegend`; traces of one `legendgroup` share an entry."""
        traces = self.figure["data"]
        return [
            LegendEntry(html.unescape(trace["name"]), _colour(trace), _mark(trace), _group(traces, position))
            for position, trace in enumerate(traces)
            if trace.get("showlegend")
        ]


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One line of a legend, and the positions of the traces that it switches on and off."""

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
"""The mark of a trace in the legend, by the symbol of its points or by its type."""


def _colour(trace: dict[str, Any]) -> str:
    has_line = trace.get("mode") == "lines+markers"
    colour: str = trace["line"]["color"] if has_line else trace["marker"]["color"]
    return colour


def _mark(trace: dict[str, Any]) -> str:
    return MARKS[trace["marker"].get("symbol") or trace["type"]]


def _group(traces: Sequence[dict[str, Any]], position: int) -> tuple[int, ...]:
    """Positions of the traces in the legend group of the one at `position`, which may have no group."""
    group = traces[position].get("legendgroup")
    if not group:
        return (position,)
    return tuple(number for number, other in enumerate(traces) if other.get("legendgroup") == group)


@dataclass(frozen=True, slots=True)
class Image:
    """A PNG with axes. Ticks are (position, text); positions are shares of width and height from the bottom left."""

    key: str
    title: str
    description: str
    """For screen readers."""
    caption: str
    png: bytes
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the page. Without charts and images, its sentences give the reason."""

    key: str
    title: str
    nav_title: str
    """The title in the navigation."""
    sentences: tuple[str, ...]
    charts: tuple[Chart, ...] = ()
    images: tuple[Image, ...] = ()
    tables: tuple[Table, ...] = ()
    explanation: str = ""
    """How to read the charts."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One number at the top of the page."""

    name: str
    value: str
    note: str = ""
