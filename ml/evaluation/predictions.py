"""Calibrated predictions for the items of one level: the input of every metric."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.aggregation import LEVELS, items_by_level
from ml.evaluation.calibration import Temperatures, calibrate


@dataclass(frozen=True, slots=True)
class Predictions:
    """The items of one level, each with its id, true label, probabilities and group."""

    level: str
    item_id: NDArray[np.int64]  # (items,) of the clip or track; crops are numbered in their order
    true: NDArray[np.int64]  # (items,) positions in the label order
    probabilities: NDArray[np.float64]  # (items, labels), rows summing to 1
    group: NDArray[np.str_]  # (items,) tracks that share an artist or album share a group


def predictions_by_level(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    clip_id: NDArray[np.integer],
    track_id: NDArray[np.integer],
    *,
    group: Sequence[str] | None = None,
    temperatures: Temperatures | None = None,
    levels: Sequence[str] = LEVELS,
) -> tuple[Predictions, ...]:
    """The predictions at each level from crops.

    Probabilities are (crops, labels); label, clip id, track id and group (crops,). The mean probabilities of each level
    are calibrated by its temperature. Without `group`, each track is a group. Without crops there are no levels.
    """
    if len(probabilities) == 0:
        return ()
    groups = np.asarray(track_id if group is None else group).astype(np.str_)
    id_of = {"crop": np.arange(len(probabilities)), "clip": clip_id, "track": track_id}
    return tuple(
        Predictions(
            level,
            np.asarray(id_of[level][items.crop], dtype=np.int64),
            truth[items.crop].astype(np.int64),
            calibrate(items.probabilities, getattr(temperatures or Temperatures(), level)),
            groups[items.crop],
        )
        for level, items in items_by_level(probabilities, clip_id, track_id, levels).items()
    )


def tracks_of(predictions: Iterable[Predictions]) -> Predictions:
    """The predictions at level track, which must be among them."""
    return next(of_level for of_level in predictions if of_level.level == "track")


def pooled(parts: Iterable[tuple[Predictions, ...]]) -> tuple[Predictions, ...]:
    """The predictions of several models, of folds or of repeats, in one, ordered by id.

    All models must have the same levels.
    """
    by_level: dict[str, list[Predictions]] = {}
    for part in parts:
        for of_level in part:
            by_level.setdefault(of_level.level, []).append(of_level)
    return tuple(_pooled(level, several) for level, several in by_level.items())


def _pooled(level: str, several: Sequence[Predictions]) -> Predictions:
    item_id = np.concatenate([part.item_id for part in several])
    order = np.argsort(item_id, kind="stable")
    return Predictions(
        level,
        item_id[order],
        np.concatenate([part.true for part in several])[order],
        np.concatenate([part.probabilities for part in several])[order],
        np.concatenate([part.group for part in several])[order],
    )
