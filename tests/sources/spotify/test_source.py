"""Spotify as a source, against its fake Web API: every kind of app, both shapes, changes and refusals."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sources.errors import (
    CapabilityDenied,
    ChangedWhileReading,
    Unavailable,
)
from sources.records import Entry, Reference, Rejection
from tests.sources.scripted import answer
from tests.sources.spotify.source_setting import (
    CLASSES,
    LABEL,
    connect,
    fails,
    ids,
    json_answer,
    log_in,
    look_at,
    reference,
    scripted_api,
    setting,
)
from tests.stand_ins import music
from tests.stand_ins.music import long_world, make_track, small_world
from tests.stand_ins.spotify import features_json, has_features
from tests.stand_ins.stand_ins import StandIns, stand_ins

# Reading


def test_fetching_a_playlist_is_one_request_without_entries(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        playlist = here.look()
        assert len(here.requested()) == 1
        assert "snapshot_id" in here.requested()[0]
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
            results = list(source.entries(source.fetch_playlist(reference(services, place)), {}))
            tracks = [entry.track for entry in played.entries if entry.kind == "track"]
            assert ids(results) == list(dict.fromkeys(track.id for track in tracks if track is not None))
            kinds = Counter(entry.kind for entry in played.entries)
            reasons = Counter(result.reason for result in results if isinstance(result, Rejection))
            expected = {"removed": "removed_track", "local": "local_file", "episode": "episode"}
            for kind, reason in expected.items():
                assert reasons.pop(reason, 0) == kinds[kind]
            assert reasons.pop("duplicate", 0) == kinds["track"] - len(ids(results))
            assert not reasons


def test_the_fields_of_a_track(tmp_path: Path) -> None:
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
        asked = here.requested()
        assert len(asked) == 1 + 1 + pages + 1
        offsets = [path.split("offset=")[1].split("&")[0] for path in asked if "/items" in path]
        assert offsets == [str(100 + 50 * page) for page in range(pages)]


def test_pages_are_asked_for_as_the_entries_are_wanted(tmp_path: Path) -> None:
    with setting(tmp_path, long_world(230)) as here:
        entries = here.source.entries(here.look(), {})
        assert len(here.requested()) == 1
        for _ in range(101):
            next(entries)
        assert len(here.requested()) == 3


def test_a_playlist_that_carries_no_entries_itself(tmp_path: Path) -> None:
    playlist = {"snapshot_id": "S", "name": "A", "tracks": {"href": "somewhere", "total": 1}}
    page = {"items": [{"track": {"id": "T1", "name": "One"}}], "total": 1, "offset": 0}
    with scripted_api(tmp_path, *map(json_answer, (playlist, playlist, page, playlist))) as source:
        assert ids(list(source.entries(look_at(source), {}))) == ["T1"]


# A list that changes


@pytest.mark.parametrize("after_page", [1, 2, 3])
def test_a_list_that_changes_while_it_is_read(tmp_path: Path, after_page: int) -> None:
    with setting(tmp_path, long_world(180)) as here:
        here.services.shift_during_read("spotify", here.wanted.external_id, after_page)
        error = fails(here.read, ChangedWhileReading)
        assert "changed while it was read" in str(error)
        assert len(here.read()) == 180


def test_a_list_that_changed_before_it_was_read(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        playlist = here.look()
        here.services.world.playlists[f"spotify:{here.wanted.external_id}"].touch()
        asked = len(here.requested())
        fails(lambda: next(here.source.entries(playlist, {})), ChangedWhileReading)
        assert len(here.requested()) == asked + 1


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
        fails(lambda: list(source.entries(look_at(source), {})), ChangedWhileReading)


def test_entries_that_are_counted_and_not_listed_are_one_rejection(tmp_path: Path) -> None:
    playlist = {"snapshot_id": "S", "name": "A", "items": {"items": [None], "total": 2}}
    end = {"items": [], "total": 2}
    with scripted_api(tmp_path, *map(json_answer, (playlist, playlist, end, playlist))) as source:
        *_, last = source.entries(look_at(source), {})
    assert isinstance(last, Rejection) and last.reason == "not_listed" and "1 more" in last.detail


# Playlists that cannot be read


@pytest.mark.parametrize(("status", "words"), [("forbidden", "403"), ("gone", "404")])
def test_a_playlist_that_is_refused(tmp_path: Path, status: str, words: str) -> None:
    with setting(tmp_path) as here:
        playlist = here.look()
        here.services.world.playlists[f"spotify:{here.wanted.external_id}"].status = status
        for call in (here.look, lambda: list(here.source.entries(playlist, {}))):
            error = fails(call, Unavailable)
            assert isinstance(error, Unavailable) and error.status == status
            assert words in str(error) and here.wanted.external_id in str(error)
        assert len(here.requested()) == 3
        assert here.source.fetch_playlist(reference(here.services, 1))


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
        error = fails(lambda: here.source.fetch_playlist(Reference("spotify", name, LABEL)), Unavailable)
        assert isinstance(error, Unavailable) and error.status == "gone"
        assert not here.requested() and not here.services.requests["accounts"]


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
        assert len(here.requested()) == 1
        assert here.source.audio_features([]) == {}
        assert len(here.requested()) == 1
        with pytest.raises(ValueError, match="101"):
            here.source.audio_features([f"T{number}" for number in range(101)])


def music_features(services: StandIns, track_id: str) -> dict[str, Any] | None:
    known = track_id in services.world.tracks and has_features(track_id)
    return features_json(track_id, services.spotify.api_url) if known else None


@pytest.mark.parametrize("app_class", CLASSES[1:])
def test_audio_features_are_closed_to_newer_apps(tmp_path: Path, app_class: str) -> None:
    with setting(tmp_path, None, app_class) as here:
        error = fails(lambda: here.source.audio_features(["T1"]), CapabilityDenied)
        assert "before November 2024" in str(error)
        assert len(here.requested()) == 1


def test_audio_features_of_another_shape(tmp_path: Path) -> None:
    odd = {
        "audio_features": [None, 7, {"id": "other", "tempo": 99}, {"id": "T1", "tempo": "fast"}, {"id": []}]
    }
    with scripted_api(
        tmp_path, answer(body=[]), answer(body={"audio_features": None}), json_answer(odd)
    ) as source:
        assert source.audio_features(["T1"]) == {"T1": None}
