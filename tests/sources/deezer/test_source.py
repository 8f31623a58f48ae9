"""Deezer's playlists: what is read of them, and what happens when they change."""

import json
from datetime import UTC, datetime

import pytest

from sources.errors import ChangedWhileReading, Unavailable
from sources.records import Entry, Rejection
from tests.sources.deezer.lists import LABEL, LIST, read, reference
from tests.stand_ins import music
from tests.stand_ins.stand_ins import StandIns


def big_list(services: StandIns, size: int) -> None:
    """The list has `size` tracks."""
    world = services.world
    tracks = [music.add_track(world, number, 0, "deezer") for number in range(1000, 1000 + size)]
    playlist = world.playlists[f"deezer:{LIST}"]
    playlist.entries = [music.Entry("track", music.twin_of(world, track)) for track in tracks]


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
