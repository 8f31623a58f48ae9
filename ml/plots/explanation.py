"""A clip as a plot over time: its spectrogram, and the probability of each label in each crop."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.features.spectrogram import SpectrogramConfig
from ml.plots.palette import COLOURS, UNKNOWN, colour_of
from ml.plots.plots import RANGE_DB, frequency_ticks
from ml.plots.png import as_png, short

LEGEND_LABELS: Final = 10  # the most probable ones; all others are thin grey lines
STYLES: Final = ("-", "--", ":", "-.")  # one for each repetition of the colours


def plot_explanation(
    title: str,
    spectrogram: NDArray[np.floating],
    config: SpectrogramConfig,
    start_s: float,
    middle_s: NDArray[np.floating],
    probabilities: NDArray[np.floating],
    names: Sequence[str],
    positions: Sequence[int],
) -> bytes:
    """A PNG of 1320 x 720.

    Args:
        title: shown above, cut to one line.
        spectrogram: (frames, bands) in dB, of `config`.
        start_s: of the spectrogram within the file.
        middle_s: middle of each crop within the spectrogram, (crops,).
        probabilities: (crops, labels), from 0 to 1.
        names: of the labels.
        positions: of the labels among all labels, which gives their colours.
    """
    from matplotlib.figure import Figure  # takes half a second, and few runs draw

    figure = Figure(figsize=(11, 6), layout="constrained", dpi=120)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1))
    above.set_title(short(title, 80), loc="left")
    end_s = start_s + len(spectrogram) * config.hop_length / config.sample_rate
    _draw_spectrogram(above, spectrogram, config, start_s, end_s)
    _draw_probabilities(below, start_s + middle_s, probabilities, names, positions)
    below.set(xlim=(start_s, end_s), xlabel="time in the file (m:ss)")
    return as_png(figure)


def _draw_spectrogram(
    axes: Any, spectrogram: NDArray[np.floating], config: SpectrogramConfig, start_s: float, end_s: float
) -> None:
    levels = spectrogram.astype(np.float32)
    loudest = float(levels.max())
    axes.imshow(
        levels.T,
        origin="lower",
        aspect="auto",
        extent=(start_s, end_s, 0, 1),
        cmap="magma",
        vmin=loudest - RANGE_DB,
        vmax=loudest,
    )
    heights, frequencies = zip(*frequency_ticks(config), strict=True)
    axes.set_yticks(heights, frequencies)
    axes.set_ylabel("frequency (Hz)")


def _draw_probabilities(
    axes: Any,
    seconds: NDArray[np.floating],
    probabilities: NDArray[np.floating],
    names: Sequence[str],
    positions: Sequence[int],
) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    by_mean = np.argsort(-probabilities.mean(axis=0))
    lines = {}
    for label in by_mean[::-1].tolist():  # the most probable one is on top
        if label in by_mean[:LEGEND_LABELS]:
            style = STYLES[positions[label] // len(COLOURS) % len(STYLES)]
            (lines[label],) = axes.plot(
                seconds,
                probabilities[:, label],
                style,
                color=colour_of(positions[label]),
                marker="o",
                markersize=4,
            )
        else:
            axes.plot(seconds, probabilities[:, label], color=UNKNOWN, linewidth=0.6)
    shown = by_mean[:LEGEND_LABELS].tolist()
    axes.legend(
        [lines[label] for label in shown],
        [short(names[label]) for label in shown],
        loc="upper left",
        bbox_to_anchor=(1.005, 1),
        frameon=False,
        fontsize=8,
    )
    axes.set(ylabel="probability of each crop", ylim=(-0.02, 1.02))
    axes.grid(alpha=0.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{int(at // 60)}:{int(at % 60):02}"))
