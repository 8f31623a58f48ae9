"""Deezer's playlists, its errors in answers of status 200, and its limit of requests."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sources.deezer.api import DeezerApi, Refused
from sources.deezer.source import DeezerSource
from sources.errors import ChangedWhileReading, RateLimited, TransientError, Unavailable
from sources.http import RetryPolicy
from sources.pace import RollingWindow
from sources.records import Entry, Label, Playlist, Reference, Rejection
from tests.sources.scripted import answer, scripted
from tests.stand_ins import music
from tests.stand_ins.faults import deezer_error
from tests.stand_ins.stand_ins import StandIns, listening_socket, serving, stand_ins

LABEL = Label("wobbly-ladder", "Wobbly Ladder")
LIST = "908622995"
UNLIMITED = RollingWindow(10_000, 1)
QUICK = RetryPolicy(attempts=4, wait_seconds=0.001)


@pytest.fixture
def services() -> Iterator[StandIns]:
    with stand_ins(music.small_world(), timeout_seconds=1) as running:
        yield running


@pytest.fixture
def source(services: StandIns) -> DeezerSource:
    return DeezerSource(DeezerApi(services.deezer.api_url, UNLIMITED, QUICK, timeout_seconds=1))


def reference(number: str = LIST) -> Reference:
    return Reference("deezer", number, LABEL)


def read(source: DeezerSource, playlist: Playlist | None = None) -> list[Entry | Rejection]:
    return list(source.entries(playlist or source.fetch_playlist(reference()), {}))


def big_list(services: StandIns, size: int) -> None:
    """The list has `size` tracks."""
    world = services.world
    tracks = [music.add_track(world, number, 0, "deezer") for number in range(1000, 1000 + size)]
    playlist = world.playlists[f"deezer:{LIST}"]
    playlist.entries = [music.Entry("track", music.twin_of(world, track)) for track in tracks]


# Playlists


def test_fetching_a_playlist_is_one_request(source, services) -> None:
    playlist = source.fetch_playlist(reference())
    assert services.requests["deezer"] == [("GET", f"/playlist/{LIST}")]
    assert (playlist.provider, playlist.external_id, playlist.label) == ("deezer", LIST, LABEL)
    assert playlist.name == "Ladder tracks"
    assert playlist.raw["nb_tracks"] == 7
    assert "tracks" not in playlist.raw
    assert source.fetch_playlist(reference()) == playlist
    services.world.playlists[f"deezer:{LIST}"].touch()
    assert source.fetch_playlist(reference()).snapshot_id != playlist.snapshot_id


def test_entries_are_tracks_without_audio_and_without_signed_addresses(source, services) -> None:
    playlist = services.world.playlists[f"deezer:{LIST}"]
    results = read(source)
    entries = [result for result in results if isinstance(result, Entry)]
    for entry, there in zip(entries, playlist.entries, strict=False):
        known = there.track
        assert isinstance(known, music.DeezerTrack)
        track = entry.track
        assert (track.provider, track.external_id, track.title) == ("deezer", str(known.id), known.title)
        assert (track.isrc, track.duration_s, track.album) == (known.isrc, known.duration_s, known.album)
        assert [artist.name for artist in track.artists] == [known.artist]
        assert track.raw["has_preview"] == known.preview
        assert track.raw["readable"] == known.readable
        assert entry.clips == ()
        assert entry.added_at == datetime(2024, 2, 7, 18, 27, 21, tzinfo=UTC)
    assert {entry.track.raw["readable"] for entry in entries} == {True, False}
    assert None in {entry.track.isrc for entry in entries}
    assert "hdnea" not in json.dumps([entry.track.raw for entry in entries])


def test_a_copy_is_rejected_under_a_name_of_its_own(source, services) -> None:
    playlist = services.world.playlists[f"deezer:{LIST}"]
    playlist.add(playlist.entries[0])
    rejections = [result for result in read(source) if isinstance(result, Rejection)]
    name = f"deezer:track:{playlist.entries[0].track.id}"
    assert [one.reference for one in rejections] == [f"{name} (copy 2)", f"{name} (copy 3)"]
    assert {one.reason for one in rejections} == {"duplicate"}
    assert all(one.payload["id"] and "preview" not in one.payload for one in rejections)


def test_pages_are_read_to_the_end_in_order(source, services) -> None:
    big_list(services, 230)
    entries = read(source)
    there = [str(entry.track.id) for entry in services.world.playlists[f"deezer:{LIST}"].entries]
    assert [entry.track.external_id for entry in entries] == there
    assert services.dial.count("deezer", "/tracks") == 3
    assert services.dial.count("deezer") == 1 + 3 + 1


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_list_that_changes_while_it_is_read(source, services, page) -> None:
    big_list(services, 230)
    services.shift_during_read("deezer", LIST, after_page=page)
    with pytest.raises(ChangedWhileReading) as caught:
        read(source)
    assert "'Ladder tracks'" in str(caught.value)
    assert len(read(source)) == 230


def test_a_list_that_grew_after_it_was_fetched(source, services) -> None:
    playlist = source.fetch_playlist(reference())
    services.world.playlists[f"deezer:{LIST}"].remove(0)
    with pytest.raises(ChangedWhileReading):
        read(source, playlist)


@pytest.mark.parametrize(("status", "expected"), [("gone", "gone"), ("forbidden", "forbidden")])
def test_a_list_that_cannot_be_read(source, services, status, expected) -> None:
    playlist = source.fetch_playlist(reference())
    services.world.playlists[f"deezer:{LIST}"].status = status
    for ask in (lambda: source.fetch_playlist(reference()), lambda: read(source, playlist)):
        services.dial.forget()
        with pytest.raises(Unavailable) as caught:
            ask()
        assert caught.value.status == expected
        assert LIST in str(caught.value)
        assert services.dial.count("deezer") == 1  # final: nobody asks twice


def test_a_number_is_no_path(source, services) -> None:
    with pytest.raises(Unavailable):
        source.fetch_playlist(reference(f"{LIST}?x=#"))
    assert services.requests["deezer"] == [("GET", f"/playlist/{LIST}?x=#")]  # all of it the name of a list


# Answers that the fake Deezer never gives


@pytest.fixture
def odd() -> Iterator[tuple[dict[str, object], DeezerSource]]:
    """A Deezer that answers what the test puts under a path, and the source that asks it."""
    answers: dict[str, object] = {}
    counts: Counter[str] = Counter()

    async def answer(request: Request) -> Response:
        path = request.url.path.lstrip("/") + (f"?{request.url.query}" if request.url.query else "")
        counts[path] += 1
        given = answers[path]
        given = given[min(counts[path], len(given)) - 1] if isinstance(given, tuple) else given
        return given if isinstance(given, Response) else JSONResponse(given)

    at = listening_socket()
    app = Starlette(routes=[Route("/{path:path}", answer)])
    with serving({"odd": app}, {"odd": at}, secure=set(), certificate=None):  # type: ignore[arg-type]
        api = DeezerApi(f"http://127.0.0.1:{at.getsockname()[1]}/", UNLIMITED, QUICK, timeout_seconds=1)
        yield answers, DeezerSource(api)


def page(index: int = 0) -> str:
    return f"playlist/1/tracks?index={index}&limit=100"


def plain(number: object, **more: object) -> dict[str, object]:
    return {"id": number, "title": "T", "type": "track", "artist": {"id": 1, "name": "A"}} | more


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


@pytest.mark.parametrize(
    "answer",
    [
        HTMLResponse("<html>"),
        JSONResponse([1]),
        JSONResponse({}),
        JSONResponse(None),
        JSONResponse({"data": "x"}),
        JSONResponse({"error": "x"}),
        JSONResponse({"error": {"message": "x"}}),
        Response("[" * 100_000),
        JSONResponse({}, 403),
        JSONResponse({}, 404),
        HTMLResponse("<html>", 502),
        JSONResponse({}, 429),
    ],
)
def test_what_is_no_answer_passes_or_is_a_transient_error(odd, answer) -> None:
    answers, source = odd
    answers["track/1"] = (answer, answer, answer, {"id": 1})
    assert source.api.track("1") == {"id": 1}
    answers["track/2"] = answer
    with pytest.raises(TransientError) as caught:
        source.api.track("2")
    assert not isinstance(caught.value, RateLimited)
    assert "Deezer (track/2)" in str(caught.value)


def test_a_wait_that_is_asked_for_in_a_header_is_kept(odd) -> None:
    answers, source = odd
    answers["track/1"] = JSONResponse({}, 429, {"Retry-After": "86400"})
    with pytest.raises(RateLimited) as caught:
        source.api.track("1")
    assert (caught.value.until - datetime.now(UTC)).total_seconds() == pytest.approx(86_400, abs=60)


@pytest.mark.parametrize("code", [4, 700])
def test_quota_and_busy_pass_or_are_transient_errors(odd, code) -> None:
    answers, source = odd
    error = deezer_error("Exception", "hold on", code)
    answers["track/isrc:DEA122100001"] = (error, {"id": 1})
    assert source.api.track_by_isrc("DEA122100001") == {"id": 1}
    answers["track/2"] = error
    with pytest.raises(TransientError) as caught:
        source.api.track("2")
    assert not isinstance(caught.value, RateLimited)


def test_no_data_is_final_and_so_is_every_other_code(odd) -> None:
    answers, source = odd
    found = {"id": 1}
    answers["track/1"] = (deezer_error("DataException", "no data", 800), found)
    assert source.api.track("1") is None
    answers["track/2"] = (deezer_error("ParameterException", "Wrong\0\nparameter", 500), found)
    with pytest.raises(Refused) as caught:
        source.api.track("2")
    assert caught.value.code == 500
    assert "'Wrong parameter'" in str(caught.value)


def test_a_404_with_deezers_own_code_is_final(odd) -> None:
    answers, source = odd
    words = {"error": {"type": "DataException", "message": "no data", "code": 800}}
    answers["track/1"] = answers["playlist/1"] = JSONResponse(words, 404)
    assert source.api.track("1") is None
    with pytest.raises(Unavailable) as caught:
        source.fetch_playlist(reference("1"))
    assert caught.value.status == "gone"
    answers["track/2"] = JSONResponse({"error": {"code": 4}}, 403)
    with pytest.raises(TransientError, match="no quota"):
        source.api.track("2")


def test_no_server_is_a_transient_error() -> None:
    at = listening_socket()
    api = DeezerApi(f"http://127.0.0.1:{at.getsockname()[1]}/", retry_policy=RetryPolicy(2, 0.001))
    with pytest.raises(TransientError):
        api.track("1")
    at.close()


@pytest.mark.parametrize("kind", ["502", "503", "reset", "stall", "deezer-4", "deezer-700", "html-200"])
def test_each_fault_is_outlived(services, source, kind) -> None:
    services.dial.stall_seconds = 1.3
    services.dial.fail_next("deezer", kind)
    assert source.api.playlist(LIST)["id"] == int(LIST)
    assert len(services.dial.failures["deezer"]) == 1


# The limit


def test_no_window_ever_holds_more_requests_than_allowed(services) -> None:
    """Eight threads. The fake Deezer refuses requests above the limit in any of its windows."""
    services.deezer.limit, services.deezer.window_seconds = 12, 0.4
    api = DeezerApi(services.deezer.api_url, RollingWindow(12, 1.0), RetryPolicy(attempts=1))
    began = time.monotonic()
    problems: list[Exception] = []

    def ask() -> None:
        try:
            for _ in range(6):
                api.playlist(LIST)
        except Exception as error:  # noqa: BLE001
            problems.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert services.deezer.refused == 0
    assert services.dial.count("deezer") == 48
    assert 3.0 <= time.monotonic() - began < 10  # 12 at once, then 12 in each of three further windows


# Answers that no sane service gives

ABOUT = {"id": 908622995, "title": "L", "checksum": "c", "nb_tracks": 2}
TRACKS = [{"id": n, "title": f"T{n}", "artist": {"id": 1, "name": "A"}, "duration": 200} for n in range(1, 5)]


def scripted_list(*pages: dict[str, Any]) -> tuple[list[Entry | Rejection], Exception | None]:
    """(results, error if any) of reading a playlist with these pages."""
    with scripted(*(answer(body=body) for body in (ABOUT, *pages, ABOUT))) as service:
        source = DeezerSource(DeezerApi(service.url, UNLIMITED, QUICK))
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


def test_a_list_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.deezer.source.MAX_ENTRIES", 5)
    endless = [{"data": [plain(n)], "total": 10**9} for n in range(1, 9)]
    found, error = scripted_list(*endless)
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
