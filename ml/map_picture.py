"""A map of a crate as a picture."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.palette import COLOURS, UNKNOWN, colour_of

MARKERS = "os^DvP*X"  # another one for each round of colours


def map_picture(
    places: NDArray[np.floating], label: Sequence[int | None], names: Sequence[str], title: str
) -> bytes:
    """Tracks as dots, as PNG: places (n, 2), of each track the position of its label in `names`, or None.

    Labels have the colours of `ml.palette`; tracks without one are grey, and lie below the others.
    """
    from matplotlib.figure import Figure  # takes half a second, and few runs draw

    figure = Figure(figsize=(9, 6.5), layout="constrained", dpi=120)
    axes = figure.add_subplot(title=title)
    axes.set_axis_off()
    axes.set_aspect("equal", adjustable="datalim")
    of_track = np.array([-1 if position is None else position for position in label])
    size = float(np.clip(6000 / max(len(places), 1), 6, 40))
    for position, name in [(-1, "no label"), *enumerate(names)]:
        mine = places[of_track == position]
        if len(mine):
            axes.scatter(
                mine[:, 0],
                mine[:, 1],
                s=size,
                c=UNKNOWN if position < 0 else colour_of(position),
                marker="o" if position < 0 else MARKERS[position // len(COLOURS) % len(MARKERS)],
                linewidths=0.3,
                edgecolors="white",
                label=name.replace("$", r"\$"),
            )
    if len(places):
        figure.legend(loc="outside right upper", frameon=False, fontsize="small")
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
