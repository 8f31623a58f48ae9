"""A PostgreSQL whose keepers are killed at a chosen stage of the start.

Imported by keepers, so: the standard library alone.
"""

import os
import signal
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from services.held_start import Launched
from services.postgres.postmaster import PostgresServer

DEATHS = 4  # more than a server may fail to start
STAGES = ("born", "launch", "started", "recorded", "begun")


@dataclass(frozen=True)
class DyingKeepers(PostgresServer):
    """The first keepers die: before server.json is written, before the server is started, before its process id is
    written down, before it begins, or before it answers.
    """

    stage: str = ""
    user: int = 0  # the process that must live
    deaths: Path = Path("/nowhere")  # a file with one byte for each
    limit: int = DEATHS

    def __reduce__(self) -> tuple[Any, ...]:
        return _in_keeper, tuple(getattr(self, field.name) for field in fields(self))

    def launch(self, server_lock: int, last_place: str) -> Launched:
        die(self, "launch")
        launched = PostgresServer.launch(self, server_lock, last_place)
        die(self, "started")
        return DyingLaunch(launched.pid, launched.place, launched.gate, self)

    def answers(self, place: str) -> bool:
        die(self, "begun")
        return PostgresServer.answers(self, place)


@dataclass(frozen=True)
class DyingLaunch(Launched):
    server: DyingKeepers

    def begin(self) -> None:
        die(self.server, "recorded")
        Launched.begin(self)


def die(server: DyingKeepers, stage: str) -> None:
    if stage != server.stage or os.getpid() == server.user or server.deaths.stat().st_size >= server.limit:
        return
    with server.deaths.open("a") as file:
        file.write(".")
    os.kill(os.getpid(), signal.SIGKILL)


def _in_keeper(*values: Any) -> DyingKeepers:
    server = DyingKeepers(*values)
    die(server, "born")
    return server
