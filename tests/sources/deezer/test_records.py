"""Deezer's JSON as tracks: any JSON is a track or a rejection."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.deezer.records import added_at_of, read_track, seconds_of
from sources.errors import UnusableError
from tests.sources.any_json import JSON

FIELDS = "id title type artist contributors album isrc duration release_date time_add preview readable"


@given(st.dictionaries(st.sampled_from(FIELDS.split()), JSON))
def test_any_record_is_a_track_or_a_rejection_that_can_be_stored(record: dict[str, object]) -> None:
    good = {"id": 5, "title": "T"}
    for candidate in (record, good | record, record | good):
        try:
            track = read_track(candidate)
        except UnusableError:
            continue
        text = json.dumps(track.raw, allow_nan=False)
        assert "\\u0000" not in text
        assert "preview" not in track.raw
        assert track.title
        assert track.duration_s is None or track.duration_s > 0
        added_at_of(candidate)


def test_a_track_with_everything() -> None:
    track = read_track(
        {
            "id": 3135556,
            "title": "Harder, Better",
            "isrc": "gb-duw-00-00059",
            "duration": "224",
            "release_date": "2001-03-07",
            "contributors": [{"id": 27, "name": "Daft Punk"}, {"id": 28, "name": "Guest\0"}],
            "artist": {"id": 27, "name": "Daft Punk"},
            "album": {"title": "Discovery", "release_date": "0000-00-00"},
            "alternative": {"preview": "https://signed", "x": [{"preview": ""}]},
            "type": "track",
        }
    )
    assert [(one.external_id, one.name) for one in track.artists] == [("27", "Daft Punk"), ("28", "Guest")]
    assert (track.isrc, track.duration_s, track.album) == ("GBDUW0000059", 224.0, "Discovery")
    assert track.release_date == "2001-03-07"
    assert track.raw["alternative"] == {"has_preview": True, "x": [{"has_preview": False}]}


@pytest.mark.parametrize(
    ("record", "date"),
    [
        ({"release_date": "0000-00-00"}, None),
        ({"release_date": "2001"}, "2001"),
        ({"album": {"release_date": "2001-03"}}, "2001-03"),
    ],
)
def test_dates(record: dict[str, object], date: str | None) -> None:
    assert read_track({"id": 1, "title": "T"} | record).release_date == date


def test_nobody_is_no_artist() -> None:
    record = {"id": 1, "title": "T", "artist": {"id": 5080, "name": "Various Artists"}}
    assert read_track(record).artists == ()


@pytest.mark.parametrize("duration", [0, "", "x", None, -3, "nan", "inf", [], {}])
def test_a_length_that_is_none_is_not_known(duration: object) -> None:
    assert seconds_of({"duration": duration}) is None


@pytest.mark.parametrize(
    ("time_add", "year"),
    [
        (1_700_000_000, 2023),
        ("1700000000", 2023),
        (0, None),
        (-1, None),
        (10**20, None),
        ("x", None),
        (True, None),
    ],
)
def test_when_it_was_added(time_add: object, year: int | None) -> None:
    added = added_at_of({"time_add": time_add})
    assert (added.year if added else None) == year


@pytest.mark.parametrize("duration", [1e300, "99999999999", -1, "nan", True])
def test_a_length_that_no_recording_has_is_not_known(duration: object) -> None:
    assert seconds_of({"duration": duration}) in (None, 1.0)
