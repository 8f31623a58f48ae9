"""Spotify as a source, against a stand-in of its Web API: every kind of app, both shapes, and every kind of failure."""

import json
import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sources.errors import Blocked, Closed, Later, LoginNeeded, Moved, SourceError, Unavailable
from sources.http import Patience
from sources.records import Entry, Label, Playlist, Reference, Rejection
from sources.spotify.source import SpotifySource, connect_spotify
from tests.sources.scripted import Answer, answer, scripted
from tests.stand_ins import music
from tests.stand_ins.music import World, long_world, make_track, small_world
from tests.stand_ins.spotify import Token, features_json, has_features
from tests.stand_ins.stand_ins import StandIns, stand_ins

LABEL = Label("label", "Label")
PATIENCE = Patience(attempts=4, wait_seconds=0.005, longest_wait_seconds=5)
CLASSES = ("extended", "dev_before_2026", "dev_after_2026")


def connect(services: StandIns, folder: Path, timeout_seconds: float = 5, **changes: Any) -> SpotifySource:
    environment = services.environment
    given = {
        "client_id": environment["SPOTIPY_CLIENT_ID"],
        "client_secret": environment["SPOTIPY_CLIENT_SECRET"],
        "token_file": folder / "spotify.json",
        "api_url": environment["LABELSCOPE_SPOTIFY_API_URL"],
        "accounts_url": environment["LABELSCOPE_SPOTIFY_ACCOUNTS_URL"],
        "patience": PATIENCE,
        "timeout_seconds": timeout_seconds,
    }
    return connect_spotify(**(given | changes))


def log_in(services: StandIns, folder: Path, user: str = "collector") -> None:
    """As `login` would leave it; that has tests of its own."""
    access, refresh = services.spotify.secret("BQ"), services.spotify.secret("AQ")
    services.spotify.tokens[access] = Token(time.time() + 3600, user)
    services.spotify.refresh_tokens[refresh] = user
    content = {
        "client_id": services.environment["SPOTIPY_CLIENT_ID"],
        "access_token": access,
        "refresh_token": refresh,
        "expires_at": time.time() + 3600,
        "authorized_at": datetime.now(UTC).isoformat(),
    }
    (folder / "spotify.json").write_text(json.dumps(content))


def reference(services: StandIns, place: int = 0) -> Reference:
    playlists = [key for key in services.world.playlists if key.startswith("spotify:")]
    return Reference("spotify", playlists[place].removeprefix("spotify:"), LABEL)


@dataclass
class Setting:
    """A stand-in, a source that asks it, and one of its playlists."""

    services: StandIns
    source: SpotifySource
    wanted: Reference

    def look(self) -> Playlist:
        return self.source.look(self.wanted)

    def read(self) -> list[Entry | Rejection]:
        return list(self.source.entries(self.look(), {}))

    def asked(self) -> list[str]:
        return [path for _, path in self.services.requests["spotify"]]


@contextmanager
def setting(folder: Path, world: World | None = None, *args: Any, **options: Any) -> Iterator[Setting]:
    with stand_ins(world or small_world(), *args, **options) as services:
        yield Setting(services, connect(services, folder), reference(services))


def ids(results: list[Entry | Rejection]) -> list[str]:
    return [result.track.external_id for result in results if isinstance(result, Entry)]


def fails(call: Callable[[], object], kind: type[SourceError]) -> SourceError:
    """The error of exactly this kind: one sentence that carries nothing along."""
    with pytest.raises(kind) as caught:
        call()
    error = caught.value
    assert type(error) is kind
    assert str(error).endswith(".") and ". " not in str(error)
    assert error.__cause__ is None and error.__context__ is None
    return error


# Reading


