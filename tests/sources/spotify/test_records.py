"""Spotify's entries: each trap by hand, and then any JSON."""

import json
import unicodedata
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.records import Artist, Entry, Rejection
from sources.spotify.records import Seen, list_in, read_entry
from tests.sources.any_json import JSON

TRACK = {
    "album": {"name": "Losing It", "release_date": "2018-07-13", "release_date_precision": "day"},
    "artists": [{"id": "6nS5roXSAGhTGr34W6n7Et", "name": "FISHER", "type": "artist"}],
    "duration_ms": 248035,
    "external_ids": {"isrc": "CA5KR1821202"},
    "id": "6ho0GyrWZN3mhi9zVRW7xi",
    "is_local": False,
    "name": "Losing It",
    "preview_url": None,
    "type": "track",
    "uri": "spotify:track:6ho0GyrWZN3mhi9zVRW7xi",
    "episode": False,
    "track": True,
}
ADDED = "2024-02-07T18:27:21Z"


def entry_with(**changes: Any) -> dict[str, Any]:
    return {"added_at": ADDED, "is_local": False, "item": TRACK | changes}


def read_one(entry: object) -> Entry:
    result = read_entry(entry, Seen())
    assert isinstance(result, Entry), result
    return result


def reject(entry: object, seen: Seen | None = None) -> Rejection:
    result = read_entry(entry, seen or Seen())
    assert isinstance(result, Rejection), result
    assert result.detail.endswith(".") and ". " not in result.detail
    return result


# Tracks


@pytest.mark.parametrize("names", [("item",), ("track",), ("item", "track")])
def test_a_track_under_its_new_name_or_its_old(names: tuple[str, ...]) -> None:
    entry = read_one({"added_at": ADDED, **dict.fromkeys(names, TRACK)})
    track = entry.track
    assert (track.provider, track.external_id, track.title) == ("spotify", TRACK["id"], "Losing It")
    assert track.artists == (Artist("spotify", "6nS5roXSAGhTGr34W6n7Et", "FISHER"),)
    assert (track.album, track.isrc, track.release_date) == ("Losing It", "CA5KR1821202", "2018-07-13")
    assert track.duration_s == pytest.approx(248.035)
    assert track.raw == TRACK
    assert entry.clips == ()
    assert entry.added_at == datetime(2024, 2, 7, 18, 27, 21, tzinfo=UTC)


def test_the_new_name_wins_only_with_an_object() -> None:
    assert read_one({"item": True, "track": TRACK}).track.title == "Losing It"
    assert read_one({"item": None, "track": TRACK}).track.title == "Losing It"
    assert read_one({"item": TRACK, "track": True}).track.title == "Losing It"


@pytest.mark.parametrize(
    ("value", "known"),
    [("2018", "2018"), ("2018-07", "2018-07"), ("0000", None), ("", None), (None, None), (2018, None)],
)
def test_release_dates_as_precise_as_they_are(value: object, known: str | None) -> None:
    assert read_one(entry_with(album={"name": "A", "release_date": value})).track.release_date == known


@pytest.mark.parametrize(
    "value", [None, "", "1970-01-01T00:00:00Z", "yesterday", 17, "9999-12-31T23:59:59-14:00"]
)
def test_an_entry_whose_day_is_not_known(value: object) -> None:
    assert read_one({"added_at": value, "item": TRACK}).added_at is None


@pytest.mark.parametrize("value", [{}, None, {"isrc": ""}, {"isrc": "rubbish"}, {"isrc": 7}, []])
def test_a_track_without_an_isrc(value: object) -> None:
    assert read_one(entry_with(external_ids=value)).track.isrc is None


def test_an_isrc_is_written_one_way() -> None:
    assert read_one(entry_with(external_ids={"isrc": " ca-5kr-18-21202"})).track.isrc == "CA5KR1821202"


@pytest.mark.parametrize("value", [0, -5, None, "248035", True, float("nan"), float("inf"), 10**400])
def test_a_length_that_is_none(value: object) -> None:
    assert read_one(entry_with(duration_ms=value)).track.duration_s is None


def test_artists_are_credited_once_each_and_nobody_is_nobody() -> None:
    artists = [
        {"id": "A1", "name": "Möbius"},
        {"id": "A1", "name": "Möbius"},
        {"id": None, "name": " Somebody\n"},
        {"name": "somebody"},
        {"id": "V", "name": "Various Artists"},
        {"id": "X"},
        {"id": "Y", "name": ["list"]},
        "text",
        None,
    ]
    assert read_one(entry_with(artists=artists)).track.artists == (
        Artist("spotify", "A1", "Möbius"),
        Artist("spotify", "somebody", "Somebody"),
    )
    assert read_one(entry_with(artists=None)).track.artists == ()


def test_text_is_clean_and_raw_can_be_stored() -> None:
    track = read_one(entry_with(name="A\0B\ud800\nC", loudness=float("nan"), **{"k\0": ["\0"]})).track
    assert track.title == "A\ufffdB\ufffd C"
    assert track.raw["name"] == "A\ufffdB\ufffd\nC"
    assert track.raw["loudness"] is None
    assert track.raw["k\ufffd"] == ["\ufffd"]
    assert read_one(entry_with(name="")).track.title == "untitled"


# Rejections


