"""An ingest that is killed at any moment leaves nothing half done, and the next one ends like a clean one."""

import os
import random
import shutil
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from db.engine import open_engine
from services.postgres.server import PostgresAddress
from tests.flows.final_state import final_state, named_rows
from tests.flows.ingest.ingest_runner import DIES_AT, Runner, ingest_runner
from tests.stand_ins import music
from tests.stand_ins.music import Entry, World
from tests.stand_ins.stand_ins import StandIns, stand_ins

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
WAIT_SECONDS = 60
ALL_ON = "[features]\nspotify = true\nreccobeats = true\n[retention]\nspotify_days = 30\n"

AGEING = (
    ("playlists", "last_seen_at"),
    ("playlist_tracks", "removed_at"),
    ("tracks", "last_seen_at"),
    ("artists", "first_seen_at"),
    ("lookups", "checked_at"),
)
# By the first rows that are missing, or not yet removed.
STAGES = {
    "playlist": "while it read playlists",
    "audio": "while it fetched audio",
    "features": "while it asked for features",
    "forgotten": "before it forgot tracks",
}
Rows = dict[str, list[dict[str, Any]]]
Groups = dict[tuple[str, ...], list[str]]


@dataclass(frozen=True)
class Place:
    """A database and a home for one ingest and those that follow it."""

    url: str
    home: Path

    def rows(self) -> Rows:
        """All rows at one moment: a transaction that was under way may still end meanwhile."""
        engine = open_engine(self.url)
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            rows = named_rows(connection)
        engine.dispose()
        return rows

    def state(self) -> dict[str, list[Any]]:
        engine = open_engine(self.url)
        with engine.connect() as connection:
            state = final_state(connection, self.home)
        engine.dispose()
        return state

    def grow_old(self) -> None:
        """Make all times 40 days older: removed tracks and answers of services have expired then."""
        engine = open_engine(self.url)
        with engine.begin() as connection:
            for table, column in AGEING:
                connection.execute(text(f"UPDATE {table} SET {column} = {column} - interval '40 days'"))
        engine.dispose()

    def files(self) -> dict[str, Path]:
        """Every file of audio, by its path below the home."""
        paths = (path for path in (self.home / "audio").rglob("*") if path.is_file())
        return {str(path.relative_to(self.home)): path for path in paths}


@dataclass(frozen=True)
class Bench:
    """The runner of ingests, and the fake services."""

    runner: Runner
    services: StandIns

    def start(self, place: Place, **more: str) -> int:
        self.services.dial.forget()
        own = {"DATABASE_URL": place.url, "LABELSCOPE_HOME": str(place.home), **more}
        return self.runner.start(self.services.environment | own)

    def run(self, place: Place) -> None:
        """Run an ingest that is not killed."""
        self.start(place)
        assert self.runner.wait() == 0

    def timed(self, place: Place) -> list[float]:
        """Run an ingest that is not killed; seconds from its start to each request, and to its end."""
        began, times = time.monotonic(), []
        process = self.start(place)
        while not ended(process):
            times += [time.monotonic() - began] * (self.request_count() - len(times))
            time.sleep(0.0005)
        assert self.runner.wait() == 0
        return [*times, time.monotonic() - began]

    def killed_at(self, place: Place, point: str) -> bool:
        """Run an ingest that is killed at one of POINTS; whether it was killed."""
        self.start(place, **{DIES_AT: point})
        return self.runner.wait() == -signal.SIGKILL

    def killed(self, place: Place, requests: int, pause: float) -> bool:
        """Kill an ingest some seconds after so many requests; False where it had ended before."""
        process = self.start(place)
        deadline = time.monotonic() + WAIT_SECONDS
        while self.request_count() < requests and time.monotonic() < deadline:
            time.sleep(0.0005)
        time.sleep(pause)
        os.kill(process, signal.SIGKILL)
        return self.runner.wait() == -signal.SIGKILL

    def request_count(self) -> int:
        return sum(len(requests) for requests in list(self.services.dial.requests.values()))


