"""What was heard to what is shown: which label sounds when, or none that is known.

A hidden Markov model. Its states are the labels and *unknown*; a state lasts, and changing it costs. Evidence of a
label in a window is the logarithm of its calibrated probability over that of a guess, 1 / labels; evidence of unknown
is the same everywhere, so that unknown is where no label stands out for long; and what sounds like nothing
that was learnt from (silence, or unusual movement: ml.models.novelty) speaks against all labels alike.

The states that are shown are the most probable sequence of which no state is shorter than the minimum, exactly
(Viterbi's algorithm, with a minimum stay); how sure that is comes from the forward-backward algorithm.
All takes time in proportion to windows x states, since all changes cost the same.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.calibration import Calibration, calibrate
from ml.mixes.analyse import WindowScores

UNKNOWN: Final = -1
STAYED: Final = -1  # in place of the state from which a sequence came


@dataclass(frozen=True, slots=True)
class TimelineChoices:
    """Set by `python -m bench.mix` on made mixes; docs/mixes.md has the figures."""

    shortest_s: float = 30.0  # no segment is shorter, unless the recording is
    switch_cost: float = 30.0  # the evidence that a change of state has to bring
    unknown: float = 0.0  # evidence of unknown in each window: a label has to be better than chance by this
    strange: float = 1.0  # evidence against every label where the sound is like nothing learnt from
    # How sure that is: neighbouring windows overlap, and a track that is mistaken for another is so in all of them.
    weight: float = 0.04  # of the evidence of a window
    persistence: float = (
        5.0  # log-odds of staying over changing to a certain other state, from window to window
    )


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one label."""

    start_s: float
    end_s: float
    label: str | None  # None: unknown
    confidence: float  # mean posterior probability of its label


@dataclass(frozen=True, slots=True)
class Timeline:
    """What sounds when. The segments follow each other from 0 to the end of the recording."""

    states: NDArray[np.int64]  # (windows,) position of the label, or UNKNOWN
    posterior: NDArray[np.float32]  # (windows, labels + 1), the last column is unknown; rows sum to 1
    segments: tuple[Segment, ...]


def timeline(
    heard: WindowScores, calibration: Calibration, choices: TimelineChoices = TimelineChoices()
) -> Timeline:
    """The states of all windows, and the segments that they make."""
    scores = evidence(heard, calibration, choices)
    stay = max(1, math.ceil(choices.shortest_s / heard.step_s))
    path = most_probable_path(scores, choices.switch_cost, stay)
    posterior = posteriors(choices.weight * scores, choices.persistence)
    labels = len(heard.labels)
    segments = tuple(_segments(heard, path, posterior))
    return Timeline(np.where(path == labels, UNKNOWN, path), posterior.astype(np.float32), segments)


def evidence(heard: WindowScores, calibration: Calibration, choices: TimelineChoices) -> NDArray[np.float64]:
    """Log-likelihoods of the states in each window, up to a constant: (windows, labels + 1)."""
    windows, labels = heard.probabilities.shape
    scores = np.full((windows, labels + 1), -choices.strange, dtype=np.float64)
    plain = heard.sounding & heard.in_distribution
    calibrated = calibrate(heard.probabilities[plain], calibration.temperatures.crop)
    scores[plain, :labels] = np.log(np.maximum(calibrated * labels, np.finfo(float).tiny))
    scores[:, labels] = np.where(plain, choices.unknown, 0.0)
    return scores


def most_probable_path(scores: NDArray[np.float64], switch_cost: float, stay: int = 1) -> NDArray[np.int64]:
    """The sequence of states, (windows,), with the highest sum of scores, (windows, states), less the cost of changes.

    Only sequences whose states each last for `stay` windows or more count; if there are fewer than twice as many
    windows, it is one state.
    """
    windows, states = scores.shape
    # Row t is about the first t windows: the sums of their scores, the most that a sequence is worth that ends in each
    # state, and the state before that one, where it began `stay` windows before t.
    sums = np.vstack([np.zeros(states), np.cumsum(scores, axis=0)])
    best = np.full((windows + 1, states), -np.inf)
    came_from = np.full((windows + 1, states), STAYED)
    for t in range(min(stay, windows), windows + 1):
        began = t - stay
        if began <= 0:
            best[t] = sums[t]
            continue
        best[t] = best[t - 1] + scores[t - 1]
        leader = int(np.argmax(best[began]))  # whoever changes comes from there: all changes cost the same
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


def posteriors(scores: NDArray[np.float64], persistence: float) -> NDArray[np.float64]:
    """The probability of each state in each window, given all windows, without a minimum stay: (windows, states)."""
    windows, states = scores.shape
    change = 1 / (math.exp(persistence) + states - 1)  # to each of the others
    stay = 1 - states * change  # what staying has beyond that
    likelihood = np.exp(scores - scores.max(axis=1, keepdims=True))
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
    both = forward * backward
    shares: NDArray[np.float64] = both / both.sum(axis=1, keepdims=True)
    return shares


def _segments(heard: WindowScores, path: NDArray[np.int64], posterior: NDArray[np.float64]) -> list[Segment]:
    """Runs of one state. They meet halfway between the middles of two windows."""
    changes = np.flatnonzero(np.diff(path)) + 1
    firsts = [0, *changes.tolist(), len(path)]
    meets = (changes - 0.5) * heard.step_s + heard.window_s / 2
    times = [0.0, *meets.tolist(), heard.duration_s]
    return [
        Segment(
            start_s=times[number],
            end_s=times[number + 1],
            label=heard.labels[path[first]] if path[first] < len(heard.labels) else None,
            confidence=float(posterior[first : firsts[number + 1], path[first]].mean()),
        )
        for number, first in enumerate(firsts[:-1])
    ]