@pytest.mark.parametrize("entry", [None, {"item": None}, {"track": None}, {"item": None, "track": True}])
def test_a_removed_track(entry: object) -> None:
    rejection = reject(entry)
    assert (rejection.reason, rejection.reference) == ("removed_track", "removed track")


LOCAL = {"id": None, "name": "Bootleg", "uri": "spotify:local:A:B:Bootleg:215", "type": "track"}


@pytest.mark.parametrize(
    "entry",
    [{"is_local": True, "item": LOCAL}, {"track": LOCAL | {"is_local": True}}, {"item": LOCAL}],
)
def test_a_local_file(entry: object) -> None:
    rejection = reject(entry)
    assert (rejection.reason, rejection.reference) == ("local_file", LOCAL["uri"])
    assert rejection.payload == entry


def test_an_episode() -> None:
    rejection = reject({"item": {"type": "episode", "id": "E1", "name": "Talk", "uri": "spotify:episode:E1"}})
    assert (rejection.reason, rejection.reference) == ("episode", "spotify:episode:E1")


@pytest.mark.parametrize(
    "entry",
    [
        {},
        [],
        "text",
        7,
        True,
        {"item": "text"},
        {"item": []},
        {"item": {}},
        entry_with(id=None),
        entry_with(id=""),
        entry_with(id="../tracks"),
        entry_with(id=7),
        entry_with(type="chapter"),
        entry_with(type=None),
    ],
)
def test_an_entry_of_another_shape(entry: object) -> None:
    assert reject(entry).reason == "malformed"


def test_references_are_unique_and_the_same_at_every_reading() -> None:
    entries = [entry_with(), None, entry_with(), {"item": LOCAL}, None, entry_with(), {"item": LOCAL}, 7, 7]

    def references() -> list[str]:
        seen = Seen()
        results = [read_entry(entry, seen) for entry in entries]
        return [result.reference for result in results if isinstance(result, Rejection)]

    uri = TRACK["uri"]
    assert references() == references()
    assert references() == [
        "removed track",
        f"{uri} (copy 2)",
        LOCAL["uri"],
        "removed track (2)",
        f"{uri} (copy 3)",
        f"{LOCAL['uri']} (copy 2)",
        "malformed entry",
        "malformed entry (2)",
    ]


def test_a_broken_entry_does_not_take_the_place_of_a_track() -> None:
    seen = Seen()
    assert reject(entry_with(id=None), seen).reference == TRACK["uri"]
    assert isinstance(read_entry(entry_with(), seen), Entry)
    assert reject(entry_with(), seen).reason == "duplicate"


def test_where_the_entries_of_a_playlist_are() -> None:
    page = {"items": [], "total": 0}
    assert list_in({"items": page}) is page
    assert list_in({"tracks": page}) is page
    assert list_in({"items": None, "tracks": page}) is page
    assert list_in({"name": "x"}) is None
    assert list_in({"items": [], "tracks": True}) is None


IDS = st.sampled_from(["AAA", "BBB"]) | JSON
ARTISTS = st.lists(st.fixed_dictionaries({}, optional={"id": IDS, "name": JSON}) | JSON, max_size=3)
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "id": IDS,
        "name": JSON,
        "uri": JSON,
        "type": st.sampled_from(["track", "episode"]) | JSON,
        "is_local": JSON,
        "episode": JSON,
        "track": JSON,
        "artists": ARTISTS | JSON,
        "album": st.fixed_dictionaries({}, optional={"name": JSON, "release_date": JSON}) | JSON,
        "external_ids": st.fixed_dictionaries({}, optional={"isrc": JSON}) | JSON,
        "duration_ms": JSON,
    },
)
ENTRIES = (
    st.fixed_dictionaries(
        {}, optional={"item": ITEMS | JSON, "track": ITEMS | JSON, "added_at": JSON, "is_local": JSON}
    )
    | JSON
)


@given(st.lists(ENTRIES, max_size=6))
def test_no_json_is_an_error(entries: list[Any]) -> None:
    seen, references, ids = Seen(), [], []
    for entry in entries:
        result = read_entry(entry, seen)
        assert isinstance(result, Entry | Rejection)
        if isinstance(result, Rejection):
            references.append(result.reference)
            assert result.reason in ("removed_track", "local_file", "episode", "duplicate", "malformed")
            assert_line(result.reference)
            assert_line(result.detail)
            assert_storable(asdict(result))
        else:
            ids.append(result.track.external_id)
            texts = [
                result.track.title,
                result.track.album,
                *(artist.name for artist in result.track.artists),
            ]
            for text in texts:
                assert text is None or assert_line(text)
            assert_storable(asdict(result.track))
            assert result.added_at is None or result.added_at.tzinfo is UTC
    assert len(references) == len(set(references))
    assert len(ids) == len(set(ids))


def assert_line(text: str) -> bool:
    """Has something on it, and nothing that a terminal or PostgreSQL would stumble over."""
    assert text.strip() and not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text)
    return True


def assert_storable(value: Any) -> None:
    text = json.dumps(value, allow_nan=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode()
    json.dumps(value, ensure_ascii=False).encode()  # no lone surrogates


def test_json_that_is_too_deep_is_cut() -> None:
    deep: Any = "bottom"
    for _ in range(900):
        deep = {"inner": [deep]}
    assert reject({"item": {"id": "A", "type": deep}}).reason == "malformed"
    assert json.dumps(read_one(entry_with(more=deep)).track.raw)
