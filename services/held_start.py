"""Start a program so that it begins only when its process id is written down.

Where the starter is killed before, the program never runs: no server is left that nobody can name.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

HELD = ["/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "labelscope"]


@dataclass(frozen=True, slots=True)
class Launched:
    """A server that waits to begin: its process id, which stays, and its place."""

    pid: int
    place: str
    gate: int  # file descriptor

    def begin(self) -> None:
        """Let the program run."""
        with suppress(BrokenPipeError):  # it was killed meanwhile
            os.write(self.gate, b"\n")
        os.close(self.gate)


def start_held(
    command: Sequence[str | os.PathLike[str]], place: str, env: Mapping[str, str], **options: Any
) -> Launched:
    """Start the command as `subprocess.Popen` does with these options; it waits for begin(), or ends with us."""
    reading, gate = os.pipe()  # neither is inherited but as the standard input
    try:
        process = subprocess.Popen([*HELD, *command], stdin=reading, env=env, **options)
    except BaseException:
        os.close(gate)
        raise
    finally:
        os.close(reading)
    return Launched(process.pid, place, gate)
