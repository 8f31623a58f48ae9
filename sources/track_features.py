"""Audio features of whole tracks, from a provider's own analysis."""

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class TrackFeatures:
    """A provider's audio features of one track. None: not measured. Values without a unit are from 0 to 1."""

    tempo_bpm: float | None = None  # beats per minute
    key: int | None = None  # 0 is C, 1 is C sharp, … 11 is B
    mode: int | None = None  # 1 major, 0 minor
    loudness_db: float | None = None  # of the whole track, in dB relative to full scale
    danceability: float | None = None
    energy: float | None = None
    speechiness: float | None = None
    acousticness: float | None = None
    instrumentalness: float | None = None
    liveness: float | None = None
    valence: float | None = None
    time_signature: int | None = None  # beats in a bar


JSON_NAMES = {"tempo_bpm": "tempo", "loudness_db": "loudness"}
RANGES = {
    "tempo_bpm": (1.0, 1000.0),  # providers give 0 where they found no beat
    "key": (0, 11),  # providers give -1 where they found none
    "mode": (0, 1),
    "loudness_db": (-200.0, 50.0),
    "time_signature": (1, 32),
}


def read_features(record: object) -> TrackFeatures | None:
    """The audio features in one JSON record of Spotify or ReccoBeats; None where it holds no usable value."""
    if not isinstance(record, Mapping):
        return None
    values = {field.name: _value(record, field.name) for field in fields(TrackFeatures)}
    if all(value is None for value in values.values()):
        return None
    return TrackFeatures(**values)  # type: ignore[arg-type]  # each field has the type of its range


def _value(record: Mapping[str, object], name: str) -> float | int | None:
    lowest, highest = RANGES.get(name, (0.0, 1.0))
    value = record.get(JSON_NAMES.get(name, name))
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        return None
    if isinstance(lowest, float):
        return float(value)
    return int(value) if value == int(value) else None
