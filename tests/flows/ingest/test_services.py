"""Playlists of services through the whole ingest: real HTTP to fake services, PostgreSQL, Prefect and audio."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from config.settings import Settings
from tests.flows.inspection import coverage, everything, rows
from tests.stand_ins import music
from tests.stand_ins.music import Entry, Track
from tests.stand_ins.stand_ins import StandIns

Watch = Callable[..., StandIns]


@pytest.mark.slow
def test_six_real_playlists_and_then_six_requests(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    world = music.seed_world()
    services = watch(world)
    first = flows.ingest()
    expected = world.summary()
    assert (expected["entries"], expected["with_audio"]) == (2287, 1429)
    assert first.complete and first.audio.found == 1429

    assert rows(engine, "SELECT count(DISTINCT track_id) FROM clips") == [(1429,)]
    table = coverage(engine)
    assert sum(row.entries for row in table.values()) == 2287
    for row in table.values():
        assert (row.tracks, row.status) == (row.entries - 7, "ok")
        assert row.left_out == "duplicate 3, removed_track 2, episode 1, local_file 1"
        explained = sum(int(part.split()[-1]) for part in row.without_audio.split(", "))
        assert explained == row.tracks - row.with_audio
    files = [path for path in (Settings().home / "audio").rglob("*") if path.is_file()]
    assert len(files) == rows(engine, "SELECT count(DISTINCT sha256) FROM clips")[0][0]
    assert rows(engine, "SELECT count(*) FROM track_labels WHERE ambiguous") == [(8,)]

    before = everything(engine)
    services.dial.forget()
    second = flows.ingest()
    assert (second.unchanged, second.audio.found) == (6, 0)
    assert {name: len(asked) for name, asked in services.requests.items()} == {"accounts": 1, "spotify": 6}
    assert everything(engine) == before


def test_membership_follows_the_list_and_removed_tracks_are_marked(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    world = music.small_world()
    watch(world)
    flows.ingest()
    first = next(iter(world.playlists.values()))
    gone = first.remove(1)
    newcomer = music.make_track(900)
    world.know(newcomer)
    first.add(Entry("track", newcomer))
    outcome = flows.ingest()
    assert (outcome.added, outcome.removed, outcome.unchanged) == (1, 1, 2)
    assert isinstance(gone.track, Track)
    members = f"""SELECT pt.removed_at IS NULL FROM playlist_tracks pt JOIN tracks t ON t.id = track_id
                    JOIN playlists p ON p.id = playlist_id
                   WHERE t.external_id IN ('{gone.track.id}', '{newcomer.id}') AND p.name = 'Rumble tracks'
                   ORDER BY t.id"""
    assert rows(engine, members) == [(False,), (True,)]
    assert rows(engine, f"SELECT count(*) FROM tracks WHERE external_id = '{gone.track.id}'") == [(1,)]


def test_a_null_never_erases_an_earlier_value(flows: SimpleNamespace, watch: Watch, engine: Engine) -> None:
    world = music.small_world()
    watch(world)
    flows.ingest()
    first = next(iter(world.playlists.values()))
    known = "SELECT external_id, isrc, album, release_date FROM tracks WHERE provider = 'spotify' ORDER BY 1"
    before = rows(engine, known)
    first.entries = [
        replace(entry, track=replace(entry.track, isrc=None, released="0000"))
        if isinstance(entry.track, Track)
        else entry
        for entry in first.entries
    ]
    first.touch()
    assert flows.ingest().unchanged == 2
    assert rows(engine, known) == before


@pytest.mark.parametrize(
    ("app_class", "shape", "status"),
    [
        ("extended", "tracks", "ok"),
        ("dev_before_2026", "items", "ok"),
        ("dev_after_2026", "items", "metadata_only"),
    ],
)
def test_each_class_of_app_gets_the_content_that_it_may_have(
    flows: SimpleNamespace, watch: Watch, engine: Engine, app_class: str, shape: str, status: str
) -> None:
    services = watch(music.small_world(), app_class=app_class, shape=shape)
    outcome = flows.ingest()
    table = coverage(engine)
    assert table["Rumble tracks"].status == status
    assert table["Ladder tracks"].status == "ok"
    clips = dict(rows(engine, "SELECT provider, count(*) FROM clips GROUP BY 1"))
    if status == "metadata_only":
        assert len(outcome.problems) == 2 and "owner" in outcome.problems[0]
        assert set(clips) == {"deezer"}
        return
    assert ("spotify" in clips) == (app_class == "extended")
    measured = rows(engine, "SELECT count(*) FROM best_audio_features WHERE origin = 'spotify'")[0][0]
    assert (measured > 0) == (app_class == "extended")
    if app_class != "extended":  # the refusal is stored with its reason
        closed = "SELECT reason FROM provider_state WHERE capability = 'audio_features' AND NOT works"
        assert "2024" in rows(engine, closed)[0][0]
        services.dial.forget()
        flows.ingest()
        assert services.dial.count("spotify", "audio-features") == 0


def test_a_playlist_that_is_no_longer_listed_is_closed(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    services = watch(music.small_world())
    flows.ingest()
    labels = Path(services.environment["LABELSCOPE_LABELS"])
    labels.write_text("[[label]]" + labels.read_text().split("[[label]]", 2)[2])
    assert flows.ingest().removed > 0
    assert "Rumble tracks" not in coverage(engine)
    closed = "SELECT status, removed_at IS NOT NULL FROM playlists WHERE name = 'Rumble tracks'"
    assert rows(engine, closed) == [("gone", True)]
