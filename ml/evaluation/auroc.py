"""How well confidence tells known labels from unknown ones: the area under the ROC curve, with its spread."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.bootstrap import draws, interval
from ml.evaluation.metrics import ratio


@dataclass(frozen=True, slots=True)
class Auroc:
    """The probability that a model is surer of a known track than of an unknown one; 0.5: no better than guessing."""

    value: float
    resampled: NDArray[np.float64]  # (resamples,) NaN where a resample has no known or no unknown track
    tracks: int

    @property
    def low(self) -> float | None:
        """Lower end of the 95 % interval; None where there are too few groups to tell."""
        return None if np.isnan(self.resampled).all() else interval(self.resampled)[0]

    @property
    def high(self) -> float | None:
        """Upper end of the 95 % interval."""
        return None if np.isnan(self.resampled).all() else interval(self.resampled)[1]


def auroc(
    known: NDArray[np.floating],
    unknown: NDArray[np.floating],
    known_group: NDArray[np.str_],
    unknown_group: NDArray[np.str_],
    groups: Iterable[str] = (),
) -> Auroc:
    """From confidences (tracks,) and groups (tracks,) of known and of unknown tracks, at least one each.

    The spread comes from a bootstrap over `groups`, all of a crate, so that several areas meet the same resamples; else
    over those that occur; with a single group on either side there is none. Memory grows with
    known times unknown tracks.
    """
    surer = (known[:, None] > unknown) + 0.5 * (known[:, None] == unknown)  # of each pair; ties count half
    every = np.unique([*known_group, *unknown_group, *groups])
    times = draws(len(every))  # a track counts as often as its group was drawn
    often, other = (times[:, np.searchsorted(every, some)] for some in (known_group, unknown_group))
    resampled = ratio(((often @ surer) * other).sum(axis=1), often.sum(axis=1) * other.sum(axis=1))
    if min(len(np.unique(known_group)), len(np.unique(unknown_group))) < 2:
        resampled[:] = np.nan
    return Auroc(float(surer.mean()), resampled, len(known) + len(unknown))


def mean(areas: list[Auroc]) -> Auroc:
    """The mean over several labels that were left out, each by models of its own."""
    return Auroc(
        float(np.mean([area.value for area in areas])),
        np.mean([area.resampled for area in areas], axis=0),
        sum(area.tracks for area in areas),
    )
