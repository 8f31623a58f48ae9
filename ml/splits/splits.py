"""The three splits, their shares, and the split assignment of a track."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ml.splits.grouping import TrackInfo

# Share of each label's tracks.
SHARES: Final[Mapping[str, float]] = {"train": 0.6, "validation": 0.2, "holdout": 0.2}
# Ties go to holdout before validation: an untuned model is better than an untested one.
PREFERENCE: Final = ("train", "holdout", "validation")
EXCLUDED: Final = "excluded"  # in no split: such a track is in no training


@dataclass(frozen=True, slots=True)
class SplitAssignment:
    """The split of a track, the key of its group, the scheme by which it was grouped, and the reason."""

    split: str  # "train", "validation", "holdout" or "excluded"
    group: str
    scheme: str  # "artist", "album" or "title"
    reason: str  # a phrase, which names other tracks by their ids


@dataclass(frozen=True, slots=True)
class AssignedTrack:
    """A track with an earlier split assignment; `track` is its description as of now."""

    track: TrackInfo
    assignment: SplitAssignment
