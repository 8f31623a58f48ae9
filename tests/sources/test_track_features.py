"""Audio features in a service's JSON: what is no number, or out of its range, is left out."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.track_features import TrackFeatures, read_features
from tests.sources.any_json import JSON

FEATURES = {"tempo": 126.0, "key": 8, "mode": 1, "loudness": -11.8, "danceability": 0.7, "time_signature": 4}


def test_audio_features_are_read() -> None:
    assert read_features(FEATURES | {"valence": 1, "id": "x"}) == TrackFeatures(
        tempo_bpm=126.0, key=8, mode=1, loudness_db=-11.8, danceability=0.7, valence=1.0, time_signature=4
    )


@pytest.mark.parametrize(
    "wrong",
    [
        *({"key": value} for value in (-1, 12, 1.5)),
        *({"tempo": value} for value in (0, "126", float("nan"), 10**400)),
        {"mode": True},
        {"loudness": float("-inf")},
        {"danceability": 1.2},
    ],
)
def test_a_feature_out_of_its_range_is_left_out(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    field = {"loudness": "loudness_db", "tempo": "tempo_bpm"}.get(name, name)
    features = read_features(FEATURES | wrong)
    assert features is not None and getattr(features, field) is None
    assert sum(value is not None for value in asdict(features).values()) == 5


@given(st.dictionaries(st.sampled_from([*FEATURES, "energy", "valence"]), JSON) | JSON)
def test_any_json_is_features_or_none(record: Any) -> None:
    features = read_features(record)
    assert features is None or any(value is not None for value in asdict(features).values())
    json.dumps(features and asdict(features), allow_nan=False)
