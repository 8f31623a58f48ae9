"""Parameters of ml.mixes.segmentation, set on mixes with known labels."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.mix.scores import Stretch, boundaries, hits, right_seconds
from bench.mix.sets import AnalysedMix
from ml.mixes.segmentation import Segment, Timeline, TimelineChoices, timeline

WITHIN_S = 30.0
LOST = 0.05  # of the time of known labels may be called unknown: as ml.evaluation.calibration.UNKNOWN_SHARE of tracks
SWITCH_COSTS = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 60.0, 90.0)
UNKNOWNS = (-10.0, -1.0, -0.75, -0.5, -0.25, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
WEIGHTS = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2)
PERSISTENCES = (3.0, 4.0, 5.0, 6.0, 7.0)


def set_choices(mixes: Sequence[AnalysedMix]) -> TimelineChoices:
    """The parameters, set one after another on mixes of known labels.

    First the cost of a change, by accuracy and boundaries, with nothing unknown. Then the highest evidence for unknown
    that makes at most LOST of the time unknown. Last the weight and the persistence, by the log loss of the posterior.
    """
    known = replace(TimelineChoices(), unknown=-10.0)
    choices = max(
        (replace(known, switch_cost=cost) for cost in SWITCH_COSTS),
        key=lambda candidate: quality(mixes, candidate),
    )
    levels = [replace(choices, unknown=level) for level in UNKNOWNS]
    within = [candidate for candidate in levels if unknown_share(mixes, candidate) <= LOST]
    choices = within[-1] if within else levels[0]
    candidates = [
        replace(choices, weight=weight, persistence=persistence)
        for weight, persistence in itertools.product(WEIGHTS, PERSISTENCES)
    ]
    return min(candidates, key=lambda candidate: log_loss(mixes, candidate))


def timeline_of(mix: AnalysedMix, choices: TimelineChoices) -> Timeline:
    return timeline(mix.scores, mix.calibration, choices)


def stretches(segments: Sequence[Segment]) -> tuple[Stretch, ...]:
    return tuple(Stretch(segment.start_s, segment.end_s, segment.label) for segment in segments)


def quality(mixes: Sequence[AnalysedMix], choices: TimelineChoices) -> float:
    """The mean of the share of the time that is right and the F-measure of boundaries within WITHIN_S."""
    right = total = 0.0
    found = true = matching = 0
    for mix in mixes:
        segments = stretches(timeline_of(mix, choices).segments)
        right += right_seconds(mix.truth, segments)
        total += mix.truth[-1].end_s
        true += len(boundaries(mix.truth))
        found += len(boundaries(segments))
        matching += hits(boundaries(mix.truth), boundaries(segments), WITHIN_S)
    return (right / total + 2 * matching / (true + found)) / 2


def unknown_share(mixes: Sequence[AnalysedMix], choices: TimelineChoices) -> float:
    lost = sum(
        segment.end_s - segment.start_s
        for mix in mixes
        for segment in timeline_of(mix, choices).segments
        if segment.label is None
    )
    return lost / sum(mix.truth[-1].end_s for mix in mixes)


def log_loss(mixes: Sequence[AnalysedMix], choices: TimelineChoices) -> float:
    """The log loss of the posterior, mean over all windows; the true label is that in the middle of a window."""
    losses = []
    for mix in mixes:
        posterior = timeline_of(mix, choices).posterior
        middles = np.arange(len(posterior)) * mix.scores.step_s + mix.scores.window_s / 2
        position = np.searchsorted([stretch.end_s for stretch in mix.truth], middles).clip(
            max=len(mix.truth) - 1
        )
        label = [mix.scores.labels.index(mix.truth[number].label or "") for number in position]
        losses.append(-np.log(np.maximum(posterior[np.arange(len(posterior)), label], 1e-6)))
    return float(np.concatenate(losses).mean())
