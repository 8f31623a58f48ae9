"""What may happen to a training crop: nothing that changes the label, everything that a network should not rely on.

All of it works on a batch of crops in dB, where a gain or an equaliser is a sum. Each function leaves its batch alone
and returns another; none keeps any state but that of the random generator.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

EQUALISER_POINTS: Final = 8  # control points of the random equaliser, evenly spread over the mel bands

Batch = NDArray[np.float32]  # (crops, frames, bands), in dB


def gain(batch: Batch, deviation_db: float, random: np.random.Generator) -> Batch:
    """Each crop louder or softer by a normally distributed number of dB."""
    return batch + random.normal(0.0, deviation_db, (len(batch), 1, 1)).astype(np.float32)


def equalise(batch: Batch, deviation_db: float, random: np.random.Generator) -> Batch:
    """Each crop through an equaliser of its own, gain included: normally distributed points, straight lines between.

    A label's mastering and codec colour all of its music alike: without this, a network learns that colour.
    """
    bands = batch.shape[2]
    points = random.normal(0.0, deviation_db, (len(batch), EQUALISER_POINTS))
    place = np.linspace(0, EQUALISER_POINTS - 1, bands)
    left = np.minimum(place.astype(np.int64), EQUALISER_POINTS - 2)
    share = place - left
    curve = points[:, left] * (1 - share) + points[:, left + 1] * share
    return batch + curve[:, None, :].astype(np.float32)


def mask(batch: Batch, widest: float, fill: NDArray[np.floating], random: np.random.Generator) -> Batch:
    """One run of bands and one of frames of each crop hidden, up to a share `widest` of them, under `fill` (bands,).

    SpecAugment (Park et al., 2019) without its time warp.
    """
    crops, frames, bands = batch.shape
    hidden = (
        _runs(crops, bands, widest, random)[:, None, :] | _runs(crops, frames, widest, random)[:, :, None]
    )
    return np.where(hidden, np.asarray(fill, dtype=np.float32), batch)


def mix(
    batch: Batch, targets: NDArray[np.float32], alpha: float, random: np.random.Generator
) -> tuple[Batch, NDArray[np.float32]]:
    """Each crop blended with another of the batch, and their targets (crops, labels) likewise.

    Mixup (Zhang et al., 2018), the shares drawn from a symmetric beta distribution.
    """
    share = random.beta(alpha, alpha, len(batch)).astype(np.float32)
    other = random.permutation(len(batch))
    crops = batch * share[:, None, None] + batch[other] * (1 - share)[:, None, None]
    return crops, targets * share[:, None] + targets[other] * (1 - share)[:, None]


def _runs(crops: int, length: int, widest: float, random: np.random.Generator) -> NDArray[np.bool_]:
    """One run of true values in each row: (crops, length)."""
    width = random.integers(0, int(widest * length) + 1, crops)
    first = random.integers(0, length - width + 1)
    place = np.arange(length)
    return (place >= first[:, None]) & (place < (first + width)[:, None])
