"""A home that `labelscope up` keeps running by a clock of its own, and a crate to which tracks are added.

What repeats by the second is hurried, since moving the wall clock does not let it happen more often: the runner asks
for due runs twenty times as often as it would, PostgreSQL looks twenty times as often for tables to vacuum, which these
requests fill with dead rows, and what Prefect's server does every 5 seconds it does every second.
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
QUIET_SECONDS = 10.0  # an event starts a run within six
POLL_SECONDS = 0.1  # rather than 2
VACUUM_SECONDS = 3  # rather than 60
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
"""  # a fifth of what they are
UNDER_WAY = ["PENDING", "RUNNING", "CANCELLING"]
Row = dict[str, Any]


class SoakedHome:
    """`labelscope up` in `folder`/home, with the timetable as it comes, and `folder`/crate for its playlists."""

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
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        own = {
            "LABELSCOPE_HOME": str(self.home),
            "LABELSCOPE_LABELS": str(self._labels),
            "LABELSCOPE_UI_PORT": str(self._port),
            "LABELSCOPE_KEEP_RUNS_DAYS": "1",
            "LABELSCOPE_HYPERPARAMETERS": '{"members": 1, "epochs": 2, "minimum_steps": 30}',  # it need not learn
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
        self._wait(self._asked, START_SECONDS, "ask for runs")

    def stop(self) -> None:
        """End it, if it is there, and wait for Prefect and PostgreSQL to end as well."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(STOP_SECONDS)
            self._wait(lambda: self.postgres.status == "stopped", STOP_SECONDS, "stop PostgreSQL")

    def deployments(self) -> dict[str, str]:
        """The name of the flow of each deployment, by its id."""
        return {row["id"]: row["entrypoint"].rpartition(".")[2] for row in self.ask("/deployments/filter")}

    def next_run(self) -> Row:
        """The run that a schedule starts next, as Prefect has it; after a start it takes a moment to put them there."""
        found: list[Row] = []
        asked = {"state": {"type": {"any_": ["SCHEDULED"]}}}

        def there() -> bool:
            found[:] = self.ask("/flow_runs/filter", flow_runs=asked, sort="EXPECTED_START_TIME_ASC", limit=1)
            return bool(found)

        self._wait(there, START_SECONDS, "plan a run")
        return found[0]

    def wait_for(self, run: Row) -> str:
        """The state in which that run, and all that it starts, has ended; what it is called is its name in Prefect."""
        self._wait(lambda: self._state(run) not in ["SCHEDULED", *UNDER_WAY], RUN_SECONDS, "end a run")
        quiet_since = time.monotonic()
        deadline = quiet_since + RUN_SECONDS
        while time.monotonic() < quiet_since + QUIET_SECONDS:
            if time.monotonic() > deadline:
                raise TimeoutError(f"There are still runs after {run['name']}.")
            if self._busy():
                quiet_since = time.monotonic()
            time.sleep(0.5)
        return self._state(run)

    def ask(self, path: str, **body: Any) -> Any:
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

    def _asked(self) -> bool:
        """Whether the runner asks for due runs; before, it registers them again, which withdraws what was planned."""
        return all(row["status"] == "READY" for row in self.ask("/deployments/filter"))

    def _state(self, run: Row) -> str:
        [row] = self.ask("/flow_runs/filter", flow_runs={"id": {"any_": [run["id"]]}})
        return str(row["state_type"])

    def _busy(self) -> bool:
        """Whether a run is under way or due, or a process of one still there."""
        soon = (self._clock.now + timedelta(minutes=1)).isoformat()
        under_way = {"state": {"type": {"any_": UNDER_WAY}}}
        due = {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"before_": soon}}
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return bool(children) or any(
            self.ask("/flow_runs/count", flow_runs=asked) for asked in (under_way, due)
        )

    def _wait(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"It took longer than {seconds} s to {what}; {self._log} may say why.")
            time.sleep(0.5)


class Newcomers:
    """Tracks that come into a crate, as many of each label at a time; rendered on the spot, by the real clock."""

    def __init__(self, crate: Path, rounds: int, at_first: int) -> None:
        """`at_first` tracks of each label to begin with, and one of each in every one of `rounds`."""
        self._crate, self._at_first = crate, at_first
        self._songs: dict[str, list[Song]] = {slug: [] for slug in LABELS}
        for song in plan_crate(tracks_per_label=at_first + rounds):
            self._songs[song.label].append(song)

    def begin(self) -> int:
        return self._add(self._at_first)

    def come(self) -> int:
        """How many tracks have come."""
        return self._add(1)

    def _add(self, number: int) -> int:
        songs = [songs.pop(0) for songs in self._songs.values() for _ in range(number)]
        return sum(write_song(song, self._crate) for song in songs)


def moment_of(run: Row) -> datetime:
    """When a run is to start."""
    return datetime.fromisoformat(run["expected_start_time"])
