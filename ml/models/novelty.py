"""Out-of-distribution sound by its temporal variance: does a window change as much as the training crops do?

A network is confident about sounds that it was never trained on: noise, a held tone and speech get a label like any
track. Their temporal variance differs from that of music, though. Noise and tones hardly change within three seconds;
speech, with its pauses, changes more than nearly all music. The temporal variance of a window is the variance over
time of each standardised band, averaged over the bands. A window is in-distribution where this number is in the range
of all but OUTSIDE_SHARE of the training crops.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.data.crops import Crops, Standardisation

OUTSIDE_SHARE: Final = 0.05  # of the training crops: half of it below the range, half of it above
MOST_CROPS: Final = 10_000  # measured, spread evenly over all: plenty for two quantiles
BATCH: Final = 256
# Of the development data set, for models that were trained before the range was part of the card.
DEFAULT_TEMPORAL_VARIANCE_RANGE: Final = (0.03, 0.6)


def temporal_variance(crops: NDArray[np.floating], statistics: Standardisation) -> NDArray[np.float32]:
    """The temporal variance of crops in dB, (crops, frames, bands): (crops,), 0 for a steady sound."""
    weights = 1 / np.square(np.asarray(statistics.deviation, dtype=np.float32)) / crops.shape[2]  # (bands,)
    variance: NDArray[np.float32] = np.var(crops, axis=1, dtype=np.float32) @ weights  # (crops,)
    return variance


def temporal_variance_range(crops: Crops, statistics: Standardisation) -> tuple[float, float]:
    """The range of temporal variance that is in-distribution for these crops (at least one): lowest, highest."""
    rows = np.unique(np.linspace(0, len(crops) - 1, min(len(crops), MOST_CROPS)).round().astype(np.int64))
    variances = [
        temporal_variance(crops.take(rows[first : first + BATCH]), statistics)
        for first in range(0, len(rows), BATCH)
    ]
    low, high = np.quantile(np.concatenate(variances), [OUTSIDE_SHARE / 2, 1 - OUTSIDE_SHARE / 2])
    return float(low), float(high)
