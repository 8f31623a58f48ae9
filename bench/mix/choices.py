"""How the numbers of ml.mixes.segmentation are set, on mixes whose truth is known."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.mix.scores import Stretch, boundaries, hits, right_seconds
from bench.mix.sets import Listened
from ml.mixes.segmentation import Segment, Timeline, TimelineChoices, timeline

WITHIN_S = 30.0
LOST = 0.05  # of the time of known labels may be called unknown: as ml.evaluation.calibration.UNKNOWN_SHARE of tracks
SWITCH_COSTS = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 60.0, 90.0)
UNKNOWNS = (-10.0, -1.0, -0.75, -0.5, -0.25, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
WEIGHTS = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2)
PERSISTENCES = (3.0, 4.0, 5.0, 6.0, 7.0)


def set_choices(mixes: Sequence[Listened]) -> TimelineChoices:
    """One after another: the cost of a change by accuracy and boundaries, with nothing unknown; the highest level
    of unknown at which no more than LOST of these mixes, all of known labels, is lost to it; how sure that is, by the
    log loss of the posterior.
    """
    known = replace(TimelineChoices(), unknown=-10.0)
    choices = max(
        (replace(known, switch_cost=cost) for cost in SWITCH_COSTS), key=lambda one: worth(mixes, one)
    )
    levels = [replace(choices, unknown=level) for level in UNKNOWNS]
    within = [one for one in levels if unknown_share(mixes, one) <= LOST]
    choices = within[-1] if within else levels[0]
    sure = [
        replace(choices, weight=weight, persistence=persistence)
        for weight, persistence in itertools.product(WEIGHTS, PERSISTENCES)
    ]
    return min(sure, key=lambda one: log_loss(mixes, one))


def shown(mix: Listened, choices: TimelineChoices) -> Timeline:
    return timeline(mix.heard, mix.calibration, choices)


def stretches(segments: Sequence[Segment]) -> tuple[Stretch, ...]:
    return tuple(Stretch(segment.start_s, segment.end_s, segment.label) for segment in segments)


def worth(mixes: Sequence[Listened], choices: TimelineChoices) -> float:
    """The mean of the share of the time that is right and the F-measure of boundaries within WITHIN_S."""
    right = everything = 0.0
    found = true = both = 0
    for mix in mixes:
        said = stretches(shown(mix, choices).segments)
        right += right_seconds(mix.truth, said)
        everything += mix.truth[-1].end_s
        true += len(boundaries(mix.truth))
        found += len(boundaries(said))
        both += hits(boundaries(mix.truth), boundaries(said), WITHIN_S)
    return (right / everything + 2 * both / (true + found)) / 2


def unknown_share(mixes: Sequence[Listened], choices: TimelineChoices) -> float:
    lost = sum(
        one.end_s - one.start_s for mix in mixes for one in shown(mix, choices).segments if one.label is None
    )
    return lost / sum(mix.truth[-1].end_s for mix in mixes)


def log_loss(mixes: Sequence[Listened], choices: TimelineChoices) -> float:
    """Mean over all windows of what the posterior says of the label that sounds in the middle of each."""
    losses = []
    for mix in mixes:
        posterior = shown(mix, choices).posterior
        middles = np.arange(len(posterior)) * mix.heard.step_s + mix.heard.window_s / 2
        place = np.searchsorted([one.end_s for one in mix.truth], middles).clip(max=len(mix.truth) - 1)
        label = [mix.heard.labels.index(mix.truth[number].label or "") for number in place]
        losses.append(-np.log(np.maximum(posterior[np.arange(len(posterior)), label], 1e-6)))
    return float(np.concatenate(losses).mean())
