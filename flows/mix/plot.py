"""The picture of a recording, drawn from its rows whenever somebody wants to see it."""

import numpy as np
from sqlalchemy import Connection

from db import read
from ml.plots.mix import Stretch, mix_picture


def picture_of(connection: Connection, mix_id: int) -> bytes:
    """The timeline of an analysed recording, as PNG: labels in the colours that they have everywhere."""
    labels = read.learning.labels(connection)
    positions: dict[int | None, int] = {label.id: position for position, label in enumerate(labels)}
    stretches = [
        Stretch(row.start_s, row.end_s, row.label, positions.get(row.label_id))
        for row in read.mixes.segments(connection, mix_id)
    ]
    windows = read.mixes.windows(connection, mix_id)
    seconds, confidence, tempo = np.array(windows, dtype=np.float64).T  # null becomes NaN
    return mix_picture(read.mixes.mix(connection, mix_id).title, stretches, seconds, confidence, tempo)
