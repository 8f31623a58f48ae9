"""Parts that all charts share. Colours are CSS variables of the page, so that charts follow its theme."""

from collections.abc import Sequence
from typing import Final

from report.components import Figure, PlotlyObject
from report.format import chart_text

ACCENT: Final = "var(--accent)"
SECOND: Final = "var(--second)"
FAINT: Final = "var(--faint)"
WARNING: Final = "var(--warning)"
INK: Final = "var(--ink)"
SOFT: Final = "var(--soft)"
PAPER: Final = "var(--paper)"
SCALE: Final = [[0, "var(--scale-0)"], [0.5, "var(--scale-1)"], [1, "var(--scale-2)"]]
NAME_LETTERS: Final = 20
"""Characters of a name beside an axis: longer ones would leave no space for the chart on a phone."""


def figure(data: Sequence[PlotlyObject], **layout: object) -> Figure:
    """A Plotly figure of these traces. page.js adds the common style."""
    return {"data": list(data), "layout": layout}


def names_axis(names: Sequence[str], **more: object) -> PlotlyObject:
    """A vertical axis of names, the first one on top.

    Ticks are positions, since two long names may be shortened to the same text.
    """
    return {
        "tickvals": list(range(len(names))),
        "ticktext": [chart_text(name, NAME_LETTERS) for name in names],
        "range": [len(names) - 0.5, -0.5],
        "showgrid": False,
        "automargin": True,
        "ticklen": 0,
        "ticklabelstandoff": 6,
    } | more


def share_axis(title: str, **more: object) -> PlotlyObject:
    """A horizontal axis from 0 to 100 %."""
    ticks = {"tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    return {"title": {"text": title}, "range": [-0.01, 1.03]} | ticks | more


def rows_height(rows: int, each: int = 30, around: int = 76) -> int:
    """Pixels of a chart with a row for each name."""
    return around + each * max(rows, 1)
