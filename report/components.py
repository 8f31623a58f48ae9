"""The components of a section: tables, charts, images and tiles."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypedDict, TypeVar

from report.bounds import ROWS
from report.format import plain_text

PlotlyObject: TypeAlias = dict[str, Any]
"""A trace, an axis or a layout: JSON whose keys and values Plotly defines. tests/report checks them."""


class Figure(TypedDict):
    """Traces and layout for Plotly's JavaScript; a colour may be a CSS variable of the page: var(--accent)."""

    data: list[PlotlyObject]
    layout: PlotlyObject


RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Column(Generic[RowT]):
    """One column of a table: its heading, and the function that formats its value of a row."""

    heading: str
    show: Callable[[RowT], str]
    number: bool = True


Columns: TypeAlias = tuple[Column[RowT], ...]


def text_column(heading: str, value: Callable[[RowT], str | None]) -> Column[RowT]:
    return Column(heading, lambda row: plain_text(value(row)), number=False)


@dataclass(frozen=True, slots=True)
class Table:
    """The first ROWS of `total` rows, formatted."""

    caption: str
    # Only their headings are read: the rows are formatted.
    columns: tuple[Column[Any], ...]
    rows: tuple[tuple[str, ...], ...]
    total: int

    @property
    def truncated(self) -> bool:
        return self.total > len(self.rows)


def table(caption: str, columns: Sequence[Column[RowT]], rows: Sequence[RowT]) -> Table:
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


def _colour(trace: PlotlyObject) -> str:
    has_line = trace.get("mode") == "lines+markers"
    colour: str = trace["line"]["color"] if has_line else trace["marker"]["color"]
    return colour


def _mark(trace: PlotlyObject) -> str:
    return MARKS[trace["marker"].get("symbol") or trace["type"]]


def _group(traces: Sequence[PlotlyObject], position: int) -> tuple[int, ...]:
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
