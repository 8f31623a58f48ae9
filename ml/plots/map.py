"""A map of the embedded tracks as a plot."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.plots.palette import COLOURS, UNKNOWN, colour_of
from ml.plots.png import as_png, short

MARKERS: Final = "os^DvP*X"  # one for each repetition of the colours
LEGEND_LABELS: Final = 28  # a longer legend would leave no space for the map


def plot_map(
    places: NDArray[np.floating], label: Sequence[int | None], names: Sequence[str], title: str
) -> bytes:
    """A PNG with a dot for each track, at `places` (tracks, 2); `label` is its position in `names`, or None.

    Labels have the colours of `ml.plots.palette`; tracks without one are grey, drawn below the others. The legend has
    the labels with most tracks.
    """
    from matplotlib.figure import Figure  # takes half a second, and few runs draw

    figure = Figure(figsize=(9, 7), layout="constrained", dpi=120)
    axes = figure.add_subplot(title=title)
    axes.set_axis_off()
    of_track = np.array([-1 if position is None else position for position in label])
    size = float(np.clip(8000 / max(len(places), 1), 6, 40))
    counts = Counter(of_track.tolist())
    in_legend = {position for position, _ in counts.most_common(LEGEND_LABELS)}
    legend = {}
    for position in sorted(counts):  # -1 comes first
        of_label = places[of_track == position]  # (tracks of the label, 2)
        dots = axes.scatter(
            of_label[:, 0],
            of_label[:, 1],
            s=size,
            c=UNKNOWN if position < 0 else colour_of(position),
            marker=MARKERS[max(position, 0) // len(COLOURS) % len(MARKERS)],
            linewidths=0.3,
            edgecolors="white",
        )
        if position in in_legend:
            legend[position] = dots
    if counts:
        more = len(counts) - len(in_legend)
        heading = f"and {more} smaller labels" if more else None
        figure.legend(
            list(legend.values()),
            [short(names[position]) if position >= 0 else "no label" for position in legend],
            loc="outside right upper",
            frameon=False,
            fontsize="small",
            markerscale=1.5,
            title=heading,
        )
    return as_png(figure)
