"""Metrics of a classifier, all computed from sums over items.

Since they only need sums, one function computes the metrics of all items and those of a thousand resamples: see
ml.evaluation.bootstrap.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.bootstrap import tally

BINS: Final = 10  # of equal width over the probability of the most probable label
# Lower probabilities are raised to it, so that no loss is infinite.
LEAST_PROBABILITY: Final = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Metrics:
    """Metrics of each row of sums; NaN where they are not defined."""

    overall: dict[str, NDArray[np.float64]]  # name to (rows,)
    by_label: dict[str, NDArray[np.float64]]  # name to (rows, labels)


def item_sums(
    true: NDArray[np.integer], probabilities: NDArray[np.float64], group: NDArray[np.integer]
) -> NDArray[np.float64]:
    """The sums that `metrics_of` needs, per group: (groups, 3 * labels + 2 + BINS).

    `true` and `group` are (items,), probabilities (items, labels). The columns are: for each label its correct items,
    the items predicted as it, and its items; the items whose label is among the two most probable; the loss; for each
    bin of confidence the correct items less the sum of confidence.
    """
    labels = probabilities.shape[1]
    shares = probabilities / probabilities.sum(axis=1, keepdims=True)
    best_two = np.argsort(-shares, axis=1, kind="stable")[:, :2]
    predicted = best_two[:, 0]
    right = predicted == true
    confidence = shares.max(axis=1)
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    of_true = np.maximum(shares[np.arange(len(true)), true], LEAST_PROBABILITY)  # (items,)
    one_column = np.zeros_like(true)
    return np.hstack(
        [
            tally(group, true, labels, right),
            tally(group, predicted, labels),
            tally(group, true, labels),
            tally(group, one_column, 1, (best_two == true[:, None]).any(axis=1)),
            tally(group, one_column, 1, -np.log(of_true)),
            tally(group, bins, BINS, right - confidence),
        ]
    )


def metrics_of(sums: NDArray[np.float64]) -> Metrics:
    """Metrics of each row of `item_sums`, or of sums over such rows: (rows, 3 * labels + 2 + BINS).

    A label without an item in a row is left out of that row's means. A label that is never predicted has the
    precision 0.
    """
    labels = (sums.shape[1] - 2 - BINS) // 3
    right, predicted, support, best_two, loss, gaps = np.split(
        sums, np.cumsum([labels, labels, labels, 1, 1]), axis=1
    )
    occurs = support > 0
    recall = ratio(right, support)
    precision = np.where(occurs, ratio(right, np.maximum(predicted, 1)), np.nan)
    f1 = np.where(occurs, ratio(2 * right, predicted + support), np.nan)
    items = support.sum(axis=1)
    present = occurs.sum(axis=1)
    return Metrics(
        overall={
            "accuracy": ratio(right.sum(axis=1), items),
            "majority": ratio(support.max(axis=1), items),
            "balanced_accuracy": ratio(np.nansum(recall, axis=1), present),
            "macro_f1": ratio(np.nansum(f1, axis=1), present),
            "top2_accuracy": ratio(best_two[:, 0], items),
            "ece": ratio(np.abs(gaps).sum(axis=1), items),
            "log_loss": ratio(loss[:, 0], items),
        },
        by_label={"precision": precision, "recall": recall, "f1": f1},
    )


def ratio(
    part: NDArray[np.float64], whole: NDArray[np.floating] | NDArray[np.integer]
) -> NDArray[np.float64]:
    """`part / whole`, NaN where the whole is 0."""
    share = np.full(part.shape, np.nan)
    np.divide(part, whole, out=share, where=whole != 0)
    return share
