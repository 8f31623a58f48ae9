"""Ingests that are killed or not, each with a database and a home, and fake services for all."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from db.engine import open_engine
from tests.flows.final_state import final_state, named_rows
from tests.flows.ingest.killed.ingest_runner import DIES_AT, Runner
from tests.stand_ins.stand_ins import StandIns

WAIT_SECONDS = 60
Rows = dict[str, list[dict[str, Any]]]
AGEING = (
    ("playlists", "last_seen_at"),
    ("playlist_tracks", "removed_at"),
    ("tracks", "last_seen_at"),
    ("artists", "first_seen_at"),
    ("lookups", "checked_at"),
)


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
