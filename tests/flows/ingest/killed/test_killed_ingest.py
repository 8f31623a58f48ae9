"""An ingest that is killed at any moment leaves nothing half done, and the next one ends like a clean one."""

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine, text

from services.postgres.server import PostgresAddress
from tests.flows.ingest.killed.half_done import (
    half_files,
    half_rows,
    kinds_left,
    require_audio_of_clips,
    stage,
    tracks_of,
)
from tests.flows.ingest.killed.ingest_runner import ingest_runner
from tests.flows.ingest.killed.places import Bench, Place
from tests.stand_ins import music
from tests.stand_ins.music import Entry, World
from tests.stand_ins.stand_ins import stand_ins

KILLS = 50  # of a first ingest
LATER_KILLS = 10  # of an ingest with changed lists, and with tracks that were not confirmed for long
# A first ingest is also killed just before these calls.
POINTS = (
    "db.write.playlists complete_load 1",  # tracks are committed, the membership is not
    "db.write.playlists complete_load 7",
    "db.write.providers save_not_found 1",  # clips are written, in a transaction that is still open
    "flows.ingest.audio move_to_store 1",  # that transaction is committed, no file has been moved
    "flows.ingest.audio move_to_store 2",
    "flows.ingest.flow remove_unconfirmed 1",
)
# A later ingest is also killed just before these calls.
LATER_POINTS = (
    "db.write.playlists complete_load 4",
    "flows.ingest.audio move_to_store 1",
    "flows.ingest.retention stored_audio 2",  # one file is gone, and its row is not
)
SEED = 20261122
ALL_ON = "[features]\nspotify = true\nreccobeats = true\n[retention]\nspotify_days = 30\n"


