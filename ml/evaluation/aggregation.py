"""Aggregation: probabilities of a clip are the mean of its crops, those of a track the mean of its clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEVELS: Final = ("crop", "clip", "track")


@dataclass(frozen=True, slots=True)
class Items:
    """The items of one level, ordered by their id; crops keep their order.

    `crop` is the row of the first crop of each item. It selects values that all crops of an item share, as in
    `truth[items.crop]`.
    """

    probabilities: NDArray[np.float64]  # (items, labels)
    crop: NDArray[np.intp]  # (items,)


def items_by_level(
    probabilities: NDArray[np.floating],
    clip_id: NDArray[np.integer],
    track_id: NDArray[np.integer],
    levels: Sequence[str] = LEVELS,
) -> dict[str, Items]:
    """The items of each level from crops: probabilities (crops, labels), clip and track ids (crops,)."""
    crops = Items(np.asarray(probabilities, dtype=np.float64), np.arange(len(probabilities)))
    clips = _means(crops, clip_id)
    tracks = _means(clips, track_id[clips.crop])
    items_of = dict(zip(LEVELS, (crops, clips, tracks), strict=True))
    return {level: items_of[level] for level in levels}


def _means(parts: Items, whole_id: NDArray[np.integer]) -> Items:
    """The mean of the parts that share an id, (parts,): one item an id."""
    if len(whole_id) == 0:
        return parts
    order = np.argsort(whole_id, kind="stable")
    _, start, size = np.unique(whole_id[order], return_index=True, return_counts=True)
    sums = np.add.reduceat(parts.probabilities[order], start, axis=0)
    return Items(sums / size[:, None], parts.crop[order[start]])
