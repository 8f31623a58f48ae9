"""Segmentation of a recording: from the scores of windows to segments of one label, or of none (unknown).

A hidden Markov model. Its states are the labels and *unknown*; a change of state has a cost. The evidence for a label
in a window is the logarithm of its calibrated probability over that of a guess, 1 / labels. The evidence for unknown is
constant, so unknown wins where no label is clearly more probable for long. Windows that are silent or out of
distribution (ml.models.novelty) are evidence against all labels alike.

The segments are the most probable sequence of states of which none is shorter than the minimum: Viterbi's algorithm
with a minimum stay, which is exact. Confidence comes from the forward-backward algorithm. Both take time in proportion
to windows x states, since all changes have the same cost.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.calibration import Calibration, calibrate
from ml.mixes.analyse import WindowScores
from ml.models.crop_scores import runs

UNKNOWN: Final = -1
STAYED: Final = -1  # in place of a previous state: the state did not change


@dataclass(frozen=True, slots=True)
class TimelineChoices:
    """Parameters, set by `python -m bench.mix` on synthetic mixes; docs/mixes.md has the metrics."""

    shortest_s: float = 30.0  # no segment is shorter, unless the recording is
    switch_cost: float = 30.0  # the evidence that a change of state needs
    unknown: float = 0.0  # evidence for unknown in each window: a label has to be better than a guess by this
    strange: float = 1.0  # evidence against every label in windows that are silent or out of distribution
    # Weight of a window's evidence in the confidence. Small, since windows overlap, and errors are alike in all windows
    # of a track.
    weight: float = 0.04
    # Log-odds, from one window to the next, of staying over changing to one certain other state.
    persistence: float = 5.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a recording with one label."""

    start_s: float
    end_s: float
    label: str | None  # None: unknown
    confidence: float  # mean posterior probability of its label


@dataclass(frozen=True, slots=True)
class Timeline:
    """The labels over time. The segments follow each other from 0 to the end of the recording."""

    states: NDArray[np.int64]  # (windows,) position of the label, or UNKNOWN
    # (windows, labels + 1), the last column is unknown; rows sum to 1
    posterior: NDArray[np.float32]
    segments: tuple[Segment, ...]


def timeline(
    scores: WindowScores, calibration: Calibration, choices: TimelineChoices = TimelineChoices()
) -> Timeline:
    """The states of all windows, and the segments that they form."""
    likelihoods = evidence(scores, calibration, choices)
    stay = max(1, math.ceil(choices.shortest_s / scores.step_s))
    path = most_probable_path(likelihoods, choices.switch_cost, stay)
    posterior = posteriors(choices.weight * likelihoods, choices.persistence)
    labels = len(scores.labels)
    segments = tuple(_segments(scores, path, posterior))
    return Timeline(np.where(path == labels, UNKNOWN, path), posterior.astype(np.float32), segments)


def evidence(scores: WindowScores, calibration: Calibration, choices: TimelineChoices) -> NDArray[np.float64]:
    """Log-likelihoods of the states in each window, up to a constant: (windows, labels + 1)."""
    windows, labels = scores.probabilities.shape
    likelihoods = np.full((windows, labels + 1), -choices.strange, dtype=np.float64)
    music = scores.sounding & scores.in_distribution  # (windows,)
    calibrated = calibrate(scores.probabilities[music], calibration.temperatures.crop)
    likelihoods[music, :labels] = np.log(np.maximum(calibrated * labels, np.finfo(float).tiny))
    likelihoods[:, labels] = np.where(music, choices.unknown, 0.0)
    return likelihoods


def most_probable_path(
    likelihoods: NDArray[np.float64], switch_cost: float, stay: int = 1
) -> NDArray[np.int64]:
    """The sequence of states, (windows,), with the highest sum of log-likelihoods less the costs of its changes.

    `likelihoods` are (windows, states). Each state lasts for `stay` windows or more. For fewer than twice as many
    windows the result is one state.
    """
    windows, states = likelihoods.shape
    # Row t is about the first t windows: the sums of their log-likelihoods, the best value of a sequence that ends in
    # each state, and the state before that one, where it began `stay` windows before t.
    sums = np.vstack([np.zeros(states), np.cumsum(likelihoods, axis=0)])
    best = np.full((windows + 1, states), -np.inf)
    came_from = np.full((windows + 1, states), STAYED)
    for t in range(min(stay, windows), windows + 1):
        began = t - stay
        if began <= 0:
            best[t] = sums[t]
            continue
        best[t] = best[t - 1] + likelihoods[t - 1]
        # Every change comes from the best state, since all changes have the same cost.
        leader = int(np.argmax(best[began]))
        entered = best[began, leader] - switch_cost + sums[t] - sums[began]
        better = entered > best[t]
        best[t] = np.where(better, entered, best[t])
        came_from[t] = np.where(better, leader, STAYED)
    path = np.empty(windows, dtype=np.int64)
    t, state = windows, int(np.argmax(best[windows]))
    while t > 0:
        if came_from[t, state] == STAYED:
            path[t - 1] = state
            t -= 1
        else:
            path[t - stay : t] = state
            t, state = t - stay, int(came_from[t, state])
    return path


def posteriors(log_likelihoods: NDArray[np.float64], persistence: float) -> NDArray[np.float64]:
    """The probability of each state in each window, given all windows, without a minimum stay: (windows, states)."""
    windows, states = log_likelihoods.shape
    change = 1 / (math.exp(persistence) + states - 1)  # probability of each of the other states
    stay = 1 - states * change  # additional probability of the same state
    likelihood = np.exp(log_likelihoods - log_likelihoods.max(axis=1, keepdims=True))
    forward = np.empty_like(likelihood)
    backward = np.ones_like(likelihood)
    so_far = np.full(states, 1 / states)
    for t in range(windows):
        so_far = (stay * so_far + change) * likelihood[t] if t else so_far * likelihood[t]
        so_far /= so_far.sum()
        forward[t] = so_far
    for t in range(windows - 1, 0, -1):
        after = backward[t] * likelihood[t]
        after = stay * after + change * after.sum()
        backward[t - 1] = after / after.sum()
    product = forward * backward
    posterior: NDArray[np.float64] = product / product.sum(axis=1, keepdims=True)
    return posterior


def _segments(scores: WindowScores, path: NDArray[np.int64], posterior: NDArray[np.float64]) -> list[Segment]:
    """Runs of one state in `path` (windows,)."""
    return [
        Segment(
            start_s=run.start_s,
            end_s=run.end_s,
            label=scores.labels[state] if (state := path[run.first]) < len(scores.labels) else None,
            confidence=float(posterior[run.first : run.end, state].mean()),
        )
        for run in runs(path, scores.window_s, scores.step_s, scores.duration_s)
    ]
