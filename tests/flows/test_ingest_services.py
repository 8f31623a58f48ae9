"""Playlists of services through the whole ingest: real HTTP to stand-ins, real PostgreSQL, real Prefect, real audio."""

import logging
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.label_faults import ConfigurationError
from config.settings import Settings
from db import queries
from tests.db.contents import contents
from tests.flows.final_state import final_state
from tests.services import music
from tests.services.music import Entry, Track
from tests.services.stand_ins import StandIns

Watch = Callable[..., StandIns]
CHECK_TIMES = ("last_seen_at", "checked_at")


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def everything(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        return contents(connection, without=CHECK_TIMES)


def state_of(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return final_state(connection, Settings().home)


def coverage(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        return {row.playlist: row for row in queries.view(connection, "playlist_coverage")}


def test_the_seeds_labels_at_their_size_and_then_six_requests(
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


@pytest.mark.timeout(400)
def test_with_every_tenth_request_failing_a_loop_of_runs_ends_like_a_clean_one(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    lists = [
        (label, about, id, size // 6, audible // 6)
        for label, about, id, size, audible in music.SEED_PLAYLISTS
    ]
    services = watch(music.labelled_world(lists, seed=3), timeout_seconds=3.0)
    assert flows.ingest().complete
    expected = state_of(engine)
    wipe(engine)

    services.dial.probability = 0.1
    services.dial.stall_seconds = 3.3
    services.dial.kinds["spotify"] += ("401", "403", "404", "429-long")
    services.dial.kinds["accounts"] += ("429",)
    services.dial.kinds["previews"] += ("403",)
    services.dial.forget()
    for run in range(40):
        if flows.ingest().complete and run:
            break
        # A month passes: nobody is blocked any more, refusals are tried again.
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM provider_state WHERE NOT works"))
    else:
        pytest.fail("forty runs did not get through")
    failed = sum(map(len, services.dial.failures.values()))
    assert failed > 50
    services.dial.probability = 0
    flows.ingest()
    found = state_of(engine)
    for table in expected:
        assert found[table] == expected[table], table


def wipe(engine: Engine) -> None:
    """An empty database and an empty home."""
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE labels, playlists, artists, tracks, provider_state CASCADE"))
    for path in sorted((Settings().home / "audio").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()


def test_membership_follows_the_list_and_what_left_is_marked(
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
    members = f"""SELECT removed_at IS NULL FROM playlist_tracks pt JOIN tracks t ON t.id = track_id
                    JOIN playlists p ON p.id = playlist_id
                   WHERE t.external_id IN ('{gone.track.id}', '{newcomer.id}') AND p.name = 'Rumble tracks'
                   ORDER BY t.id"""
    assert rows(engine, members) == [(False,), (True,)]
    assert rows(engine, f"SELECT count(*) FROM tracks WHERE external_id = '{gone.track.id}'") == [(1,)]


def test_a_null_never_erases_what_a_service_once_said(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
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


def test_one_forbidden_playlist_does_not_stop_the_others_and_keeps_its_tracks(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    world = music.small_world()
    watch(world)
    flows.ingest()
    before = coverage(engine)["Rumble tracks"].tracks
    first, second = list(world.playlists.values())[:2]
    first.status = "forbidden"
    second.add(Entry("track", music.make_track(901)))
    outcome = flows.ingest()
    table = coverage(engine)
    assert (table["Rumble tracks"].status, table["Rumble tracks"].tracks) == ("forbidden", before)
    assert table["Thimble tracks"].tracks == 6 and table["Ladder tracks"].status == "ok"
    assert len(outcome.problems) == 1 and "403" in outcome.problems[0]
    first.status = "ok"
    assert flows.ingest().complete
    assert coverage(engine)["Rumble tracks"].status == "ok"


@pytest.mark.parametrize(
    ("app_class", "shape", "status"),
    [
        ("extended", "tracks", "ok"),
        ("dev_before_2026", "items", "ok"),
        ("dev_after_2026", "items", "metadata_only"),
    ],
)
def test_each_class_of_app_gets_what_it_may_have(
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
    if app_class != "extended":  # the refusal is remembered, with its reason
        closed = "SELECT reason FROM provider_state WHERE capability = 'audio_features' AND NOT works"
        assert "2024" in rows(engine, closed)[0][0]
        services.dial.forget()
        flows.ingest()
        assert services.dial.count("spotify", "audio-features") == 0


def test_a_long_wait_is_remembered_and_nobody_asks_before(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    services = watch(music.small_world())
    services.dial.fail_next("spotify", "429-long")
    outcome = flows.ingest()
    assert len(services.requests["spotify"]) == 1
    table = coverage(engine)
    assert table[music.base62("small 1")].status == table[music.base62("small 2")].status == "deferred"
    assert table["Ladder tracks"].status == "ok"
    until = rows(engine, "SELECT blocked_until FROM provider_state WHERE provider = 'spotify'")[0][0]
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)
    assert not outcome.complete

    services.dial.forget()
    flows.ingest()
    assert "spotify" not in services.requests
    with engine.begin() as connection:
        connection.execute(text("UPDATE provider_state SET blocked_until = now()"))
    assert flows.ingest().complete
    assert rows(engine, "SELECT works, blocked_until FROM provider_state WHERE provider = 'spotify'") == [
        (True, None)
    ]


def test_a_list_that_moves_while_it_is_read_is_read_again_and_one_that_never_rests_waits(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    world = music.long_world(120)
    services = watch(world)
    (playlist,) = world.playlists.values()
    services.shift_during_read("spotify", playlist.id, times=1)
    assert flows.ingest().tracks == 120
    assert rows(engine, "SELECT snapshot_id FROM loads") == [(playlist.snapshot,)]

    members = "SELECT count(*) FROM playlist_tracks WHERE removed_at IS NULL"
    playlist.remove(0)
    services.shift_during_read("spotify", playlist.id, times=9)
    outcome = flows.ingest()
    assert not outcome.complete and "changed while it was read" in outcome.problems[0]
    assert rows(engine, members) == [(120,)]  # as of the last complete reading
    playlist.shifts_left = 0
    flows.ingest()
    assert rows(engine, members) == [(119,)]


def test_two_runs_at_once_neither_collide_nor_double_anything(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    services = watch(music.small_world())
    flows.ingest()
    expected = state_of(engine)
    downloads = len(services.requests["previews"])
    wipe(engine)
    services.dial.forget()
    command = [Path(sys.executable).with_name("labelscope"), "ingest"]
    runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [run.wait(120) for run in runs] == [0, 0]
    flows.ingest()
    assert state_of(engine) == expected
    assert len(services.requests["previews"]) == downloads


def test_ambiguous_tracks_and_spotifys_content_stay_out_of_training_until_allowed(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    services = watch(music.small_world())
    flows.ingest()
    flows.extract()
    held = flows.retrain("a try")
    labels = Path(services.environment["LABELSCOPE_LABELS"])
    assert any("training.allow" in sentence for sentence in (held.reason, *held.remarks))
    trained_on = """SELECT DISTINCT t.provider FROM training_run_tracks JOIN tracks t ON t.id = track_id"""
    assert ("spotify",) not in rows(engine, trained_on)

    origins = '["folder", "library", "synth", "deezer", "spotify"]'
    labels.write_text(labels.read_text() + f"\n[training]\nallow = {origins}\n")
    flows.retrain("they allow it")
    assert ("spotify",) in rows(engine, trained_on)
    ambiguous = "SELECT track_id FROM track_labels WHERE ambiguous"
    assert rows(engine, ambiguous)
    assert rows(engine, f"SELECT count(*) FROM training_run_tracks WHERE track_id IN ({ambiguous})") == [(0,)]

    labels.write_text(labels.read_text().replace(', "spotify"]', "]"))
    flows.retrain()
    in_use = "SELECT status, reason FROM models ORDER BY id"
    assert ("retired", "It learnt from what training.allow no longer lists.") in rows(engine, in_use)


def test_purge_takes_all_of_spotify_and_nothing_else(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    from flows.removal import purge

    watch(music.small_world())
    flows.ingest()
    flows.extract()
    kept = rows(engine, "SELECT external_id FROM tracks WHERE provider = 'deezer' ORDER BY 1")
    gone = purge(engine, Settings(), "spotify")
    assert gone.playlists == 2 and gone.tracks > 10 and gone.audio
    assert not [
        line for table, lines in everything(engine).items() for line in lines if "spotify" in line.lower()
    ]
    assert rows(engine, "SELECT external_id FROM tracks ORDER BY 1") == kept
    home = Settings().home
    files = {path.stem for path in (home / "audio").rglob("*.mp3")}
    assert files == {sha256 for (sha256,) in rows(engine, "SELECT sha256 FROM clips")}
    spectrograms = {path.stem for path in (home / "spectrograms").rglob("*.npy")}
    assert spectrograms == {sha256 for (sha256,) in rows(engine, "SELECT sha256 FROM spectrograms")}


def test_what_nobody_confirms_for_long_enough_is_forgotten(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    world = music.small_world()
    watch(world, configuration="[retention]\nspotify_days = 30\n")
    flows.ingest()
    first = next(iter(world.playlists.values()))
    gone = first.remove(1).track
    assert isinstance(gone, Track)
    flows.ingest()
    left = f"SELECT count(*) FROM tracks WHERE external_id = '{gone.id}'"
    with engine.begin() as connection:  # 29 days pass, then two more
        connection.execute(text("UPDATE tracks SET last_seen_at = now() - interval '29 days'"))
        connection.execute(text("UPDATE playlist_tracks SET removed_at = removed_at - interval '29 days'"))
    assert flows.ingest().expired == 0 and rows(engine, left) == [(1,)]
    with engine.begin() as connection:
        connection.execute(text("UPDATE tracks SET last_seen_at = now() - interval '31 days'"))
        connection.execute(text("UPDATE playlist_tracks SET removed_at = removed_at - interval '2 days'"))
    assert flows.ingest().expired == 1 and rows(engine, left) == [(0,)]
    files = {path.stem for path in (Settings().home / "audio").rglob("*.mp3")}
    assert files == {sha256 for (sha256,) in rows(engine, "SELECT sha256 FROM clips")}


def test_audio_that_is_lost_is_fetched_again(flows: SimpleNamespace, watch: Watch, engine: Engine) -> None:
    watch(music.small_world())
    flows.ingest()
    uri, sha256 = rows(engine, "SELECT uri, sha256 FROM clips ORDER BY id LIMIT 1")[0]
    lost = Settings().home / uri.removeprefix("store:")
    lost.unlink()
    flows.extract()
    assert rows(engine, f"SELECT DISTINCT reason FROM clips WHERE sha256 = '{sha256}'") == [("missing",)]
    assert flows.ingest().audio.found >= 1
    assert lost.exists() and flows.extract().rejected == 0


def test_a_pause_that_a_host_of_previews_wants_is_told_and_kept(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    services = watch(music.small_world())
    services.dial.fail_next("previews", "429-long")
    first = flows.ingest()
    assert first.audio.later and any("previews" in problem for problem in first.problems)
    services.dial.forget()
    second = flows.ingest()
    assert "previews" not in services.requests and second.problems
    with engine.begin() as connection:
        connection.execute(text("UPDATE provider_state SET blocked_until = now()"))
    assert flows.ingest().complete


def test_one_playlist_with_a_value_that_no_table_takes_costs_the_others_nothing(
    flows: SimpleNamespace, watch: Watch, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sources import spotify_tracks

    watch(music.small_world())
    seconds = spotify_tracks._seconds
    monkeypatch.setattr(
        spotify_tracks, "_seconds", lambda value: seconds(value) and 1e300
    )  # a ceiling forgotten
    outcome = flows.ingest()
    table = coverage(engine)
    assert table["Ladder tracks"].status == "ok"
    assert table["Rumble tracks"].status == "deferred" and "PostgreSQL" in outcome.problems[0]


def test_features_of_all_origins_stand_side_by_side_and_the_best_says_whose_it_is(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    watch(music.small_world(), configuration="[features]\nreccobeats = true\n")
    flows.ingest()
    flows.extract()
    origins = dict(rows(engine, "SELECT origin, count(*) FROM audio_features GROUP BY 1"))
    assert set(origins) == {"spotify", "reccobeats", "librosa"}
    best = dict(rows(engine, "SELECT origin, count(*) FROM best_audio_features GROUP BY 1"))
    assert best["spotify"] == origins["spotify"] and best["librosa"] > 0
    licences = "SELECT DISTINCT origin FROM audio_features WHERE licence IS NULL"
    assert rows(engine, licences) == [("librosa",)]  # these are ours; the clip has its own
    assert rows(engine, "SELECT count(*) FROM clips WHERE licence IS NULL OR reference IS NULL") == [(0,)]


def test_a_playlist_that_is_no_longer_listed_closes(
    flows: SimpleNamespace, watch: Watch, engine: Engine
) -> None:
    services = watch(music.small_world())
    flows.ingest()
    labels = Path(services.environment["LABELSCOPE_LABELS"])
    labels.write_text("[[label]]" + labels.read_text().split("[[label]]", 2)[2])
    assert flows.ingest().removed > 0
    table = coverage(engine)
    assert (table["Rumble tracks"].status, table["Rumble tracks"].tracks) == ("gone", 0)


def test_no_signed_address_and_no_secret_is_ever_written_down(
    flows: SimpleNamespace,
    watch: Watch,
    engine: Engine,
    postgres: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    services = watch(music.small_world())
    secrets = ["hmac=", "Bearer "]
    texts = [repr(Settings()), str(Settings().model_dump())]
    services.dial.probability, services.dial.stall_seconds = 0.3, 0.01
    services.dial.kinds["spotify"] += ("401", "403")
    for _ in range(3):
        flows.ingest()
    services.dial.probability = 0
    flows.ingest()
    secrets += services.spotify.secrets
    assert len(secrets) > 3
    monkeypatch.setenv("LABELSCOPE_LABELS", "/nowhere/labels.toml")
    with pytest.raises(ConfigurationError) as told:
        flows.ingest()
    texts += traceback.format_exception(told.value)
    texts += [line for lines in everything(engine).values() for line in lines]
    texts += [record.getMessage() for record in caplog.records]
    texts += [path.read_text(errors="replace") for path in Settings().home.rglob("*") if path.is_file()]
    texts += prefect_rows(flows)
    for secret in secrets:
        assert not [line[:300] for line in texts if secret in line], secret


def prefect_rows(flows: SimpleNamespace) -> list[str]:
    """All that Prefect has stored of flows, tasks, parameters, states, logs and events: what its UI can show."""
    from flows.reporting import deliver
    from services.postgres import embedded_postgres

    deliver()
    from sqlalchemy import create_engine

    with embedded_postgres(flows.home) as server:
        engine = create_engine(server.url("prefect"))
        with engine.connect() as connection:
            tables = connection.scalars(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ).all()
            lines = [
                str(line)
                for table in tables
                for line in connection.scalars(text(f'SELECT to_jsonb(t)::text FROM "{table}" t'))
            ]
        engine.dispose()
    assert any("ingest labels.toml" in line for line in lines)
    return lines
