"""Services that fail, refuse, ask for pauses, or change a list while it is read."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from tests.flows.inspection import coverage, rows, state_of, wipe
from tests.stand_ins import music
from tests.stand_ins.music import Entry
from tests.stand_ins.stand_ins import StandIns

Watch = Callable[..., StandIns]


@pytest.mark.timeout(400)
@pytest.mark.slow
def test_with_failing_requests_repeated_runs_end_like_a_clean_one(
    flows: SimpleNamespace, watch: Watch, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = [
        (label, about, id, size // 6, audible // 6)
        for label, about, id, size, audible in music.SEED_PLAYLISTS
    ]
    services = watch(music.labelled_world(lists, seed=3), timeout_seconds=20)
    assert flows.ingest().complete
    expected = state_of(engine)
    wipe(engine)

    # Requests of the clean run may take longer on a busy machine.
    monkeypatch.setenv("LABELSCOPE_REQUEST_TIMEOUT_SECONDS", "3")
    services.dial.probability = 0.1
    services.dial.stall_seconds = 3.3
    services.dial.kinds["spotify"] += ("401", "403", "404", "429-long")
    services.dial.kinds["accounts"] += ("429",)
    services.dial.kinds["previews"] += ("403",)
    services.dial.forget()
    for run in range(40):
        if flows.ingest().complete and run:
            break
        # As after a month: pauses are over, and refusals are tried again.
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM provider_state WHERE NOT works"))
    else:
        pytest.fail("forty runs did not get through")
    failed = sum(map(len, services.dial.failures.values()))
    assert failed > 50
    services.dial.probability = 0
    monkeypatch.setenv("LABELSCOPE_REQUEST_TIMEOUT_SECONDS", "20")
    flows.ingest()
    actual = state_of(engine)
    for table in expected:
        assert actual[table] == expected[table], table


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
    assert not flows.ingest().problems  # the new track may still wait for its preview
    assert coverage(engine)["Rumble tracks"].status == "ok"


def test_a_service_gets_no_request_before_the_end_of_a_long_pause(
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


def test_a_list_that_changes_while_it_is_read_is_read_again_or_deferred(
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


@pytest.mark.slow
def test_two_runs_at_once_do_not_collide_or_duplicate_rows(
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


@pytest.mark.slow
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


def test_a_pause_of_a_host_of_previews_is_reported_and_kept(
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


def test_a_value_that_no_table_accepts_affects_only_its_playlist(
    flows: SimpleNamespace, watch: Watch, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sources.spotify import records as spotify_tracks

    watch(music.small_world())
    seconds = spotify_tracks._seconds
    # As without an upper limit for durations.
    monkeypatch.setattr(spotify_tracks, "_seconds", lambda value: seconds(value) and 1e300)
    outcome = flows.ingest()
    table = coverage(engine)
    assert table["Ladder tracks"].status == "ok"
    assert table["Rumble tracks"].status == "deferred" and "PostgreSQL" in outcome.problems[0]
