"""Confidence intervals of metrics: the bootstrap over groups, from sums per group.

Tracks of one group (an artist, an album) are right or wrong together. So whole groups are drawn, with replacement, as
many as there are. A metric that follows from sums over items does not need the items again: the sums of a resample are
those of its groups, each as often as it was drawn, which is one matrix product. Time is
O(items + resamples * groups * columns); memory is one block of draws and the results.

The draws come from one fixed seed: the same number of groups gives the same draws. So two models on the same tracks
have the same resamples, and metrics are exactly repeatable.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

RESAMPLES: Final = 1000
SEED: Final = 0
BLOCK: Final = 2**20  # draws held at a time: 8 MiB, and thrice that while they are counted
CONFIDENCE: Final = 0.95


def tally(
    group: NDArray[np.integer],
    column: NDArray[np.integer],
    columns: int,
    weight: NDArray[np.floating] | NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Sums per group and column, (groups, columns), of the items' weights, or of ones.

    `group` numbers the groups from 0 without gaps, `column` is below `columns`; these and `weight` are (items,).
    """
    shape = (int(group.max(initial=-1)) + 1, columns)
    sums = np.bincount(group * columns + column, weights=weight, minlength=shape[0] * columns)
    return sums.reshape(shape).astype(np.float64, copy=False)


def resample(
    sums: NDArray[np.float64], resamples: int = RESAMPLES, block: int = BLOCK
) -> NDArray[np.float64]:
    """Sums over the groups of each resample, (resamples, columns), from sums per group (groups, columns).

    Holds about `block` draws at a time.
    """
    return np.concatenate([times @ sums for times in _draws(len(sums), resamples, block)])


def draws(groups: int, resamples: int = RESAMPLES) -> NDArray[np.float64]:
    """How often each group is in each of the same resamples: (resamples, groups)."""
    return np.concatenate(list(_draws(groups, resamples)))


def _draws(groups: int, resamples: int, block: int = BLOCK) -> Iterator[NDArray[np.float64]]:
    """`draws` in blocks of resamples, each (some resamples, groups)."""
    random = np.random.default_rng(SEED)
    step = max(1, block // groups)
    for first in range(0, resamples, step):
        drawn = random.integers(groups, size=(min(step, resamples - first), groups))
        drawn += np.arange(len(drawn))[:, None] * groups  # each row counts in a range of its own
        yield np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(np.float64)


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % percentile interval of a metric over resamples (resamples,).

    NaN, for resamples in which the metric is not defined, is left out.
    """
    outside = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(values, (outside, 1 - outside))
    return float(low), float(high)
