"""How well confidence separates known labels from unknown ones: the area under the ROC curve, with its interval."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.bootstrap import draws, interval
from ml.evaluation.metrics import ratio


@dataclass(frozen=True, slots=True)
class Auroc:
    """The probability that confidence is higher for a known track than for an unknown one; 0.5 is a guess."""

    value: float
    resampled: NDArray[np.float64]  # (resamples,) NaN where a resample has no known or no unknown track
    tracks: int

    @property
    def low(self) -> float | None:
        """Lower end of the 95 % interval; None where there are too few groups."""
        return None if np.isnan(self.resampled).all() else interval(self.resampled)[0]

    @property
    def high(self) -> float | None:
        """Upper end of the 95 % interval; None where there are too few groups."""
        return None if np.isnan(self.resampled).all() else interval(self.resampled)[1]


def auroc(
    known: NDArray[np.floating],
    unknown: NDArray[np.floating],
    known_group: NDArray[np.str_],
    unknown_group: NDArray[np.str_],
    groups: Iterable[str] = (),
) -> Auroc:
    """From confidences (tracks,) and groups (tracks,) of known and of unknown tracks, at least one each.

    The interval comes from a bootstrap over `groups`, all of a dataset, so that several areas have the same resamples;
    else over the groups that occur. With a single group of known or of unknown tracks there is none. Memory grows with
    known times unknown tracks.
    """
    # (known tracks, unknown tracks); ties count half
    is_higher = (known[:, None] > unknown) + 0.5 * (known[:, None] == unknown)
    all_groups = np.unique([*known_group, *unknown_group, *groups])
    times = draws(len(all_groups))  # (resamples, groups): a track counts as often as its group was drawn
    known_times, unknown_times = (
        times[:, np.searchsorted(all_groups, group)] for group in (known_group, unknown_group)
    )
    resampled = ratio(
        ((known_times @ is_higher) * unknown_times).sum(axis=1),
        known_times.sum(axis=1) * unknown_times.sum(axis=1),
    )
    if min(len(np.unique(known_group)), len(np.unique(unknown_group))) < 2:
        resampled[:] = np.nan
    return Auroc(float(is_higher.mean()), resampled, len(known) + len(unknown))


def mean_auroc(areas: list[Auroc]) -> Auroc:
    """The mean over several labels, each left out of other models."""
    return Auroc(
        float(np.mean([area.value for area in areas])),
        np.mean([area.resampled for area in areas], axis=0),
        sum(area.tracks for area in areas),
    )
