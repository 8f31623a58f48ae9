"""What a model said of the items of one level, calibrated: everything that its figures are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.aggregation import LEVELS, items_by_level
from ml.evaluation.calibration import Temperatures, calibrate


@dataclass(frozen=True, slots=True)
class Predictions:
    """The items of one level: of each its id, label, probabilities and group."""

    level: str
    item_id: NDArray[np.int64]  # (items,) of the clip or track; crops are numbered as they came
    true: NDArray[np.int64]  # (items,) positions in the label order
    probabilities: NDArray[np.float64]  # (items, labels), rows summing to 1
    group: NDArray[np.str_]  # (items,) tracks that share an artist or album share a group


def predictions_by_level(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    clip_id: NDArray[np.integer],
    track_id: NDArray[np.integer],
    group: Sequence[str] | None = None,
    temperatures: Temperatures | None = None,
    levels: Sequence[str] = LEVELS,
) -> tuple[Predictions, ...]:
    """The answers at each level from crops: probabilities (n, labels); label, clip, track, group (n,).

    At each level the mean probabilities are calibrated by that level's temperature. Without `group`, tracks are
    the groups. No crops, no levels.
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


def tracks_of(answers: Iterable[Predictions]) -> Predictions:
    """The answers at level track, which are always there."""
    return next(one for one in answers if one.level == "track")


def pooled(parts: Iterable[tuple[Predictions, ...]]) -> tuple[Predictions, ...]:
    """The answers of several models, of folds or of repeats, as if one had given them, in order of their ids.

    Each model has to have the same levels.
    """
    together: dict[str, list[Predictions]] = {}
    for part in parts:
        for answers in part:
            together.setdefault(answers.level, []).append(answers)
    return tuple(_pooled(level, some) for level, some in together.items())


def _pooled(level: str, some: Sequence[Predictions]) -> Predictions:
    item_id = np.concatenate([answers.item_id for answers in some])
    order = np.argsort(item_id, kind="stable")
    return Predictions(
        level,
        item_id[order],
        np.concatenate([answers.true for answers in some])[order],
        np.concatenate([answers.probabilities for answers in some])[order],
        np.concatenate([answers.group for answers in some])[order],
    )
