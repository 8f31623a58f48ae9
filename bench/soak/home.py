"""A home that `labelscope up` serves with a clock that is moved, and a crate to which tracks are added.

Moving the clock does not speed up what repeats every few seconds, so that is done more often. The runner requests due
runs 20 times as often. PostgreSQL checks 20 times as often which tables to vacuum, as these requests fill them with
dead rows. Prefect's server does every second what it does every 5 seconds otherwise.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import psycopg

from services import up_process
from services.locks import State, read_state
from services.postgres.postmaster import PORT
from services.prefect.login import basic, home_login
from sources.synth.crate import LABELS, Song, plan_crate, write_song
from tests.operations.moved_clock import MovedClock

DIRECT = build_opener(ProxyHandler({}))
START_SECONDS, RUN_SECONDS, STOP_SECONDS = 180, 400, 120
QUIET_SECONDS = 10.0  # an event starts a run within 6 s
POLL_SECONDS = 0.1  # instead of 2
VACUUM_SECONDS = 3  # instead of 60
SERVER_LOOPS = """
[server.services]
late_runs.loop_seconds = 1
pause_expirations.loop_seconds = 1
cleanup_reconciler.loop_seconds = 1
scheduler.recent_deployments_loop_seconds = 1
scheduler.loop_seconds = 12
foreman.loop_seconds = 3
repossessor.loop_seconds = 3
cancellation_cleanup.loop_seconds = 4
"""
"""A fifth of the default intervals."""
UNDER_WAY = ["PENDING", "RUNNING", "CANCELLING"]
Row = dict[str, Any]


class SoakedHome:
    """`labelscope up` in `folder`/home, with the default timetable, and `folder`/crate for its playlists."""

    def __init__(self, folder: Path, clock: MovedClock, port: int) -> None:
        self.home, self.crate = folder / "home", folder / "crate"
        self._clock, self._port = clock, port
        self._log = folder / "up.log"
        self._labels = folder / "labels.toml"
        self._labels.write_text(
            "".join(
                f'[[label]]\nname = "{label.name}"\nplaylists = ["folder:crate/{slug}"]\n\n'
                for slug, label in LABELS.items()
            )
        )
        settings = self.home / "prefect" / "prefect.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(SERVER_LOOPS)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def postgres(self) -> State:
        return read_state(self.home / "postgres")

    @property
    def prefect(self) -> State:
        return read_state(self.home / "prefect")

    def start(self) -> None:
        """Start `labelscope up`, and wait until it requests due runs."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        own = {
            "LABELSCOPE_HOME": str(self.home),
            "LABELSCOPE_LABELS": str(self._labels),
            "LABELSCOPE_UI_PORT": str(self._port),
            "LABELSCOPE_KEEP_RUNS_DAYS": "1",
            # A short training; what it learns does not matter here.
            "LABELSCOPE_HYPERPARAMETERS": '{"members": 1, "epochs": 2, "minimum_steps": 30}',
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.soak.up", str(POLL_SECONDS)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=inherited | self._clock.environment | own,
                cwd=Path(__file__).parents[2],
            )
        self._wait(self._ready, START_SECONDS, "start")
        with psycopg.connect(
            f"host={self.postgres.place} port={PORT} user=postgres dbname=prefect", autocommit=True
        ) as connection:
            connection.execute(f"ALTER SYSTEM SET autovacuum_naptime = {VACUUM_SECONDS}")
            connection.execute("SELECT pg_reload_conf()")
        self._wait(self._polls, START_SECONDS, "request due runs")

    def stop(self) -> None:
        """End `labelscope up`, if it runs, and wait until Prefect and PostgreSQL have ended, too."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(STOP_SECONDS)
            self._wait(lambda: self.postgres.status == "stopped", STOP_SECONDS, "stop PostgreSQL")

    def deployments(self) -> dict[str, str]:
        """The name of the flow of each deployment, by its id."""
        return {row["id"]: row["entrypoint"].rpartition(".")[2] for row in self.post("/deployments/filter")}

    def next_run(self) -> Row:
        """Prefect's record of the next scheduled run. Waits until Prefect has planned one."""
        runs: list[Row] = []
        scheduled = {"state": {"type": {"any_": ["SCHEDULED"]}}}

        def is_planned() -> bool:
            runs[:] = self.post(
                "/flow_runs/filter", flow_runs=scheduled, sort="EXPECTED_START_TIME_ASC", limit=1
            )
            return bool(runs)

        self._wait(is_planned, START_SECONDS, "plan a run")
        return runs[0]

    def wait_for(self, run: Row) -> str:
        """Wait until that run, and the runs that it triggers, have ended; the name of its final state."""
        self._wait(lambda: self._state(run) not in ["SCHEDULED", *UNDER_WAY], RUN_SECONDS, "end a run")
        quiet_since = time.monotonic()
        deadline = quiet_since + RUN_SECONDS
        while time.monotonic() < quiet_since + QUIET_SECONDS:
            if time.monotonic() > deadline:
                raise TimeoutError(f"Runs after {run['name']} do not end.")
            if self._busy():
                quiet_since = time.monotonic()
            time.sleep(0.5)
        return self._state(run)

    def post(self, path: str, **body: Any) -> Any:
        """Prefect's answer to a POST."""
        address = f"http://127.0.0.1:{self._port}/api{path}"
        headers = {"Content-Type": "application/json"} | basic(home_login(self.home))
        request = Request(address, json.dumps(body).encode(), headers)
        with DIRECT.open(request, timeout=30) as answer:
            return json.load(answer)

    def _ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            sys.exit(self._log.read_text())
        state = up_process.up_state(self.home)
        return state is not None and (state.pid, state.status) == (self._process.pid, "ready")

    def _polls(self) -> bool:
        """Whether the runner requests due runs. Before, it registers its deployments, which deletes planned runs."""
        return all(row["status"] == "READY" for row in self.post("/deployments/filter"))

    def _state(self, run: Row) -> str:
        [row] = self.post("/flow_runs/filter", flow_runs={"id": {"any_": [run["id"]]}})
        return str(row["state_type"])

    def _busy(self) -> bool:
        """Whether a run is under way or due, or the process of a run has not ended."""
        soon = (self._clock.now + timedelta(minutes=1)).isoformat()
        under_way = {"state": {"type": {"any_": UNDER_WAY}}}
        due = {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"before_": soon}}
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return bool(children) or any(
            self.post("/flow_runs/count", flow_runs=states) for states in (under_way, due)
        )

    def _wait(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"It took longer than {seconds} s to {what}; see {self._log}.")
            time.sleep(0.5)


class Newcomers:
    """Adds rendered tracks to a crate, as many of each label at a time. Uses the real clock."""

    def __init__(self, crate: Path, rounds: int, at_first: int) -> None:
        """Plan `at_first` tracks of each label to begin with, and one of each label in each of `rounds`."""
        self._crate, self._at_first = crate, at_first
        self._songs: dict[str, list[Song]] = {slug: [] for slug in LABELS}
        for song in plan_crate(tracks_per_label=at_first + rounds):
            self._songs[song.label].append(song)

    def begin(self) -> int:
        """Add the first tracks; returns how many."""
        return self._add(self._at_first)

    def add(self) -> int:
        """Add a track of each label; returns how many."""
        return self._add(1)

    def _add(self, number: int) -> int:
        songs = [songs.pop(0) for songs in self._songs.values() for _ in range(number)]
        return sum(write_song(song, self._crate) for song in songs)


def start_of(run: Row) -> datetime:
    """When a run is scheduled to start."""
    return datetime.fromisoformat(run["expected_start_time"])
