"""A hundred kills, spread over four tests: how many each gets, at which moments, and which process dies.

LABELSCOPE_KILLS sets another number for all four together, LABELSCOPE_SEED other moments and processes.
"""

import os
import random
import signal
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.operations.commands import Command
from tests.processes import processes_of

KILLS: Final = max(int(os.environ.get("LABELSCOPE_KILLS", "100")) // 4, 1)  # of each of the four tests
SEED: Final = int(os.environ.get("LABELSCOPE_SEED", "20261130"))
NAMES: Final = {  # what a command line holds, and whose it then is; the first that fits
    b"services.keeper": "a keeper",
    b"initdb": "the maker of a database folder",
    b"pg_restore": "pg_restore",
    b"pg_dump": "pg_dump",
    b"postgres:": "a backend of PostgreSQL",
    b"bin/postgres": "PostgreSQL",
    b"services.prefect.server": "Prefect's server",
    b"prefect\0server": "Prefect's server",
    b"spawn_main": "a decoder",
    b"resource_tracker": "the tracker of decoders",
    b"labelscope\0up": "`labelscope up`",
    b"flow_run": "a run",
    b"prefect": "a run",
    b"labelscope": "the command",
}


def moments(dice: random.Random, number: int, seconds: float) -> Iterator[float]:
    """Moments of a life of so many seconds, in random order: one in each equal part of it, and again without end."""
    while True:
        parts = list(range(number))
        dice.shuffle(parts)
        yield from (seconds * (part + dice.random()) / number for part in parts)


def strike_one(command: Command, home: Path, dice: random.Random) -> str | None:
    """Kill a command, alone or with its children, or any process of its home; its name. None: it had just ended."""
    how = dice.choices(("alone", "with children", "any"), (2, 2, 5))[0]
    if how == "any":
        return kill_one_of(processes_of(home), dice)
    (command.kill if how == "alone" else command.kill_with_children)()
    return f"the command, {how}"


def kill_one_of(processes: Iterable[int], dice: random.Random) -> str | None:
    """Kill a process of a kind that is drawn first, so that a dozen backends count as one; its name. None: none was."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for process in processes:
        if name := name_of(process):
            kinds[name].append(process)
    if not kinds:
        return None
    name = dice.choice(sorted(kinds))
    with suppress(ProcessLookupError):
        os.kill(dice.choice(sorted(kinds[name])), signal.SIGKILL)
        return name
    return None


def name_of(process: int) -> str | None:
    """What the process is, by its command line; None where it has ended."""
    try:
        line = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return None
    fitting = (name for part, name in NAMES.items() if part in line)
    return next(fitting, "another process") if line else None