def test_a_look_is_one_request_and_brings_no_entries(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        playlist = here.look()
        assert len(here.asked()) == 1
        assert "snapshot_id" in here.asked()[0]
        known = here.services.world.playlists[f"spotify:{here.wanted.external_id}"]
        assert (playlist.provider, playlist.external_id) == ("spotify", known.id)
        assert (playlist.name, playlist.snapshot_id, playlist.label) == (known.name, known.snapshot, LABEL)
        assert playlist.raw["owner"]["id"] == "collector"
        assert not {"items", "tracks"} & set(playlist.raw)
        known.touch()
        assert here.look().snapshot_id != playlist.snapshot_id


@pytest.mark.parametrize("shape", ["items", "tracks", "both"])
@pytest.mark.parametrize("app_class", CLASSES)
def test_every_kind_of_app_reads_every_shape(tmp_path: Path, app_class: str, shape: str) -> None:
    with stand_ins(small_world(), app_class, shape) as services:
        if app_class == "dev_after_2026":
            log_in(services, tmp_path)
        source = connect(services, tmp_path)
        playlists = [known for known in services.world.playlists.values() if known.provider == "spotify"]
        for place, played in enumerate(playlists):
            results = list(source.entries(source.look(reference(services, place)), {}))
            tracks = [entry.track for entry in played.entries if entry.kind == "track"]
            assert ids(results) == list(dict.fromkeys(track.id for track in tracks if track is not None))
            kinds = Counter(entry.kind for entry in played.entries)
            reasons = Counter(result.reason for result in results if isinstance(result, Rejection))
            expected = {"removed": "removed_track", "local": "local_file", "episode": "episode"}
            for kind, reason in expected.items():
                assert reasons.pop(reason, 0) == kinds[kind]
            assert reasons.pop("duplicate", 0) == kinds["track"] - len(ids(results))
            assert not reasons


def test_what_a_track_says_of_itself(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        entries = [result for result in here.read() if isinstance(result, Entry)]
        played = here.services.world.playlists[f"spotify:{here.wanted.external_id}"].entries
        days = {
            entry.track.id: entry.added_at for entry in played[::-1] if isinstance(entry.track, music.Track)
        }
        assert None in days.values()
        for entry in entries:
            known = here.services.world.tracks[entry.track.external_id]
            assert entry.track.title == known.title
            assert tuple(artist.name for artist in entry.track.artists) == known.artists
            assert entry.track.isrc == (music.plain_isrc(known.isrc) if known.isrc else None)
            assert entry.track.duration_s == pytest.approx(known.duration_ms / 1000)
            assert entry.track.release_date == (None if known.released == "0000" else known.released)
            assert (entry.track.raw["preview_url"] is not None) == known.own_preview
            assert entry.added_at == (days[known.id] and datetime.fromisoformat(str(days[known.id])))
            assert entry.clips == ()


@pytest.mark.parametrize(
    ("length", "pages"), [(0, 0), (1, 0), (100, 0), (101, 1), (150, 1), (151, 2), (230, 3)]
)
def test_long_lists_are_read_page_by_page(tmp_path: Path, length: int, pages: int) -> None:
    with setting(tmp_path, long_world(length)) as here:
        known = here.services.world.playlists[f"spotify:{here.wanted.external_id}"]
        assert ids(here.read()) == [entry.track.id for entry in known.entries if entry.track]
        asked = here.asked()
        assert len(asked) == 1 + 1 + pages + 1
        offsets = [path.split("offset=")[1].split("&")[0] for path in asked if "/items" in path]
        assert offsets == [str(100 + 50 * page) for page in range(pages)]


def test_pages_are_asked_for_as_the_entries_are_wanted(tmp_path: Path) -> None:
    with setting(tmp_path, long_world(230)) as here:
        entries = here.source.entries(here.look(), {})
        assert len(here.asked()) == 1
        for _ in range(101):
            next(entries)
        assert len(here.asked()) == 3


def test_a_playlist_that_carries_no_entries_itself(tmp_path: Path) -> None:
    playlist = {"snapshot_id": "S", "name": "A", "tracks": {"href": "somewhere", "total": 1}}
    page = {"items": [{"track": {"id": "T1", "name": "One"}}], "total": 1, "offset": 0}
    with scripted_api(tmp_path, *map(json_answer, (playlist, playlist, page, playlist))) as source:
        assert ids(list(source.entries(look_at(source), {}))) == ["T1"]


# A list that moves


@pytest.mark.parametrize("after_page", [1, 2, 3])
def test_a_list_that_moves_while_it_is_read(tmp_path: Path, after_page: int) -> None:
    with setting(tmp_path, long_world(180)) as here:
        here.services.shift_during_read("spotify", here.wanted.external_id, after_page)
        error = fails(here.read, Moved)
        assert "changed while it was read" in str(error)
        assert len(here.read()) == 180


def test_a_list_that_moved_before_it_was_read(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        playlist = here.look()
        here.services.world.playlists[f"spotify:{here.wanted.external_id}"].touch()
        asked = len(here.asked())
        fails(lambda: next(here.source.entries(playlist, {})), Moved)
        assert len(here.asked()) == asked + 1


@pytest.mark.parametrize(
    "page",
    [
        {"items": [None], "total": 3},
        {"items": [None, None], "total": 2},
        {"items": [None], "total": 2, "offset": 0},
    ],
)
def test_a_count_that_does_not_fit(tmp_path: Path, page: dict[str, Any]) -> None:
    playlist = {"snapshot_id": "S", "name": "A", "items": {"items": [None], "total": 2}}
    with scripted_api(tmp_path, *map(json_answer, (playlist, playlist, page, playlist))) as source:
        fails(lambda: list(source.entries(look_at(source), {})), Moved)


def test_a_list_that_shows_less_than_it_counts_is_read_and_says_so(tmp_path: Path) -> None:
    playlist = {"snapshot_id": "S", "name": "A", "items": {"items": [None], "total": 2}}
    end = {"items": [], "total": 2}
    with scripted_api(tmp_path, *map(json_answer, (playlist, playlist, end, playlist))) as source:
        *_, last = source.entries(look_at(source), {})
    assert isinstance(last, Rejection) and last.reason == "not_listed" and "1 more" in last.detail


# What is not to be had


@pytest.mark.parametrize(("status", "words"), [("forbidden", "403"), ("gone", "404")])
def test_a_playlist_that_is_refused(tmp_path: Path, status: str, words: str) -> None:
    with setting(tmp_path) as here:
        playlist = here.look()
        here.services.world.playlists[f"spotify:{here.wanted.external_id}"].status = status
        for call in (here.look, lambda: list(here.source.entries(playlist, {}))):
            error = fails(call, Unavailable)
            assert isinstance(error, Unavailable) and error.status == status
            assert words in str(error) and here.wanted.external_id in str(error)
        assert len(here.asked()) == 3
        assert here.source.look(reference(here.services, 1))


def test_a_playlist_of_somebody_else_shows_its_name_alone(tmp_path: Path) -> None:
    with setting(tmp_path, None, "dev_after_2026") as here:
        assert here.look().name == "Rumble tracks"
        error = fails(here.read, Unavailable)
        assert isinstance(error, Unavailable) and error.status == "metadata_only"
        assert "only its owner's login may list it" in str(error)


def test_pages_that_are_forbidden(tmp_path: Path) -> None:
    with setting(tmp_path, long_world(120)) as here:
        here.services.dial.fail_next("spotify", "403", path="/items")
        error = fails(here.read, Unavailable)
        assert isinstance(error, Unavailable) and error.status == "metadata_only"


@pytest.mark.parametrize("name", ["", "a b", "../../me", "spotify:playlist:x", "x" * 65, "é"])
def test_what_is_no_id_is_never_asked_for(tmp_path: Path, name: str) -> None:
    with setting(tmp_path) as here:
        error = fails(lambda: here.source.look(Reference("spotify", name, LABEL)), Unavailable)
        assert isinstance(error, Unavailable) and error.status == "gone"
        assert not here.asked() and not here.services.requests["accounts"]


# Faults


def test_a_token_that_ends_is_renewed_once(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        here.look()
        here.services.spotify.expire_tokens()
        assert here.look()
        assert here.services.dial.count("accounts") == 2
        assert len(here.asked()) == 3


def test_a_new_token_that_is_refused_too_is_the_end(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        here.services.dial.fail_next("spotify", "401", "401")
        error = fails(here.look, LoginNeeded)
        assert "401" in str(error)
        assert here.services.dial.count("accounts") == 2
        assert len(here.asked()) == 2
        assert here.look()


@pytest.mark.parametrize("kind", ["500", "502", "503", "html-200", "reset"])
def test_faults_that_pass_are_asked_again(tmp_path: Path, kind: str) -> None:
    with setting(tmp_path, long_world(120)) as here:
        here.services.dial.fail_next("spotify", kind, kind, kind)
        assert here.look()
        here.services.dial.fail_next("spotify", kind, path="/items")
        assert len(here.read()) == 120
        here.services.dial.fail_next("spotify", *[kind] * 4)
        asked = len(here.asked())
        error = fails(here.look, Later)
        assert len(here.asked()) == asked + 4
        assert here.wanted.external_id in str(error)


def test_a_stall_is_not_waited_for(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        here.look()
        here.services.dial.stall_seconds = 1
        here.services.dial.fail_next("spotify", "stall")
        source = connect(here.services, tmp_path, timeout_seconds=0.3)
        started = time.monotonic()
        assert source.look(here.wanted)
        assert time.monotonic() - started < 0.9


def test_nobody_there_is_a_fault_that_passes(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        source = connect(here.services, tmp_path, api_url="http://127.0.0.1:9/v1")
        assert "could not be reached" in str(fails(lambda: source.look(here.wanted), Later))


@pytest.mark.parametrize(
    "body", ['{"error": "text"}', '["list"]', "null", "<html>", "", "7", '{"error": {"message": 1}}']
)
def test_any_body_of_an_error_is_judged_by_its_status(tmp_path: Path, body: str) -> None:
    with scripted_api(tmp_path, Answer(503, body), Answer(500, body), fine()) as source:
        assert look_at(source).name == "A"
    for status, kind in ((403, "forbidden"), (404, "gone"), (400, "gone")):
        with scripted_api(tmp_path, Answer(status, body)) as source:
            error = fails(lambda source=source: look_at(source), Unavailable)  # type: ignore[misc]
            assert isinstance(error, Unavailable) and error.status == kind
    with scripted_api(tmp_path, Answer(418, body)) as source:
        assert "418" in str(fails(lambda: look_at(source), Later))


@pytest.mark.parametrize(
    "body",
    [
        *(
            "[]",
            "null",
            "7",
            '"text"',
            "{}",
            "{{{",
            '{"name": "A"}',
            '{"snapshot_id": 7}',
            '{"snapshot_id": ""}',
        ),
        "[" * 100_000,
        '{"snapshot_id": ' + "9" * 5000 + "}",
    ],
)
def test_json_of_another_shape_is_a_fault_that_passes(tmp_path: Path, body: str) -> None:
    with scripted_api(tmp_path, Answer(body=body), Answer(body=body), fine()) as source:
        assert look_at(source).name == "A"
    with scripted_api(tmp_path, Answer(body=body)) as source:
        assert "something else than the JSON" in str(fails(lambda: look_at(source), Later)) or "[[" in body


def test_premium_is_named(tmp_path: Path) -> None:
    message = "Active premium subscription required for the owner of the app."
    refusal = answer(403, {"error": {"status": 403, "message": message}})
    with scripted_api(tmp_path, refusal) as source:
        error = fails(lambda: look_at(source), Unavailable)
        assert isinstance(error, Unavailable) and error.status == "forbidden"
        assert "Premium" in str(error)
        assert "Premium" in str(fails(lambda: source.audio_features(["T1"]), Closed))


@pytest.mark.parametrize(
    ("message", "cure"),
    [
        (
            "User not registered in the Developer Dashboard",
            "User Management at developer.spotify.com/dashboard",
        ),
        ("Insufficient client scope", "labelscope login spotify"),
    ],
)
def test_what_a_403_speaks_of_has_its_own_cure(tmp_path: Path, message: str, cure: str) -> None:
    said = answer(403, {"error": {"status": 403, "message": message}})
    for refusal in (said, Answer(403, message)):  # some come as plain text
        with scripted_api(tmp_path, refusal) as source:
            error = fails(lambda source=source: look_at(source), Unavailable)  # type: ignore[misc]
            assert isinstance(error, Unavailable) and error.status == "forbidden" and cure in str(error)
            assert cure in str(fails(lambda source=source: source.audio_features(["T1"]), Closed))  # type: ignore[misc]


# Too many requests


def too_many(reason: str | None = None, **headers: str) -> Answer:
    error = {"status": 429, "message": "Too many requests"} | ({"reason": reason} if reason else {})
    return answer(429, {"error": error}, **headers)


@pytest.mark.parametrize("reason", [None, "QUOTA_EXCEEDED"])
def test_a_short_wait_is_waited(tmp_path: Path, reason: str | None) -> None:
    with scripted_api(tmp_path, too_many(reason, Retry_After="1"), fine()) as source:
        started = time.monotonic()
        assert look_at(source)
        assert 1 <= time.monotonic() - started < 3


@pytest.mark.parametrize("value", [None, ""])
def test_a_wait_without_a_length_is_ours(tmp_path: Path, value: str | None) -> None:
    headers = {} if value is None else {"Retry_After": value}
    with scripted_api(tmp_path, too_many(**headers), too_many(**headers), fine()) as source:
        assert look_at(source)


def test_a_long_wait_is_not_waited(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        here.look()
        here.services.dial.fail_next("spotify", "429-long")
        asked, started = len(here.asked()), time.monotonic()
        blocked_for(here.look, timedelta(days=1))
        assert time.monotonic() - started < 1
        assert len(here.asked()) == asked + 1


@pytest.mark.parametrize(
    ("value", "wait"),
    [("soon", timedelta(hours=1)), ("-3", timedelta(hours=1)), ("9" * 5000, timedelta(days=30))],
)
def test_an_absurd_wait_is_a_long_one(tmp_path: Path, value: str, wait: timedelta) -> None:
    with scripted_api(tmp_path, too_many(Retry_After=value)) as source:
        blocked_for(lambda: look_at(source), wait)


def test_no_quota_and_no_word_for_how_long_is_an_hour(tmp_path: Path) -> None:
    with scripted_api(tmp_path, too_many("QUOTA_EXCEEDED")) as source:
        error = blocked_for(lambda: look_at(source), timedelta(hours=1))
        assert "quota" in str(error)


def test_too_many_requests_for_tokens(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        here.services.dial.fail_next("accounts", "429-long")
        blocked_for(here.look, timedelta(days=1))
        assert not here.asked()


def blocked_for(call: Callable[[], object], expected: timedelta) -> Blocked:
    before = datetime.now(UTC)
    error = fails(call, Blocked)
    assert isinstance(error, Blocked)
    assert timedelta() <= error.until - before - expected < timedelta(seconds=5)
    return error


# Audio features


def test_audio_features_for_apps_that_have_them(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        wanted = [make_track(number).id for number in range(1, 25)]
        wanted = [*wanted, "unknown", "no id at all", wanted[0]]
        features = here.source.audio_features(wanted)
        assert list(features) == list(dict.fromkeys(wanted))
        assert features["unknown"] is None and features["no id at all"] is None
        for track_id in wanted[:24]:
            known = music_features(here.services, track_id)
            found = features[track_id]
            if known is None:
                assert found is None
                continue
            assert found is not None
            assert (found.tempo_bpm, found.loudness_db, found.valence) == (
                known["tempo"],
                known["loudness"],
                known["valence"],
            )
            assert found.key == (None if known["key"] == -1 else known["key"])
        assert any(features.values())
        assert len(here.asked()) == 1
        assert here.source.audio_features([]) == {}
        assert len(here.asked()) == 1
        with pytest.raises(ValueError, match="101"):
            here.source.audio_features([f"T{number}" for number in range(101)])


def music_features(services: StandIns, track_id: str) -> dict[str, Any] | None:
    known = track_id in services.world.tracks and has_features(track_id)
    return features_json(track_id, services.spotify.api_url) if known else None


@pytest.mark.parametrize("app_class", CLASSES[1:])
def test_audio_features_are_closed_to_newer_apps(tmp_path: Path, app_class: str) -> None:
    with setting(tmp_path, None, app_class) as here:
        error = fails(lambda: here.source.audio_features(["T1"]), Closed)
        assert "before November 2024" in str(error)
        assert len(here.asked()) == 1


def test_audio_features_of_another_shape(tmp_path: Path) -> None:
    odd = {
        "audio_features": [None, 7, {"id": "other", "tempo": 99}, {"id": "T1", "tempo": "fast"}, {"id": []}]
    }
    with scripted_api(
        tmp_path, answer(body=[]), answer(body={"audio_features": None}), json_answer(odd)
    ) as source:
        assert source.audio_features(["T1"]) == {"T1": None}


# Secrets


def test_no_secret_is_ever_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("spotipy", "spotipy.client", "spotipy.oauth2", "urllib3.connectionpool"):
        caplog.set_level(logging.DEBUG, logger=name)
    told = []
    with setting(tmp_path, long_world(120)) as here:
        log_in(here.services, tmp_path)
        here.read()
        here.services.spotify.expire_tokens()
        here.read()
        playlist = here.look()
        for kinds in (
            ["401"] * 2,
            ["403"],
            ["404"],
            ["429-long"],
            *([kind] * 4 for kind in ("503", "html-200", "reset")),
        ):
            here.services.dial.fail_next("spotify", *kinds)
            told.append(story_of(here.look))
            here.services.dial.fail_next("spotify", *kinds, path="/items")
            told.append(story_of(lambda: list(here.source.entries(playlist, {}))))
        for kinds in (["429-long"], ["503"] * 4, ["html-200"] * 4, ["reset"] * 4):
            here.services.spotify.expire_tokens()
            here.services.dial.fail_next("accounts", *kinds)
            told.append(story_of(here.look))
        here.services.spotify.expire_tokens()
        here.services.spotify.dead_grant = "Refresh token expired"
        told.append(story_of(here.look))
        told.append(repr(here.source) + repr(here.source.api))
        assert len(here.services.spotify.secrets) > 5
        text = caplog.text + "".join(told)
        assert "playlists/" in text and "/api/token" in caplog.text
        for secret in here.services.spotify.secrets:
            assert secret not in text
        assert "Bearer" not in text and "Basic" not in text


def story_of(call: Callable[[], object]) -> str:
    """All that an error tells, down to the last one behind it."""
    with pytest.raises(SourceError) as caught:
        call()
    error: BaseException | None = caught.value
    parts = ["".join(traceback.format_exception(caught.value))]
    while error is not None:
        parts += [str(error), repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(parts)


# A Web API that answers what is written down


def json_answer(body: object) -> Answer:
    return answer(200, body)


def fine() -> Answer:
    return json_answer({"snapshot_id": "S", "name": "A"})


@contextmanager
def scripted_api(folder: Path, *script: Answer) -> Iterator[SpotifySource]:
    token = answer(200, {"access_token": "T", "expires_in": 3600})
    with scripted(*script) as api, scripted(token) as accounts:
        yield connect_spotify(
            "id",
            "secret",
            token_file=folder / "spotify.json",
            api_url=api.url,
            accounts_url=accounts.url,
            patience=PATIENCE,
            timeout_seconds=5,
        )


def look_at(source: SpotifySource) -> Playlist:
    return source.look(Reference("spotify", "P1", LABEL))
