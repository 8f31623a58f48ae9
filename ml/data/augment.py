"""Augmentation of training crops: changes that a network should ignore, since they do not change the label.

All functions work on a batch of crops in dB, where a gain or an equaliser is a sum. Each returns a new batch; the only
state is that of the random generator.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

EQUALISER_POINTS: Final = 8  # control points of the random equaliser, evenly spread over the mel bands

Crops = NDArray[np.floating]  # (crops, frames, bands), in dB, as stored or augmented before
Batch = NDArray[np.float32]  # the same, augmented


def gain(batch: Crops, deviation_db: float, random: np.random.Generator) -> Batch:
    """Each crop louder or softer by a normally distributed number of dB, standard deviation `deviation_db`."""
    return batch + random.normal(0.0, deviation_db, (len(batch), 1, 1)).astype(np.float32)


def equalise(batch: Crops, deviation_db: float, random: np.random.Generator) -> Batch:
    """Each crop through its own random equaliser, gain included: normally distributed points, straight lines between.

    Mastering and codecs change the spectrum of all music of a label in the same way. Without this, a network learns
    that spectrum.
    """
    bands = batch.shape[2]
    points = random.normal(0.0, deviation_db, (len(batch), EQUALISER_POINTS))  # (crops, points)
    position = np.linspace(0, EQUALISER_POINTS - 1, bands)  # (bands,) in units of points
    left = np.minimum(position.astype(np.int64), EQUALISER_POINTS - 2)
    share = position - left
    curve = points[:, left] * (1 - share) + points[:, left + 1] * share  # (crops, bands)
    return batch + curve[:, None, :].astype(np.float32)


def mask(batch: Crops, widest: float, fill: NDArray[np.floating], random: np.random.Generator) -> Batch:
    """Replace one run of bands and one of frames of each crop by `fill` (bands,), up to a share `widest` of them.

    SpecAugment (Park et al., 2019) without its time warp.
    """
    crops, frames, bands = batch.shape
    hidden_bands = _runs(crops, bands, widest, random)[:, None, :]  # (crops, 1, bands)
    hidden_frames = _runs(crops, frames, widest, random)[:, :, None]  # (crops, frames, 1)
    hidden = hidden_bands | hidden_frames
    return np.where(hidden, np.asarray(fill, dtype=np.float32), batch)


def mixup(
    batch: Crops, targets: NDArray[np.float32], alpha: float, random: np.random.Generator
) -> tuple[Batch, NDArray[np.float32]]:
    """Blend each crop with another one of the batch, and their targets (crops, labels) by the same shares.

    Mixup (Zhang et al., 2018), the shares drawn from a symmetric beta distribution.
    """
    share = random.beta(alpha, alpha, len(batch)).astype(np.float32)  # (crops,)
    other = random.permutation(len(batch))
    crops = batch * share[:, None, None] + batch[other] * (1 - share)[:, None, None]
    return crops, targets * share[:, None] + targets[other] * (1 - share)[:, None]


def _runs(crops: int, length: int, widest: float, random: np.random.Generator) -> NDArray[np.bool_]:
    """One run of true values in each row: (crops, length)."""
    width = random.integers(0, int(widest * length) + 1, crops)
    first = random.integers(0, length - width + 1)
    position = np.arange(length)
    return (position >= first[:, None]) & (position < (first + width)[:, None])
