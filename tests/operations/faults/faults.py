"""What can befall a home that is kept up while a pipeline runs: one function for each kind of fault.

Each returns whether it could strike: a process has to be there to be killed. What lasts (a full disk, a service that
is down) lasts a few seconds, ended by the same function; a moved clock stays where it is.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.locks import read_state
from tests.operations.faults.small_disk import STORES, SmallDisk
from tests.operations.kept_up import KeptUp
from tests.operations.moved_clock import MovedClock
from tests.processes import children_of
from tests.stand_ins.stand_ins import StandIns

LONGEST_SECONDS: Final = 4.0  # of what lasts
DECODER: Final = b"multiprocessing"  # in the command line of a process of a pool


@dataclass
class Victims:
    """A home that is kept up, and what it depends on."""

    kept: KeptUp
    random: random.Random
    services: StandIns | None = None
    disk: SmallDisk | None = None
    clock: MovedClock | None = None

    @property
    def ahead(self) -> timedelta:
        """Of the machine's clock."""
        return self.clock.ahead if self.clock else timedelta()

    def a_while(self) -> None:
        time.sleep(self.random.uniform(0.5, LONGEST_SECONDS))

    def kill_one(self, processes: list[int]) -> bool:
        if not processes:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.random.choice(processes), signal.SIGKILL)
            return True
        return False

    def runs(self) -> list[int]:
        """The process of each run that the timetable has started."""
        process = self.kept.process
        return children_of(process.pid) if process is not None and process.poll() is None else []

    def server(self, name: str) -> list[int]:
        return [
            pid for pid in [read_state(self.kept.home / name).pid] if pid and Path(f"/proc/{pid}").exists()
        ]

    def keepers(self) -> Iterator[int]:
        for name in ("postgres", "prefect"):
            pid = read_state(self.kept.home / name).keeper
            if pid and Path(f"/proc/{pid}").exists():
                yield pid


def kill_a_run(victims: Victims) -> bool:
    return victims.kill_one(victims.runs())


def kill_a_decoder(victims: Victims) -> bool:
    return victims.kill_one(
        [
            child
            for run in victims.runs()
            for child in children_of(run)
            if DECODER in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    )


def kill_labelscope_up(victims: Victims) -> bool:
    process = victims.kept.process
    if process is None or process.poll() is not None:
        return False
    process.kill()
    process.wait()
    return True


def kill_a_backend(victims: Victims) -> bool:
    return victims.kill_one([child for server in victims.server("postgres") for child in children_of(server)])


def kill_postgresql(victims: Victims) -> bool:
    return victims.kill_one(victims.server("postgres"))


def kill_prefect(victims: Victims) -> bool:
    return victims.kill_one(victims.server("prefect"))


def kill_a_keeper(victims: Victims) -> bool:
    return victims.kill_one(list(victims.keepers()))


def fill_the_disk(victims: Victims) -> bool:
    if victims.disk is None:
        return False
    victims.disk.fill()
    victims.a_while()
    victims.disk.free()
    return True


def make_a_store_read_only(victims: Victims) -> bool:
    if victims.disk is None or not victims.disk.make_read_only(victims.random.choice(STORES)):
        return False
    victims.a_while()
    victims.disk.make_writable()
    return True


def take_the_providers_down(victims: Victims) -> bool:
    if victims.services is None:
        return False
    dial = victims.services.dial
    before = dial.probability, dial.kinds
    dial.kinds = dict.fromkeys(dial.kinds, ("503", "reset", "502"))
    dial.probability = 1.0
    victims.a_while()
    dial.probability, dial.kinds = before
    return True


def move_the_clock(victims: Victims) -> bool:
    if victims.clock is None:
        return False
    victims.clock.move(timedelta(minutes=victims.random.choice((-90, -20, -1, 1, 20, 90))))
    return True


def start_another_pipeline(victims: Victims) -> bool:
    """As a person would in the browser, while the first one runs."""
    with suppress(OSError):
        victims.kept.run("pipeline")
        return True
    return False


FAULTS: Final[dict[str, tuple[Callable[[Victims], bool], int]]] = {  # with how often, in proportion
    "a run killed": (kill_a_run, 3),
    "a decoder killed": (kill_a_decoder, 3),
    "`labelscope up` killed": (kill_labelscope_up, 1),
    "a backend of PostgreSQL killed": (kill_a_backend, 3),
    "PostgreSQL killed": (kill_postgresql, 2),
    "Prefect's server killed": (kill_prefect, 2),
    "a keeper killed": (kill_a_keeper, 2),
    "the disk full": (fill_the_disk, 2),
    "a store read-only": (make_a_store_read_only, 2),
    "the providers down": (take_the_providers_down, 3),
    "the clock moved": (move_the_clock, 2),
    "two pipelines at once": (start_another_pipeline, 2),
}


def strike(victims: Victims) -> str | None:
    """One of them at random; its name, or None where it could not strike."""
    names = list(FAULTS)
    [name] = victims.random.choices(names, [weight for _, weight in FAULTS.values()])
    return name if FAULTS[name][0](victims) else None
