"""Deezer's playlists with records and pages that the fake Deezer never sends."""

from typing import Any

import pytest

from sources.deezer.api import DeezerApi
from sources.deezer.source import DeezerSource
from sources.errors import TransientError
from sources.records import MAX_ENTRIES, Entry, Rejection
from tests.sources.deezer.lists import QUICK, UNLIMITED, page, plain, read, reference
from tests.sources.scripted import answer, scripted


def test_records_that_are_no_tracks_are_rejections(odd) -> None:
    answers, source = odd
    records = [
        None,
        plain(5),
        None,
        plain(-7, title="Mine"),
        plain(8, type="episode"),
        plain(None),
        plain(9, title=""),
        "nonsense",
        plain(5),
        plain(10),
    ]
    answers["playlist/1"] = {"id": 1, "checksum": "x", "title": "P"}
    answers[page()] = {"data": records, "total": 10}
    results = read(source, source.fetch_playlist(reference("1")))
    assert [result.track.external_id for result in results if isinstance(result, Entry)] == ["5", "10"]
    rejections = [result for result in results if isinstance(result, Rejection)]
    assert [(one.reference, one.reason) for one in rejections] == [
        ("removed track", "removed_track"),
        ("removed track (2)", "removed_track"),
        ("deezer:track:-7", "local_file"),
        ("deezer:track:8", "episode"),
        ("deezer:track:without id", "malformed"),
        ("deezer:track:9", "malformed"),
        ("removed track (3)", "removed_track"),
        ("deezer:track:5 (copy 2)", "duplicate"),
    ]
    for one in rejections:
        assert one.detail.endswith(".")
        assert ". " not in one.detail


def test_tracks_that_are_counted_and_not_listed_are_one_rejection(odd) -> None:
    answers, source = odd
    answers["playlist/1"] = {"id": 1, "checksum": "x", "title": "P"}
    following = "https://elsewhere.example/playlist/1/tracks?limit=100&index=100"
    answers[page()] = {"data": [plain(1), plain(2)], "total": 103, "next": following}
    answers[page(100)] = {"data": [plain(3)], "total": 103}
    answers[page(101)] = {"data": [], "total": 103}
    results = read(source, source.fetch_playlist(reference("1")))
    assert [result.track.external_id for result in results if isinstance(result, Entry)] == ["1", "2", "3"]
    (rejection,) = (result for result in results if isinstance(result, Rejection))
    assert (rejection.reference, rejection.reason) == ("deezer:playlist:1", "not_listed")
    assert rejection.payload == {"total": 103, "listed": 3}


def test_a_list_without_a_checksum_is_identified_by_its_tracks(odd) -> None:
    answers, source = odd
    answers["playlist/1"] = (
        {"id": 1, "title": "P", "tracks": {"data": [plain(1)]}},
        {"id": 1, "title": "P", "tracks": {"data": [plain(1)]}},
        {"id": 1, "title": "P", "tracks": {"data": [plain(2)]}},
    )
    first, second, third = (source.fetch_playlist(reference("1")).snapshot_id for _ in range(3))
    assert first == second != third


ABOUT = {"id": 908622995, "title": "L", "checksum": "c", "nb_tracks": 2}
TRACKS = [{"id": n, "title": f"T{n}", "artist": {"id": 1, "name": "A"}, "duration": 200} for n in range(1, 5)]


def scripted_list(
    *pages: dict[str, Any], max_entries: int = MAX_ENTRIES
) -> tuple[list[Entry | Rejection], Exception | None]:
    """(results, error if any) of reading a playlist with these pages."""
    with scripted(*(answer(body=body) for body in (ABOUT, *pages, ABOUT))) as service:
        source = DeezerSource(DeezerApi(service.url, UNLIMITED, QUICK), max_entries=max_entries)
        playlist = source.fetch_playlist(reference())
        found: list[Entry | Rejection] = []
        try:
            found += source.entries(playlist, {})
        except TransientError as error:
            return found, error
        return found, None


def test_a_total_in_words_is_a_number() -> None:
    found, error = scripted_list({"data": TRACKS[:1], "total": "2"}, {"data": TRACKS[1:2], "total": "2"})
    assert error is None and len(found) == 2


@pytest.mark.parametrize(
    "pages",
    [
        ({"id": 1, "total": 2},),
        ({"data": TRACKS[:2]},),
        ({"data": TRACKS[:2], "total": None},),
        ({"data": TRACKS[:2], "total": 4}, {"data": TRACKS[:2], "total": 4}),
    ],
)
def test_a_page_that_makes_no_sense_is_no_end_of_the_list(pages: tuple[dict[str, Any], ...]) -> None:
    assert isinstance(scripted_list(*pages)[1], TransientError)


def test_a_list_without_end_is_given_up() -> None:
    endless = [{"data": [plain(n)], "total": 10**9} for n in range(1, 9)]
    found, error = scripted_list(*endless, max_entries=5)
    assert isinstance(error, TransientError) and "without end" in str(error) and len(found) == 6


def test_an_empty_list_that_counts_tracks_says_that_they_are_hidden() -> None:
    found, error = scripted_list({"data": [], "total": 0})
    assert error is None
    assert [one.reason for one in found if isinstance(one, Rejection)] == ["not_listed"]


def test_an_answer_from_elsewhere_is_not_followed() -> None:
    with (
        scripted(answer(body=ABOUT)) as other,
        scripted(answer(302, None, Location=other.url + "/playlist/1")) as service,
    ):
        with pytest.raises(TransientError):
            DeezerSource(DeezerApi(service.url, UNLIMITED, QUICK)).fetch_playlist(reference())
        assert other.requests == []
