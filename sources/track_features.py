"""Audio features of whole tracks, as a provider's own analysis words them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class TrackFeatures:
    """A provider's figures for one track. None is "not measured"; without a unit it is a share between 0 and 1."""

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
    "tempo_bpm": (1.0, 1000.0),  # 0 is how providers say that they found no beat
    "key": (0, 11),  # -1: found none
    "mode": (0, 1),
    "loudness_db": (-200.0, 50.0),
    "time_signature": (1, 32),
}


def read_features(record: object) -> TrackFeatures | None:
    """The figures in one record of JSON as Spotify and ReccoBeats word it; None where it holds none at all."""
    if not isinstance(record, Mapping):
        return None
    figures = {field.name: _figure(record, field.name) for field in fields(TrackFeatures)}
    if all(figure is None for figure in figures.values()):
        return None
    return TrackFeatures(**figures)  # type: ignore[arg-type]  # each field has the type of its range


def _figure(record: Mapping[str, object], name: str) -> float | int | None:
    lowest, highest = RANGES.get(name, (0.0, 1.0))
    value = record.get(JSON_NAMES.get(name, name))
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        return None
    if isinstance(lowest, float):
        return float(value)
    return int(value) if value == int(value) else None
