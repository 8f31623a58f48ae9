"""How good is it: answers at crop, clip and track level to metrics and confusions.

Every figure comes with a 95 % interval from a bootstrap over groups (tracks that share an artist or album):
tracks of one group are right or wrong together, so that an interval over single crops would be far too narrow.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.bootstrap import interval, resample, tally
from ml.evaluation.metrics import figures, item_sums, ratio
from ml.evaluation.predictions import Predictions


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure; `label` is None where it is over all labels, `count` how many items it rests on."""

    split: str
    level: str
    name: str
    label: int | None
    value: float
    count: int
    ci_low: float | None = None
    ci_high: float | None = None


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often `true` was taken for `predicted`, positions in the label order; zeros have rows too."""

    split: str
    level: str
    true: int
    predicted: int
    count: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All rows of one split."""

    metrics: tuple[Metric, ...]
    confusions: tuple[Confusion, ...]

    def value(self, level: str, name: str, label: int | None = None) -> float:
        """One figure by name, such as `value("track", "accuracy")`. Raises KeyError where there is none."""
        for metric in self.metrics:
            if (metric.level, metric.name, metric.label) == (level, name, label):
                return metric.value
        raise KeyError(f"There is no {name} at level {level} for label {label}.")


def evaluate(
    split: str, answers: Sequence[Predictions], known: Mapping[int, bool] | None = None
) -> Evaluation:
    """Metrics and confusions of what a model said of one split, level by level.

    Over all labels: `accuracy`, `majority` (the share of the most frequent label, which accuracy has to beat),
    `balanced_accuracy`, `macro_f1` (both over the labels that occur), `top2_accuracy`, `ece` (expected
    calibration error: how far confidence and accuracy are apart, in 10 equal bins of confidence), `log_loss`.
    For each label that occurs: `precision`, `recall`, `f1`, with its support as count.
    With `known` (of each track id, whether the model would name a label at all), at level track:
    `known_share`, and where any is known `accuracy_when_known`, with the known tracks as count.

    All but `majority` have a 95 % interval from a bootstrap over groups. A label without an item in a resample
    is left out of that resample's means, and its own figures leave that resample out. Few items in a bin differ
    by chance alone, so the interval of `ece` lies high, at times above the figure itself. With fewer than two
    groups there is no interval. No answers, no rows.
    """
    metrics: list[Metric] = []
    confusions: list[Confusion] = []
    for level in answers:
        group = np.unique(level.group, return_inverse=True)[1]
        metrics += _metrics(split, level, group)
        confusions += _confusions(split, level)
        if level.level == "track" and known is not None:
            metrics += _of_known(
                split, level, group, np.array([known[track] for track in level.item_id.tolist()])
            )
    return Evaluation(tuple(metrics), tuple(confusions))


def _metrics(split: str, answers: Predictions, group: NDArray[np.intp]) -> Iterator[Metric]:
    sums = item_sums(answers.true, answers.probabilities, group)
    values = figures(sums.sum(axis=0, keepdims=True))
    resampled = figures(resample(sums)) if len(sums) > 1 else None
    for name, value in values.overall.items():
        spread = None if resampled is None or name == "majority" else resampled.overall[name]
        yield _metric(split, answers.level, name, None, value[0], len(answers.true), spread)
    for label, support in enumerate(np.bincount(answers.true)):
        if support == 0:
            continue
        for name, value in values.by_label.items():
            spread = None if resampled is None else resampled.by_label[name][:, label]
            yield _metric(split, answers.level, name, label, value[0, label], support, spread)


def _of_known(
    split: str, answers: Predictions, group: NDArray[np.intp], known: NDArray[np.bool_]
) -> Iterator[Metric]:
    right = answers.probabilities.argmax(axis=1) == answers.true
    none = np.zeros_like(answers.true)
    sums = np.hstack([tally(group, none, 1, weight) for weight in (None, known, known & right)])
    values = _known_figures(sums.sum(axis=0, keepdims=True))
    resampled = _known_figures(resample(sums)) if len(sums) > 1 else {}
    for name, count in (("known_share", len(known)), ("accuracy_when_known", known.sum())):
        if not np.isnan(values[name][0]):
            yield _metric(split, answers.level, name, None, values[name][0], count, resampled.get(name))


def _known_figures(sums: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Of rows of tracks, known tracks, known tracks whose label is right: (rows, 3)."""
    tracks, known, right = sums.T
    return {"known_share": ratio(known, tracks), "accuracy_when_known": ratio(right, known)}


def _metric(
    split: str,
    level: str,
    name: str,
    label: int | None,
    value: float,
    count: int,
    spread: NDArray[np.float64] | None,
) -> Metric:
    low, high = (None, None) if spread is None else interval(spread)
    return Metric(split, level, name, label, float(value), int(count), low, high)


def _confusions(split: str, answers: Predictions) -> Iterator[Confusion]:
    labels = answers.probabilities.shape[1]
    pairs = answers.true * labels + answers.probabilities.argmax(axis=1)
    for pair, count in enumerate(np.bincount(pairs, minlength=labels**2).tolist()):
        yield Confusion(split, answers.level, pair // labels, pair % labels, count)
