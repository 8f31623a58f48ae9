"""Two hundred accidents befall a home while its pipelines run; then it holds what one holds that was left in peace.

Most of an hour: `make test-faults`. LABELSCOPE_FAULTS sets another number, LABELSCOPE_SEED other accidents.
"""

import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from db.engine import open_engine
from services.postgres import embedded_postgres
from sources.synth import render_crate
from tests.flows.final_state import named_rows
from tests.operations.faults import Victims, strike
from tests.operations.kept_up import KeptUp
from tests.operations.moved_clock import MovedClock, libfaketime
from tests.operations.small_disk import can_mount, small_disk
from tests.processes import free_port, processes_of, wait_until
from tests.services import music
from tests.services.music import Entry, World
from tests.services.stand_ins import stand_ins

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
    pytest.mark.timeout(3 * 3600),
]
NUMBER = int(os.environ.get("LABELSCOPE_FAULTS", "200"))
SEED = int(os.environ.get("LABELSCOPE_SEED", "20261125"))
MOST_AT_A_TIME = 8  # faults to one run; then it is left to end
PEACEFUL = 5  # each so manieth run is left in peace
RUN_SECONDS = 400  # five minutes for a run that died, and some for the server to say so
ALL_ON = '[training]\nallow = ["spotify", "deezer", "folder"]\n[features]\nreccobeats = true\n'
LISTS = [
    ("Drumcode", "Techno.", music.base62("faults 1"), 45, 24),
    ("Kompakt", "Minimal.", music.base62("faults 2"), 45, 24),
]
NOT_OVER = ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"]
SETTINGS = {
    "LABELSCOPE_RETRAIN_NEW_TRACKS": "4",
    "LABELSCOPE_RETRAIN_NEW_SHARE": "0",
    "LABELSCOPE_EXTRACTION_BATCH": "4",
    "LABELSCOPE_PREDICTION_BATCH": "8",
    "LABELSCOPE_WORKERS": "2",
    "LABELSCOPE_REQUEST_TIMEOUT_SECONDS": "5",
    "LABELSCOPE_PIPELINE_CRON": "0 0 1 1 *",  # the test starts all runs
    "LABELSCOPE_MAINTAIN_CRON": "0 0 1 1 *",
    "LABELSCOPE_REPORT_CRON": "0 0 1 1 *",
}
SAME_TABLES = (  # whatever has happened before
    "labels",
    "playlists",
    "artists",
    "tracks",
    "track_artists",
    "playlist_tracks",
    "clips",
    "lookups",
    "audio_features",
    "spectrograms",
    "fingerprints",
    "file_faults",
)
PREDICTED = """
    SELECT t.provider || ':' || t.external_id FROM predictions p
      JOIN models m ON m.id = p.model_id AND m.status = 'champion' JOIN tracks t ON t.id = p.track_id
"""


class Music:
    """Two playlists and the folders of two other labels, to which something is added now and then."""

    def __init__(self, folder: Path, pool: Path) -> None:
        render_crate(pool, tracks_per_label=40, artists_per_label=8, duration_s=4.0)
        pools = sorted(path for path in pool.iterdir() if path.is_dir())[:2]
        self._unheard = sorted(
            (song for label in pools for song in label.iterdir()), key=lambda path: path.name
        )
        self._folder, self._number = folder, 5000
        for label in pools:
            (folder / label.name).mkdir(parents=True)
        self.world: World = music.labelled_world(LISTS, seed=3)
        self.add_files(16)

    def add_files(self, number: int) -> None:
        for _ in range(min(number, len(self._unheard))):
            song = self._unheard.pop()
            shutil.copy(song, self._folder / song.parent.name)

    @property
    def configuration(self) -> str:
        return "".join(
            f'[[label]]\nname = "{label.name}"\nplaylists = ["folder:{label}"]\n'
            for label in sorted(self._folder.iterdir())
        )

    def grow(self) -> None:
        self.add_files(1)
        for label, playlist in enumerate(self.world.playlists.values()):
            for _ in range(2):
                self._number += 111  # a release of its own, and no guest: the labels stay apart
                track = music.add_track(self.world, self._number, label, "both")
                playlist.add(Entry("track", track))


@dataclass
class Tally:
    """What struck, and how the runs ended; told as it happens."""

    capsys: pytest.CaptureFixture[str]
    runs: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    def note_fault(self, name: str) -> None:
        self.struck[name] += 1
        self.say(f"{self.seconds:6.0f} s: {name}")

    def note_end(self, state: str) -> None:
        self.ends[state] += 1
        self.say(f"{self.seconds:6.0f} s: run {self.runs} {state.lower()}; {self.struck.total()} faults")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def say(self, line: str) -> None:
        with self.capsys.disabled():
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def __str__(self) -> str:
        ended = ", ".join(f"{count} {state.lower()}" for state, count in self.ends.most_common())
        kinds = "".join(f"\n{count:5}  {name}" for name, count in self.struck.most_common())
        return f"{self.struck.total()} faults in {self.seconds:.0f} s, seed {SEED}; {self.runs} runs: {ended}{kinds}"


