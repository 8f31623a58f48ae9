"""A mix as a plot over time: labels in their colours, confidence, and tempo."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.plots.palette import colour_of
from ml.plots.png import as_png, short

MINUTE: Final = 60.0
TICKS: Final = tuple(MINUTE * minutes for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440))
LETTERS: Final = 125  # of a name that would fill the whole band


@dataclass(frozen=True, slots=True)
class Stretch:
    """A segment to draw; `position` is that of its label among all labels, None: unknown."""

    start_s: float
    end_s: float
    name: str
    position: int | None


def plot_mix(
    title: str,
    stretches: Sequence[Stretch],
    seconds: NDArray[np.floating],
    confidence: NDArray[np.floating],
    tempo: NDArray[np.floating],
) -> bytes:
    """A PNG of 1320 x 600. Arrays are (windows,): start in seconds, confidence from 0 to 1, beats per minute or NaN.

    Raises ValueError where there is no stretch.
    """
    from matplotlib.figure import Figure  # takes half a second, and few runs draw

    if not stretches:
        raise ValueError("A plot needs at least one stretch.")
    end_s = max(stretch.end_s for stretch in stretches)
    figure = Figure(figsize=(11, 5), layout="constrained", dpi=120)
    band, confidence_axes, tempo_axes = figure.subplots(3, 1, sharex=True, height_ratios=(2, 2, 1.4))
    band.set_title(short(title, 80), loc="left")
    _draw_band(band, stretches, end_s)
    confidence_axes.plot(seconds, confidence, color="black", linewidth=0.9)
    confidence_axes.set(ylabel="confidence", ylim=(0, 1.02))
    tempo_axes.plot(seconds, tempo, color="black", linewidth=0.9, drawstyle="steps-post")
    tempo_axes.set(ylabel="tempo (BPM)", xlabel="time (h:mm)", xlim=(0, end_s))
    if np.isfinite(tempo).any():
        low, high = float(np.nanmin(tempo)), float(np.nanmax(tempo))
        tempo_axes.set_ylim(low - max(2, 0.1 * (high - low)), high + max(2, 0.1 * (high - low)))
    for axes in (confidence_axes, tempo_axes):
        axes.grid(alpha=0.3)
        for stretch in stretches:
            axes.axvspan(stretch.start_s, stretch.end_s, color=colour_of(stretch.position), alpha=0.12, lw=0)
    _tick(tempo_axes, end_s)
    return as_png(figure)


def _draw_band(axes: Any, stretches: Sequence[Stretch], end_s: float) -> None:
    bars: dict[int | None, Any] = {}
    names: dict[int | None, str] = {}
    for stretch in stretches:
        length, colour = stretch.end_s - stretch.start_s, colour_of(stretch.position)
        name = short(stretch.name)
        names[stretch.position] = name
        bars[stretch.position] = axes.barh(
            0, length, left=stretch.start_s, height=1, color=colour, edgecolor="white"
        )
        if length / end_s * LETTERS > len(name) + 1:
            middle = stretch.start_s + length / 2
            text = axes.text(middle, 0, name, ha="center", va="center", fontsize=8, clip_on=True)
            text.set_color(_ink(colour))
    axes.set(ylim=(-0.5, 0.5), yticks=[])
    axes.legend(
        list(bars.values()),
        list(names.values()),
        loc="lower left",
        bbox_to_anchor=(1.005, 0),
        frameon=False,
        fontsize=8,
    )


def _ink(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour `#rrggbb`."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else "white"


def _tick(axes: Any, end_s: float) -> None:
    """At most a dozen ticks, at whole minutes."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    step = next((step for step in TICKS if end_s / step <= 12), TICKS[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda at, _: f"{int(at // 3600)}:{int(at % 3600 // 60):02}")
    )
