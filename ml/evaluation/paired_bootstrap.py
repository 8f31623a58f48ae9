"""Is the challenger better than the champion? A paired bootstrap of balanced accuracy over groups.

Both predict the same tracks, and have the same resamples of groups. How difficult a resample is cancels out in the
difference. So its interval is far narrower than the intervals of the two accuracies suggest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.bootstrap import interval, resample, tally
from ml.evaluation.metrics import ratio

RESAMPLES: Final = 10_000  # a probability of 0.95 is then known to 0.004
TIE: Final = 1e-12  # differences up to this are ties: sums of fractions do not cancel to the last bit


@dataclass(frozen=True, slots=True)
class Comparison:
    """Balanced accuracy of both, their difference with its 95 % interval, and the size of the sample."""

    challenger: float
    champion: float
    difference: float  # challenger less champion
    low: float
    high: float
    probability_better: float  # share of resamples in which the challenger is better, ties counting half
    tracks: int
    groups: int


def compare(
    challenger: NDArray[np.floating],
    champion: NDArray[np.floating],
    truth: NDArray[np.integer],
    group: Sequence[str],
) -> Comparison:
    """Compare probabilities of both for the same tracks, (tracks, labels); label and group of each (tracks,).

    Repeated cross-validation gives (repeats, tracks, labels): a track that is right in some repeats counts as that
    share, and a group is drawn with all its repeats. A label without a track in a resample is left out of that
    resample's means. With a single group the interval is -1 to 1 and the probability 0.5.

    Raises ValueError where the shapes differ or there is no track.
    """
    if challenger.shape != champion.shape or len(truth) == 0 or challenger.shape[-2] != len(truth):
        raise ValueError(
            f"Cannot compare probabilities of shapes {challenger.shape} and {champion.shape} on {len(truth)} tracks:"
            " both need the same tracks, at least one."
        )
    labels = challenger.shape[-1]
    group_number = np.unique(np.asarray(group), return_inverse=True)[1]  # (tracks,)
    sums = np.hstack(
        [
            tally(group_number, truth, labels),
            tally(group_number, truth, labels, _share_right(challenger, truth)),
            tally(group_number, truth, labels, _share_right(champion, truth)),
        ]
    )
    new, old = (float(value[0]) for value in _balanced_accuracies(sums.sum(axis=0, keepdims=True)))
    low, high, better = -1.0, 1.0, 0.5
    if len(sums) > 1:
        resampled = _balanced_accuracies(resample(sums, RESAMPLES))
        differences = resampled[0] - resampled[1]
        low, high = interval(differences)
        better = float(np.mean(differences > TIE) + np.mean(differences >= -TIE)) / 2
    return Comparison(new, old, new - old, low, high, better, len(truth), len(sums))


def _share_right(probabilities: NDArray[np.floating], truth: NDArray[np.integer]) -> NDArray[np.float64]:
    """The share of repeats in which each track was predicted correctly, (tracks,)."""
    right = (probabilities.argmax(axis=-1) == truth).reshape(-1, len(truth))
    share: NDArray[np.float64] = right.mean(axis=0)
    return share


def _balanced_accuracies(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of challenger and champion, (rows,) each.

    A row has three parts by label: tracks, correct ones of the challenger, correct ones of the champion.
    """
    support, challenger, champion = np.split(sums, 3, axis=1)
    present = (support > 0).sum(axis=1)
    new, old = (np.nansum(ratio(hits, support), axis=1) / present for hits in (challenger, champion))
    return new, old
