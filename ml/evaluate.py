"""How good is it: probabilities of crops to metrics and confusions of crops, clips and tracks.

A clip's probabilities are the mean of its crops', a track's the mean of its clips'. Accuracy comes with a
95 % interval from a bootstrap over groups (tracks that share an artist or album): tracks of one group are
right or wrong together, so that an interval over single crops would be far too narrow.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)

LEVELS: Final = ("crop", "clip", "track")
RESAMPLES: Final = 1000


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
    split: str,
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    clip_id: NDArray[np.integer],
    track_id: NDArray[np.integer],
    group: Sequence[str] | None = None,
) -> Evaluation:
    """Metrics of one split from its crops: probabilities (n, labels); label, clip, track, group (n,).

    Over all labels, at each level: `accuracy` (with interval), `majority` (the share of the most frequent
    label, which accuracy has to beat), `balanced_accuracy`, `macro_f1` (both over the labels that occur),
    `top2_accuracy`, `log_loss`.
    For each label that occurs: `precision`, `recall`, `f1`, with its support as count. Without `group`,
    tracks are the groups; with fewer than two groups there is no interval. No crops, no rows.
    """
    if len(probabilities) == 0:
        return Evaluation((), ())
    columns = list(range(probabilities.shape[1]))
    crops = pd.DataFrame(np.asarray(probabilities, dtype=np.float64), columns=columns)
    crops = crops.assign(
        truth=truth, clip=clip_id, track=track_id, group=list(group) if group is not None else track_id
    )
    about = dict.fromkeys(columns, "mean") | dict.fromkeys(("truth", "track", "group"), "first")
    clips = crops.groupby("clip", as_index=False).agg(about)
    tracks = clips.groupby("track", as_index=False).agg(
        {key: how for key, how in about.items() if key != "track"}
    )
    metrics: list[Metric] = []
    confusions: list[Confusion] = []
    for level, table in zip(LEVELS, (crops, clips, tracks), strict=True):
        true = table["truth"].to_numpy(dtype=np.int64)
        scores = table[columns].to_numpy()
        groups = pd.factorize(table["group"])[0]
        metrics += _overall(split, level, true, scores, groups)
        metrics += _per_label(split, level, true, scores)
        matrix = confusion_matrix(true, scores.argmax(axis=1), labels=columns)
        confusions += [
            Confusion(split, level, row, column, int(matrix[row, column]))
            for row in columns
            for column in columns
        ]
    return Evaluation(tuple(metrics), tuple(confusions))


def _overall(
    split: str, level: str, true: NDArray[np.int64], scores: NDArray[np.float64], groups: NDArray[np.int64]
) -> Iterator[Metric]:
    predicted = scores.argmax(axis=1)
    support = np.bincount(true, minlength=scores.shape[1])
    present = np.flatnonzero(support)  # a label without a single example would count as a failure
    recall = precision_recall_fscore_support(
        true, predicted, labels=present, average="macro", zero_division=0
    )[1]
    best_two = np.argsort(-scores, axis=1, kind="stable")[:, :2]
    values = {
        "majority": support.max() / len(true),
        "balanced_accuracy": recall,
        "macro_f1": f1_score(true, predicted, labels=present, average="macro", zero_division=0),
        "top2_accuracy": (best_two == true[:, None]).any(axis=1).mean(),
        "log_loss": log_loss(true, scores / scores.sum(axis=1, keepdims=True), labels=range(scores.shape[1])),
    }
    low, high = _interval(predicted == true, groups)
    yield Metric(split, level, "accuracy", None, float(accuracy_score(true, predicted)), len(true), low, high)
    for name, value in values.items():
        yield Metric(split, level, name, None, float(value), len(true))


def _per_label(
    split: str, level: str, true: NDArray[np.int64], scores: NDArray[np.float64]
) -> Iterator[Metric]:
    labels = range(scores.shape[1])
    columns = precision_recall_fscore_support(true, scores.argmax(axis=1), labels=labels, zero_division=0)
    for label, (precision, recall, f1, support) in enumerate(zip(*columns, strict=True)):
        if support == 0:
            continue
        for name, value in (("precision", precision), ("recall", recall), ("f1", f1)):
            yield Metric(split, level, name, label, float(value), int(support))


def _interval(right: NDArray[np.bool_], groups: NDArray[np.int64]) -> tuple[float, float] | tuple[None, None]:
    """95 % interval of the share of right answers: whole groups drawn with replacement, from one seed."""
    size = np.bincount(groups)
    if len(size) < 2:
        return None, None
    hits = np.bincount(groups, weights=right)
    draws = np.random.default_rng(0).multinomial(len(size), np.full(len(size), 1 / len(size)), size=RESAMPLES)
    low, high = np.quantile((draws @ hits) / (draws @ size), (0.025, 0.975))
    return float(low), float(high)
