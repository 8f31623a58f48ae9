"""The timeline plot of a mix, drawn from its rows on demand."""

import numpy as np
from sqlalchemy import Connection

from db import read
from ml.plots.mix import Stretch, plot_mix


def plot_timeline(connection: Connection, mix_id: int) -> bytes:
    """The timeline of an analysed mix, as PNG; labels have the same colours as in all other plots."""
    labels = read.learning.labels(connection)
    positions: dict[int | None, int] = {label.id: position for position, label in enumerate(labels)}
    stretches = [
        Stretch(row.start_s, row.end_s, row.label, positions.get(row.label_id))
        for row in read.mixes.segments(connection, mix_id)
    ]
    windows = read.mixes.windows(connection, mix_id)
    # (3, windows); null becomes NaN.
    seconds, confidence, tempo = np.array(windows, dtype=np.float64).T
    return plot_mix(read.mixes.mix(connection, mix_id).title, stretches, seconds, confidence, tempo)
