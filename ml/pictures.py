"""Figures to pictures, as PNG."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def confusion_picture(counts: NDArray[np.integer], labels: Sequence[str]) -> bytes:
    """A confusion matrix, counts (true, predicted), as PNG: shaded by share of each true label."""
    from matplotlib.figure import Figure  # takes half a second, and few runs draw

    size = 1.6 + 0.7 * len(labels)
    figure = Figure(figsize=(size + 1.2, size), layout="constrained", dpi=120)
    axes = figure.add_subplot(xlabel="taken for", ylabel="is")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    for (true, predicted), count in np.ndenumerate(counts):
        shade = "white" if shares[true, predicted] > 0.5 else "black"
        axes.text(predicted, true, str(count), ha="center", va="center", color=shade)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
