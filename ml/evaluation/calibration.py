"""Calibration of probabilities, and the threshold for unknown tracks: fitted on tracks outside of the training.

Temperature scaling (Guo et al. 2017, "On calibration of modern neural networks") raises every probability to the power
1 / T: above 1 confidence falls, below 1 it rises, and the order of the labels never changes. Each level has its own
temperature, because the mean of several crops is less confident, and more often right, than one crop.

A track is unknown where the calibrated probability of its most probable label is low (Hendrycks and Gimpel 2017, "A
baseline for detecting misclassified and out-of-distribution examples"). Distances between embeddings (nearest
neighbours, Mahalanobis) were not better on real music: docs/model.md.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ml.evaluation.aggregation import items_by_level
from ml.evaluation.metrics import LEAST_PROBABILITY

# Bounds of temperatures: the best fit to a few tracks, all of them right, would be 0.
LOWEST: Final = 0.2
HIGHEST: Final = 5.0
FEWEST_TRACKS: Final = 20  # fewer tracks are no sample: the temperature would fit single tracks
UNKNOWN_SHARE: Final = 0.05  # of tracks of known labels that may be predicted as unknown


@dataclass(frozen=True, slots=True)
class Temperatures:
    """The temperature of each level; 1.0 leaves probabilities unchanged."""

    crop: float = 1.0
    clip: float = 1.0
    track: float = 1.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """The temperatures of a model, and its threshold for unknown tracks."""

    temperatures: Temperatures = Temperatures()
    unknown_below: float = 0.0  # tracks with less confidence are unknown; 0.0: none is


def fit_calibration(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    clip_id: NDArray[np.integer],
    track_id: NDArray[np.integer],
) -> Calibration:
    """Temperatures and threshold from crops of validation tracks.

    Probabilities are (crops, labels); label, clip id and track id of each crop (crops,). The threshold is the
    confidence that all but UNKNOWN_SHARE of these tracks reach; with fewer than FEWEST_TRACKS there is none.
    """
    temperatures = fit_temperatures(probabilities, truth, clip_id, track_id)
    if len(np.unique(track_id)) < FEWEST_TRACKS:
        return Calibration(temperatures)
    tracks = items_by_level(probabilities, clip_id, track_id, ["track"])["track"].probabilities
    confidence = calibrate(tracks, temperatures.track).max(axis=1)
    return Calibration(temperatures, float(np.quantile(confidence, UNKNOWN_SHARE)))


def calibration_remark(tracks: int) -> str | None:
    """The limits of a model with so few validation tracks, as a sentence; None where there are enough."""
    if tracks >= FEWEST_TRACKS:
        return None
    return (
        f"{tracks} validation tracks are too few to calibrate this model, so it finds no track unknown:"
        f" add artists and albums until there are {FEWEST_TRACKS}."
    )


def fit_temperatures(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    clip_id: NDArray[np.integer],
    track_id: NDArray[np.integer],
) -> Temperatures:
    """The temperatures with the least log loss, between LOWEST and HIGHEST, on crops of validation tracks.

    Probabilities are (crops, labels); label, clip id and track id (crops,). All items of a level have the same weight.
    With fewer than FEWEST_TRACKS tracks all temperatures are 1.0.
    """
    if len(np.unique(track_id)) < FEWEST_TRACKS:
        return Temperatures()
    levels = items_by_level(probabilities, clip_id, track_id)
    return Temperatures(
        **{level: _fit(items.probabilities, truth[items.crop]) for level, items in levels.items()}
    )


def calibrate(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Probabilities (items, labels) to the power 1 / temperature, scaled so that rows sum to 1."""
    logits = _logits(probabilities) / temperature
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
    return shares


def _fit(probabilities: NDArray[np.float64], truth: NDArray[np.integer]) -> float:
    logits = _logits(probabilities)
    from scipy.optimize import minimize_scalar  # takes half a second, and only a training fits

    true_logit = logits[np.arange(len(truth)), truth].mean()

    def loss(log_temperature: float) -> float:
        sharpness = np.exp(-log_temperature)
        return float(logsumexp(logits * sharpness, axis=1).mean() - true_logit * sharpness)

    # The loss is convex in 1 / T, so it has one minimum in log T, too.
    best = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(np.exp(best.x))


def _logits(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), LEAST_PROBABILITY))