def reduced_world() -> World:
    """The seed's six lists with a few entries of every kind, and one of Deezer's."""
    lists = [
        (label, about, id, 10 + size // 60, audible // 30)
        for label, about, id, size, audible in music.SEED_PLAYLISTS
    ]
    world = music.labelled_world(lists, seed=5)
    ladder = world.playlist("deezer", "908622995", "Ladder tracks", "Wobbly Ladder", "Tech house.")
    kinds = [*["deezer"] * 6, "no_isrc", "no_preview", "unreadable"]
    tracks = [music.add_track(world, 500 + n, 4, kind) for n, kind in enumerate(kinds)]
    ladder.entries = [Entry("track", music.twin_of(world, track)) for track in [*tracks, tracks[0]]]
    return world


def shrink(world: World) -> None:
    """Remove the first three tracks of each list."""
    for playlist in world.playlists.values():
        for entry in [entry for entry in playlist.entries if entry.kind == "track"][:3]:
            playlist.remove(playlist.entries.index(entry))


def grow(world: World) -> None:
    """Remove one more track of each list, and add new ones."""
    for place, playlist in enumerate(world.playlists.values()):
        playlist.remove(next(n for n, entry in enumerate(playlist.entries) if entry.kind == "track"))
        on_deezer = playlist.provider == "deezer"
        for n, kind in enumerate(
            ("deezer", "no_isrc") if on_deezer else ("both", "deezer", "own", "no_isrc")
        ):
            track = music.add_track(world, 600 + 10 * place + n, place % 5, kind)
            playlist.add(Entry("track", music.twin_of(world, track) if on_deezer else track))


@pytest.fixture
def new_place(
    postgres: PostgresAddress, template: str, tmp_path: Path
) -> Iterator[Callable[[str, Place | None], Place]]:
    """Makes a database and a home of that name, empty or copied from another place. Drops the databases at the end."""
    server = create_engine(postgres.url("postgres"), isolation_level="AUTOCOMMIT")
    made: list[str] = []
    with server.connect() as connection:

        def make(name: str, like: Place | None) -> Place:
            origin = like.home.name if like else template
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {origin} STRATEGY WAL_LOG"))
            made.append(name)
            if like:
                shutil.copytree(like.home, tmp_path / name)
            return Place(postgres.url(name), tmp_path / name)

        yield make
        for name in made:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@dataclass
class Tally:
    """The stages of killed ingests, and the files that they left."""

    stages: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        stages = ", ".join(f"{count} {name}" for name, count in self.stages.most_common())
        left = ", ".join(f"{name} {count} times" for name, count in self.left.most_common())
        return f"{self.stages.total()} kills: {stages}; they left {left or 'no file'}."


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="sees in /proc when a process has ended")
@pytest.mark.timeout(900)
def test_fifty_kills_leave_nothing_half_done_and_a_new_run_completes_it(
    flows: SimpleNamespace,
    new_place: Callable[[str, Place | None], Place],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rng, began, world = random.Random(SEED), time.monotonic(), reduced_world()
    with stand_ins(world, configuration=ALL_ON) as services, ingest_runner(tmp_path / "runner.log") as runner:
        bench = Bench(runner, services)

        def kill(
            name: str, before: Place | None, kills: int, points: Sequence[str]
        ) -> tuple[Place, Tally, Tally]:
            """Kill ingests at random and at points, each in a copy of `before`; the clean place, and tallies."""
            clean = new_place(f"{name}_clean", before)
            bench.run(clean)
            rows_clean, expected = clean.rows(), clean.state()
            rows_before = before.rows() if before else {table: [] for table in rows_clean}
            require_audio_of_clips(clean, rows_clean)
            again = new_place(f"{name}_again", before)
            # Timed the second time, as the fake services have rendered all previews now.
            times = bench.timed(again)
            assert again.state() == expected

            def inspect(place: Place, kill_name: str, tally: Tally) -> None:
                rows = place.rows()
                assert half_rows(rows, rows_before, rows_clean) == [], kill_name
                assert half_files(place, rows, rows_clean) == [], kill_name
                tally.stages[stage(rows, rows_before, rows_clean)] += 1
                tally.left.update(kinds_left(place, rows))
                bench.run(place)
                state = place.state()
                for table in expected:
                    assert state[table] == expected[table], f"{table}: {kill_name}"
                require_audio_of_clips(place, place.rows())

            exact, random_ = Tally(), Tally()
            for number, point in enumerate(points):
                place = new_place(f"{name}_point_{number}", before)
                assert bench.killed_at(place, point), point
                inspect(place, point, exact)
            for drawn in range(2 * kills):
                place = new_place(f"{name}_{drawn}", before)
                requests, pause = some_moment(rng, times, by_time=drawn % 2 == 1)
                if bench.killed(place, requests, pause):
                    inspect(place, f"{name}_{drawn}: {pause:.3f} s after request {requests}", random_)
                if random_.stages.total() == kills:
                    return clean, random_, exact
            pytest.fail("they end before they can be killed")

        clean, first, first_exact = kill("first", None, KILLS, POINTS)
        assert first_exact.left["a file not yet moved"] == 2
        shrink(world)
        bench.run(clean)
        clean.grow_old()
        grow(world)
        settled, later, later_exact = kill("later", clean, LATER_KILLS, LATER_POINTS)
        assert tracks_of(clean.rows()) - tracks_of(settled.rows())
        assert tracks_of(settled.rows()) - tracks_of(clean.rows())
    with capsys.disabled():
        seconds = time.monotonic() - began
        print(  # noqa: T201
            f"\nFirst ingest, {first}\n  at chosen points, {first_exact}\n"
            f"TransientError ingest, {later}\n  at chosen points, {later_exact}\n"
            f"Each new run ended like a clean one. Seed {SEED}, {seconds:.0f} s."
        )


def some_moment(rng: random.Random, times: list[float], by_time: bool) -> tuple[int, float]:
    """A number of requests, and seconds after the last of them.

    Each request has the same probability, or (`by_time`) each moment. Most requests come close together, and most time
    passes between them, so both are needed.
    """
    if not by_time:
        return rng.randint(1, len(times) - 1), rng.uniform(0, 0.02)
    moment = rng.uniform(times[0], times[-1])
    requests = sum(at <= moment for at in times[:-1])
    return requests, moment - times[requests - 1]
