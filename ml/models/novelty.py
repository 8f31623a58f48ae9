"""How much a sound moves: whether a window is livelier, or stiller, than what a model has learnt from.

A network is sure of things that it never met: noise, a held tone and speech get a label like any track. What tells
them from music is plain, though. Noise and tones hardly change within three seconds, and speech, with its pauses,
changes more than nearly all music. So the movement of a window is one number, the variance over time of each
standardised band, averaged over the bands; and usual is what all but UNUSUAL_SHARE of the training crops have.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.data.crops import Crops, Standardisation

UNUSUAL_SHARE: Final = 0.05  # of the training crops: half of it stiller than usual, half of it livelier
MOST_CROPS: Final = 10_000  # looked at, spread evenly over all: plenty for two quantiles
BATCH: Final = 256
# Of the crate of development, for models that were trained before theirs was looked at.
USUAL_MOVEMENT: Final = (0.03, 0.6)


def movement(crops: NDArray[np.floating], statistics: Standardisation) -> NDArray[np.float32]:
    """The movement of crops in dB, (n, frames, bands): (n,), 0 for what does not change at all."""
    weights = 1 / np.square(np.asarray(statistics.deviation, dtype=np.float32)) / crops.shape[2]
    values: NDArray[np.float32] = np.var(crops, axis=1, dtype=np.float32) @ weights
    return values


def usual_movement(crops: Crops, statistics: Standardisation) -> tuple[float, float]:
    """The least and the most movement that is usual in these crops (at least one)."""
    rows = np.unique(np.linspace(0, len(crops) - 1, min(len(crops), MOST_CROPS)).round().astype(np.int64))
    found = [
        movement(crops.take(rows[first : first + BATCH]), statistics) for first in range(0, len(rows), BATCH)
    ]
    low, high = np.quantile(np.concatenate(found), [UNUSUAL_SHARE / 2, 1 - UNUSUAL_SHARE / 2])
    return float(low), float(high)