def ended(process: int) -> bool:
    """Whether a process has ended that its parent has not waited for yet."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


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
            f"Later ingest, {later}\n  at chosen points, {later_exact}\n"
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


def groups(rows: Rows, forgotten: set[str]) -> Groups:
    """Rows that belong together, by their subject. All rows of tracks to be removed are one such group."""
    rows_of: Groups = defaultdict(list)

    def put(about: tuple[str, ...], track: str, row: dict[str, Any]) -> None:
        rows_of[("forgotten",) if track in forgotten else about].append(str(row))

    for row in rows["playlists"]:
        if (row["status"], row["snapshot_id"]) != ("new", None):
            put(("playlist", name_of(row)), "", row)
    for table in ("playlist_tracks", "loads", "rejected_records"):
        for row in rows[table]:
            put(("playlist", row["playlist_id"]), row.get("track_id", ""), row)
    for row in rows["tracks"]:
        put(("track", name_of(row)), name_of(row), row)
    for row in rows["track_artists"]:
        put(("track", row["track_id"]), row["track_id"], row)
    for row in rows["clips"]:
        put(("audio", row["track_id"]), row["track_id"], row)
    for row in rows["lookups"]:
        source = (row["source"],) if row["kind"] == "features" else ()
        put((row["kind"], row["track_id"], *source), row["track_id"], row)
    for row in rows["audio_features"]:
        put(("features", row["track_id"], row["origin"]), row["track_id"], row)
    return {about: sorted(lines) for about, lines in rows_of.items()}


def tracks_of(rows: Rows) -> set[str]:
    return {name_of(row) for row in rows["tracks"]}


def name_of(row: dict[str, Any]) -> str:
    return f"{row['provider']}:{row['external_id']}"


def half_rows(rows: Rows, before: Rows, clean: Rows) -> list[str]:
    """Groups of rows that are neither as before nor as after a clean run."""
    forgotten = tracks_of(before) - tracks_of(clean)
    was, now, then = (groups(state, forgotten) for state in (before, rows, clean))
    wrong = [
        f"{about}: {now.get(about)}"
        for about in was.keys() | now.keys()
        if now.get(about) not in (was.get(about), then.get(about))
    ]
    for table in ("labels", "artists", "provider_state"):
        allowed = clean[table] + before[table]
        wrong += [f"{table}: {row}" for row in rows[table] if row not in allowed]
    return wrong


def half_files(place: Place, rows: Rows, clean: Rows) -> list[str]:
    """Clips without a file, and files with another sha256 than their name or without a clip.

    Files of tracks that are to be removed are deleted before their rows.
    """
    files = place.files()
    incoming = {Path(name).name for name in files if name.startswith("audio/incoming/")}
    uris = {row["uri"].removeprefix("store:") for row in rows["clips"]}
    kept = uris & {row["uri"].removeprefix("store:") for row in clean["clips"]}
    wrong = [f"{uri} is missing" for uri in kept if uri not in files and Path(uri).name not in incoming]
    for name, path in files.items():
        if path.suffix == ".part":
            wrong += [] if path.parent.parent.name == "incoming" else [f"{name} is no place for a draft"]
        elif sha256(path.read_bytes()).hexdigest() != path.stem:
            wrong.append(f"{name} is half a file")
        elif not name.startswith("audio/incoming/") and name not in uris:
            wrong.append(f"{name} belongs to no clip")
    return wrong


def require_audio_of_clips(place: Place, rows: Rows) -> None:
    """Assert that the audio folder has the file of each clip, and no other."""
    assert set(place.files()) == {row["uri"].removeprefix("store:") for row in rows["clips"]}
    assert list((place.home / "audio" / "incoming").iterdir()) == []
    assert list(place.home.rglob("*.part")) == []


def stage(rows: Rows, before: Rows, clean: Rows) -> str:
    """The stage that an ingest had reached, by the rows in the database."""
    forgotten = tracks_of(before) - tracks_of(clean)
    now, then = groups(rows, forgotten), groups(clean, forgotten)
    missing = {about[0] for about in now.keys() | then.keys() if now.get(about) != then.get(about)}
    for kind, name in STAGES.items():
        if kind in missing:
            return name
    return "after its last row"


def kinds_left(place: Place, rows: Rows) -> set[str]:
    """The kinds of files in audio/incoming."""
    with_row = {row["sha256"] for row in rows["clips"]}
    kinds = set()
    for name, path in place.files().items():
        if name.startswith("audio/incoming/"):
            part, unknown = "a half download", "a whole file without a row"
            kinds.add(
                part
                if path.suffix == ".part"
                else "a file not yet moved"
                if path.stem in with_row
                else unknown
            )
    return kinds
