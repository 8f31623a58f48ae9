"""How well confidence tells known labels from unknown ones: the area under the ROC curve, with its spread."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from ml.bootstrap import interval, resample


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
) -> Auroc:
    """From confidences (tracks,) and groups (tracks,) of known and of unknown tracks, at least one each.

    The spread comes from a bootstrap over groups.
    """
    confidence = np.concatenate([known, unknown])
    truth = np.repeat([1, 0], [len(known), len(unknown)])
    group = np.unique(np.concatenate([known_group, unknown_group]), return_inverse=True)[1]
    # How often each group was drawn: a track counts that often.
    times = resample(np.eye(group.max() + 1))[:, group]
    resampled = np.array([_area(truth, confidence, weights) for weights in times])
    return Auroc(float(roc_auc_score(truth, confidence)), resampled, len(confidence))


def mean(areas: list[Auroc]) -> Auroc:
    """The mean over several labels that were left out, each by models of its own."""
    return Auroc(
        float(np.mean([area.value for area in areas])),
        np.mean([area.resampled for area in areas], axis=0),
        sum(area.tracks for area in areas),
    )


def _area(truth: NDArray[np.int64], confidence: NDArray[np.floating], weights: NDArray[np.float64]) -> float:
    drawn = weights > 0
    if len(np.unique(truth[drawn])) < 2:
        return float("nan")
    return float(roc_auc_score(truth[drawn], confidence[drawn], sample_weight=weights[drawn]))
