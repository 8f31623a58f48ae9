"""Figures of a classifier, all computed from sums over items.

Because nothing but sums is needed, one function serves the figures of all items and those of a thousand
resamples: see ml.evaluation.bootstrap.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.bootstrap import tally

BINS: Final = 10  # of equal width over the probability of the most probable label
LEAST_PROBABILITY: Final = float(np.finfo(np.float64).eps)  # counts in its place, so that no loss is infinite


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of each row of sums; NaN where a row holds nothing to compute them from."""

    overall: dict[str, NDArray[np.float64]]  # name to (rows,)
    by_label: dict[str, NDArray[np.float64]]  # name to (rows, labels)


def item_sums(
    true: NDArray[np.integer], probabilities: NDArray[np.float64], group: NDArray[np.integer]
) -> NDArray[np.float64]:
    """What `figures` needs, per group: (groups, 3 * labels + 2 + BINS).

    For each label its items that were recognised, the items taken for it, its items; then the items whose
    label is among the two most probable, and the loss; then for each bin of confidence how often the items in
    it are right, less how often their confidence promises.
    """
    labels = probabilities.shape[1]
    shares = probabilities / probabilities.sum(axis=1, keepdims=True)
    best_two = np.argsort(-shares, axis=1, kind="stable")[:, :2]
    predicted = best_two[:, 0]
    right = predicted == true
    confidence = shares.max(axis=1)
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    own = np.maximum(shares[np.arange(len(true)), true], LEAST_PROBABILITY)
    none = np.zeros_like(true)
    return np.hstack(
        [
            tally(group, true, labels, right),
            tally(group, predicted, labels),
            tally(group, true, labels),
            tally(group, none, 1, (best_two == true[:, None]).any(axis=1)),
            tally(group, none, 1, -np.log(own)),
            tally(group, bins, BINS, right - confidence),
        ]
    )


def figures(sums: NDArray[np.float64]) -> Figures:
    """Figures of each row of `item_sums`, or of sums over such rows: (rows, 3 * labels + 2 + BINS).

    A label without an item in a row is left out of that row's means. A label that is never predicted has the
    precision 0.
    """
    labels = (sums.shape[1] - 2 - BINS) // 3
    right, taken, support, best_two, loss, gaps = np.split(
        sums, np.cumsum([labels, labels, labels, 1, 1]), axis=1
    )
    occurs = support > 0
    recall = ratio(right, support)
    precision = np.where(occurs, ratio(right, np.maximum(taken, 1)), np.nan)
    f1 = np.where(occurs, ratio(2 * right, taken + support), np.nan)
    items = support.sum(axis=1)
    present = occurs.sum(axis=1)
    return Figures(
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
    """`part / whole`, NaN where the whole is nothing."""
    share = np.full(part.shape, np.nan)
    np.divide(part, whole, out=share, where=whole != 0)
    return share
