"""Evaluation: from predictions at crop, clip and track level to metrics and confusions.

Metrics have a 95 % interval from a bootstrap over groups (tracks that share an artist or album). Tracks of one group
are right or wrong together, so an interval over single crops would be far too narrow.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.bootstrap import interval, resample, tally
from ml.evaluation.metrics import item_sums, metrics_of, ratio
from ml.evaluation.predictions import Predictions


@dataclass(frozen=True, slots=True)
class Metric:
    """The value of one metric. `label` is None for all labels together; `count` is the number of items."""

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
    """How many items of label `true` were predicted as `predicted`, positions in the label order; also where 0."""

    split: str
    level: str
    true: int
    predicted: int
    count: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All metrics and confusions of one split."""

    metrics: tuple[Metric, ...]
    confusions: tuple[Confusion, ...]

    def value(self, level: str, name: str, label: int | None = None) -> float:
        """One value by name, such as `value("track", "accuracy")`. Raises KeyError where there is none."""
        for metric in self.metrics:
            if (metric.level, metric.name, metric.label) == (level, name, label):
                return metric.value
        raise KeyError(f"There is no {name} at level {level} for label {label}.")


def evaluate(
    split: str, predictions: Sequence[Predictions], known: Mapping[int, bool] | None = None
) -> Evaluation:
    """Metrics and confusions of the predictions for one split, level by level.

    Over all labels: `accuracy`, `majority` (the share of the most frequent label, which accuracy has to beat),
    `balanced_accuracy`, `macro_f1` (both over the labels that occur), `top2_accuracy`, `ece` (expected
    calibration error: how far confidence and accuracy are apart, in 10 equal bins of confidence), `log_loss`.
    For each label that occurs: `precision`, `recall`, `f1`, with its support as count.
    With `known` (by track id, False where the track is unknown to the model), at level track: `known_share`, and where
    any track is known `accuracy_when_known`, with the known tracks as count.

    All but `majority` have a 95 % interval from a bootstrap over groups. A label without an item in a resample is left
    out of that resample's means, and its own metrics leave that resample out. The interval of `ece` is biased upwards,
    at times above its value, since small bins differ by chance. With fewer than two groups there is no interval.
    Without predictions the result is empty.
    """
    metrics: list[Metric] = []
    confusions: list[Confusion] = []
    for level in predictions:
        group = np.unique(level.group, return_inverse=True)[1]
        metrics += _metrics(split, level, group)
        confusions += _confusions(split, level)
        if level.level == "track" and known is not None:
            metrics += _of_known(
                split, level, group, np.array([known[track] for track in level.item_id.tolist()])
            )
    return Evaluation(tuple(metrics), tuple(confusions))


def _metrics(split: str, predictions: Predictions, group: NDArray[np.intp]) -> Iterator[Metric]:
    """The metrics of one level; `group` numbers the group of each item, (items,)."""
    sums = item_sums(predictions.true, predictions.probabilities, group)
    values = metrics_of(sums.sum(axis=0, keepdims=True))
    resampled = metrics_of(resample(sums)) if len(sums) > 1 else None
    for name, value in values.overall.items():
        spread = None if resampled is None or name == "majority" else resampled.overall[name]
        yield Metric(
            split, predictions.level, name, None, float(value[0]), len(predictions.true), *_interval(spread)
        )
    for label, support in enumerate(np.bincount(predictions.true).tolist()):
        if support == 0:
            continue
        for name, value in values.by_label.items():
            spread = None if resampled is None else resampled.by_label[name][:, label]
            yield Metric(
                split, predictions.level, name, label, float(value[0, label]), support, *_interval(spread)
            )


def _of_known(
    split: str, predictions: Predictions, group: NDArray[np.intp], known: NDArray[np.bool_]
) -> Iterator[Metric]:
    """The metrics of known tracks; `group` and `known` are (tracks,)."""
    right = predictions.probabilities.argmax(axis=1) == predictions.true
    one_column = np.zeros_like(predictions.true)
    sums = np.hstack([tally(group, one_column, 1, weight) for weight in (None, known, known & right)])
    values = _known_metrics(sums.sum(axis=0, keepdims=True))
    resampled = _known_metrics(resample(sums)) if len(sums) > 1 else {}
    for name, count in (("known_share", len(known)), ("accuracy_when_known", int(known.sum()))):
        value = float(values[name][0])
        if not np.isnan(value):
            spread = resampled.get(name)
            yield Metric(split, predictions.level, name, None, value, count, *_interval(spread))


def _known_metrics(sums: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Metrics of rows with the numbers of tracks, of known ones and of correct known ones: (rows, 3)."""
    tracks, known, right = sums.T
    return {"known_share": ratio(known, tracks), "accuracy_when_known": ratio(right, known)}


def _interval(spread: NDArray[np.float64] | None) -> tuple[float | None, float | None]:
    return (None, None) if spread is None else interval(spread)


def _confusions(split: str, predictions: Predictions) -> Iterator[Confusion]:
    labels = predictions.probabilities.shape[1]
    pairs = predictions.true * labels + predictions.probabilities.argmax(axis=1)
    for pair, count in enumerate(np.bincount(pairs, minlength=labels**2).tolist()):
        yield Confusion(split, predictions.level, pair // labels, pair % labels, count)
