"""Probabilities that mean what they say, and what is unknown: fitted on tracks the model did not learn from.

Temperature scaling (Guo et al. 2017, "On calibration of modern neural networks") takes every probability to the
power 1 / T: above 1 the model becomes less sure, below 1 surer, and the order of the labels never changes. Each
level has its own, because the mean of several crops is less sure, and more often right, than one crop.

That a track is like none of the labels is told by the calibrated probability of the most probable one (Hendrycks and
Gimpel 2017, "A baseline for detecting misclassified and out-of-distribution examples"). Distances between what the
network knows of tracks (nearest neighbours, Mahalanobis) told no better on real music: docs/model.md.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ml.evaluation.aggregation import items_by_level
from ml.evaluation.metrics import LEAST_PROBABILITY

LOWEST: Final = 0.2  # temperatures that are believed: few tracks, all of them right, would ask for 0
HIGHEST: Final = 5.0
FEWEST_TRACKS: Final = 20  # below, the temperature would be one of these tracks alone
UNKNOWN_SHARE: Final = 0.05  # of tracks of known labels that may be called unknown


@dataclass(frozen=True, slots=True)
class Temperatures:
    """The temperature of each level; at 1.0 probabilities stay as the model gives them."""

    crop: float = 1.0
    clip: float = 1.0
    track: float = 1.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """How sure a model may be, and what it does not know."""

    temperatures: Temperatures = Temperatures()
    unknown_below: float = 0.0  # a track of which the model is less sure is unknown; at 0.0 none is


def fit_calibration(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    clip_id: NDArray[np.integer],
    track_id: NDArray[np.integer],
) -> Calibration:
    """Temperatures and threshold from crops of held-out tracks: probabilities (n, labels), label, clip, track (n,).

    A track is unknown where the most probable label is less probable than for all but UNKNOWN_SHARE of these tracks;
    with fewer than FEWEST_TRACKS none ever is.
    """
    temperatures = fit_temperatures(probabilities, truth, clip_id, track_id)
    if len(np.unique(track_id)) < FEWEST_TRACKS:
        return Calibration(temperatures)
    tracks = items_by_level(probabilities, clip_id, track_id, ["track"])["track"].probabilities
    confidence = calibrate(tracks, temperatures.track).max(axis=1)
    return Calibration(temperatures, float(np.quantile(confidence, UNKNOWN_SHARE)))


def limit(tracks: int) -> str | None:
    """What a model of so few validation tracks cannot do, in a sentence; None where there are enough."""
    if tracks >= FEWEST_TRACKS:
        return None
    return (
        f"Of {tracks} validation tracks nobody can tell how sure this model may be: it calls nothing unknown;"
        f" {FEWEST_TRACKS} are enough, and come with more artists and albums."
    )


def fit_temperatures(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    clip_id: NDArray[np.integer],
    track_id: NDArray[np.integer],
) -> Temperatures:
    """The temperatures with the least log loss, between LOWEST and HIGHEST, on crops of held-out tracks.

    Probabilities (n, labels), label, clip and track of each crop (n,); a level's items count alike. With fewer
    than FEWEST_TRACKS tracks all temperatures are 1.0.
    """
    if len(np.unique(track_id)) < FEWEST_TRACKS:
        return Temperatures()
    levels = items_by_level(probabilities, clip_id, track_id)
    return Temperatures(
        **{level: _fit(items.probabilities, truth[items.crop]) for level, items in levels.items()}
    )


def calibrate(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Probabilities (n, labels) to the power 1 / temperature, rows summing to 1 again."""
    logits = _logits(probabilities) / temperature
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
    return shares


def _fit(probabilities: NDArray[np.float64], truth: NDArray[np.integer]) -> float:
    logits = _logits(probabilities)
    from scipy.optimize import minimize_scalar  # takes half a second, and only a training fits

    own = logits[np.arange(len(truth)), truth].mean()

    def loss(log_temperature: float) -> float:
        sharpness = np.exp(-log_temperature)
        return float(logsumexp(logits * sharpness, axis=1).mean() - own * sharpness)

    # The loss is convex in 1 / T, so that it has one valley in log T, too.
    found = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(np.exp(found.x))


def _logits(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), LEAST_PROBABILITY))
