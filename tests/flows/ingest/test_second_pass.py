"""A doubtful answer of a host is checked in a second pass after all others, and is final on another day."""

from collections.abc import Callable
from types import SimpleNamespace

from sqlalchemy import Engine, text

from tests.flows.inspection import rows
from tests.stand_ins import music
from tests.stand_ins.stand_ins import StandIns

Watch = Callable[..., StandIns]
ONLY_OWN = '[previews]\norder = ["own"]\n[features]\nspotify = false\n'
STATE = (
    "SELECT source, reason, again, doubted_since IS NOT NULL FROM lookups l JOIN tracks t ON t.id = track_id"
)


def world_of(tracks: int) -> tuple[music.World, list[music.Track]]:
    """A world with one playlist of tracks that have their own previews."""
    world = music.World()
    playlist = world.playlist("spotify", music.base62("second pass"), "P", "P")
    tracks_made = [music.make_track(number) for number in range(tracks)]
    for track in tracks_made:
        world.know(track)
        playlist.add(music.Entry("track", track))
    return world, tracks_made


def a_day_passes(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE lookups SET doubted_since = doubted_since - interval '1 day'"))


def state(engine: Engine, track: music.Track) -> list[tuple[object, ...]]:
    return rows(engine, f"{STATE} WHERE t.external_id = '{track.id}'")


def test_a_preview_that_was_a_page_once_is_fetched_in_the_same_run(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    world, _ = world_of(3)
    services = watch(world, configuration=ONLY_OWN)
    services.dial.fail_next("previews", "html-200")
    outcome = flows.ingest()
    assert outcome.complete and outcome.audio.found == 3
    assert services.dial.count("previews") == 4
    assert rows(engine, "SELECT count(*) FROM lookups") == [(0,)]


def test_a_repeated_doubtful_answer_of_a_host_that_works_is_final(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    world, (first, *_) = world_of(3)
    services = watch(world, configuration=ONLY_OWN)
    services.previews.behaviours[first.id] = "html"
    outcome = flows.ingest()
    assert (outcome.audio.found, outcome.audio.nowhere, outcome.complete) == (2, 1, True)
    assert state(engine, first) == [("own", "wrong_type", False, False)]
    assert services.dial.count("previews") == 4
    flows.ingest()
    assert services.dial.count("previews") == 4


def test_a_host_without_any_audio_is_asked_again_until_another_day(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    world, tracks = world_of(2)
    services = watch(world, configuration=ONLY_OWN)
    for track, behaviour in zip(tracks, ("html", "204"), strict=True):
        services.previews.behaviours[track.id] = behaviour
    for _ in range(6):  # all of them on one day
        outcome = flows.ingest()
        assert (outcome.audio.found, outcome.audio.nowhere, outcome.audio.later) == (0, 0, 2)
    assert state(engine, tracks[0]) == [("own", "wrong_type", True, True)]
    del services.previews.behaviours[tracks[1].id]
    a_day_passes(engine)
    outcome = flows.ingest()
    assert (outcome.audio.found, outcome.audio.nowhere, outcome.audio.later) == (1, 1, 0)
    assert state(engine, tracks[0]) == [("own", "wrong_type", False, False)]
    assert state(engine, tracks[1]) == []


def test_a_playlist_that_needs_a_key_is_printed_as_deferred(
    flows: SimpleNamespace, watch: Watch, engine: Engine, monkeypatch, capsys
) -> None:
    from cli.output import show

    watch(music.small_world())
    monkeypatch.delenv("SPOTIPY_CLIENT_ID")
    outcome = flows.ingest()
    assert (outcome.playlists, outcome.unread, outcome.deferred) == (3, 2, 2)
    show.ingested(outcome)
    printed = " ".join(capsys.readouterr().out.split())
    assert "3 playlists, 1 changed;" in printed and ", 2 deferred to the next run" in printed
    assert "Spotify needs a key" in printed
