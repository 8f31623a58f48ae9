"""Audio features of a track that are outside of the usual range of a label."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from db import read
from db.read.clips import FeatureQuantiles, TrackFeatures
from db.read.learning import LabelName

USUAL: Final = (0.1, 0.9)  # quantiles of the label's tracks
MOST: Final = 6  # features that are listed
NARROWEST: Final = 1e-9  # a range: a label whose tracks all have one value has none


@dataclass(frozen=True, slots=True)
class Deviation:
    """A feature (a column of `audio_features`) of a track, outside of the usual range of a label, `low` to `high`."""

    feature: str
    value: float
    low: float
    high: float

    @property
    def distance(self) -> float:
        """How far outside, in widths of the range."""
        return max(self.low - self.value, self.value - self.high) / max(self.high - self.low, NARROWEST)


@dataclass(frozen=True, slots=True)
class LabelDeviations:
    """What is unusual in a track for a label, the farthest first; `tracks`: how many the range is of."""

    label: str
    tracks: int
    deviations: Sequence[Deviation]


def deviations(
    connection: Connection, label: LabelName, features: TrackFeatures, track_id: int | None
) -> LabelDeviations:
    """The features outside of the 10th to 90th percentile of the label's other tracks: six at most."""
    usual = read.clips.features_of_label(connection, label.id, track_id, USUAL)
    outside = [
        Deviation(name, value, low, high)
        for name, value, low, high in _compared(features, usual)
        if not low <= value <= high
    ]
    return LabelDeviations(
        label.name, usual.tracks, sorted(outside, key=lambda feature: -feature.distance)[:MOST]
    )


def _compared(features: TrackFeatures, usual: FeatureQuantiles) -> list[tuple[str, float, float, float]]:
    """Name, value, and the ends of the range of each feature that both have."""
    ranges = usual._asdict()
    return [
        (name, value, *ranges[name])
        for name, value in features._asdict().items()
        if value is not None and ranges[name] is not None
    ]