@pytest.fixture
def surroundings(tmp_path: Path) -> Iterator[tuple[Victims, Music]]:
    """A home, on a disk and with a clock of its own where that can be had, that the test keeps up."""
    sounds = Music(tmp_path / "crate", tmp_path / "pool")
    home, library = tmp_path / "home", libfaketime()
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(home, mebibytes=1500)) if can_mount() else None
        clock = MovedClock(tmp_path / "clock", library) if library else None
        services = stack.enter_context(
            stand_ins(sounds.world, configuration=sounds.configuration + ALL_ON, timeout_seconds=5)
        )
        more = services.environment | SETTINGS | (clock.environment if clock else {})
        kept = KeptUp(home, free_port(), more=more)
        yield Victims(kept, services, disk, clock, random.Random(SEED)), sounds
        shutil.copytree(home / "logs", tmp_path / "logs")  # which would go with the disk
        for process in processes_of(home):
            os.kill(process, signal.SIGKILL)
        wait_until(lambda: not processes_of(home), 30)


def test_two_hundred_accidents_lose_nothing_and_double_nothing(
    surroundings: tuple[Victims, Music], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    victims, sounds = surroundings
    kept, tally = victims.kept, Tally(capsys)
    kept.start()
    while tally.struck.total() < NUMBER:
        sounds.grow()
        run = kept.run("pipeline")
        tally.runs += 1
        if tally.runs % PEACEFUL:
            befall(victims, run, tally)
        keep_up(kept)
        tally.note_end(end_of(victims, run))

    if victims.clock:
        victims.clock.move(timedelta(days=1) - victims.clock.ahead)  # after all that has happened
    peace(victims)
    tally.say(str(tally))

    untouched = KeptUp(tmp_path / "untouched", free_port(), more=kept.more)
    run_alone = untouched.call("run")
    assert run_alone.returncode == 0, run_alone.stdout
    assert kept.call("maintain", "--thorough", "--repair").returncode == 0
    found, expected = (what_is_there(untroubled) for untroubled in (kept, untouched))
    assert expected["champions and trainings"] == [1, 0] and expected["predicted"]
    for name in expected:
        assert found[name] == expected[name], name


def befall(victims: Victims, run: str, tally: Tally) -> None:
    """Faults strike until the run has ended, or `up` with it, or there were enough."""
    time.sleep(victims.random.uniform(0, 10))
    for _ in range(MOST_AT_A_TIME):
        if name := strike(victims):
            tally.note_fault(name)
        if not is_up(victims.kept) or has_ended(victims.kept, run):
            break
        time.sleep(victims.random.uniform(0.1, 2))


def is_up(kept: KeptUp) -> bool:
    return kept.process is not None and kept.process.poll() is None


def has_ended(kept: KeptUp, run: str) -> bool:
    return state_of(kept, run) in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def state_of(kept: KeptUp, run: str) -> str | None:
    """None while Prefect's server is down."""
    with suppress(OSError):
        return kept.state_of(run)
    return None


def keep_up(kept: KeptUp) -> None:
    """Start it again if it is not up, as a person or a system's service manager would."""
    if not is_up(kept):
        kept.start()


def end_of(victims: Victims, run: str) -> str:
    """The state of a run, once it and all others have ended: five minutes after it died none is running any more."""
    let_all_end(victims)
    states: list[str | None] = []
    wait_until(lambda: states.append(state_of(victims.kept, run)) or states[-1])  # type: ignore[func-returns-value]
    return str(states[-1])


def let_all_end(victims: Victims) -> None:
    try:
        wait_until(lambda: not going(victims), RUN_SECONDS, pause=0.5)
    except AssertionError:
        pytest.fail(f"Five minutes later: {going(victims)}")


def going(victims: Victims) -> list[Any] | bool:
    """The runs that are not over, as far as Prefect knows; True while its server is down.

    One that was asked for before the clock was moved back begins when the clock has come there again, later.
    """
    now = (datetime.now(UTC) + victims.ahead).isoformat()
    with suppress(OSError):
        runs = victims.kept.ask("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": NOT_OVER}}}})
        told = ("name", "state_name", "tags", "start_time", "expected_start_time")
        due = [run for run in runs if run["state_type"] != "SCHEDULED" or run["expected_start_time"] < now]
        return [{name: run[name] for name in told} for run in due]
    return True


def peace(victims: Victims) -> None:
    """All runs have ended, and the next one comes to its end."""
    kept = victims.kept
    keep_up(kept)
    let_all_end(victims)
    for _ in range(2):  # the second one trains what the first one may have scored alone
        run = kept.run("pipeline")
        kept.wait_for(run, "COMPLETED", "FAILED", "CRASHED", "CANCELLED", seconds=RUN_SECONDS)
        assert kept.state_of(run) == "COMPLETED"


def what_is_there(kept: KeptUp) -> dict[str, Any]:
    """All that has to be the same in two homes with the same music, whatever befell them."""
    with ExitStack() as stack:
        server = stack.enter_context(embedded_postgres(kept.home))
        engine = open_engine(server.url("labelscope"))
        stack.callback(engine.dispose)
        connection = stack.enter_context(engine.connect())
        rows = named_rows(connection)
        found: dict[str, Any] = {table: sorted(map(str, rows[table])) for table in SAME_TABLES}
        found |= learnt(connection)
    for store in ("audio", "spectrograms"):
        found[f"files of {store}"] = sorted(
            (path.relative_to(kept.home).as_posix(), sha256(path.read_bytes()).hexdigest())
            for path in (kept.home / store).rglob("*")
            if path.is_file()
        )
    return found


def learnt(connection: Connection) -> dict[str, Any]:
    """Who was scored by the champion, each once; one champion, whose file is there; nobody who still trains."""
    one = (
        "SELECT count(*) FROM models WHERE status = 'champion'",
        "SELECT count(*) FROM training_runs WHERE status = 'running'",
    )
    return {
        "predicted": sorted(connection.scalars(text(PREDICTED))),
        "champions and trainings": [connection.scalar(text(query)) for query in one],
    }
