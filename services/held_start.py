"""Start a program that waits until its process id is recorded.

If the starter is killed before that, the program never runs. So no server is left whose process id is unknown.
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
    """A server that waits to begin: its process id, which stays the same, and its place."""

    pid: int
    place: str
    gate: int  # file descriptor

    def begin(self) -> None:
        """Let the program run."""
        with suppress(BrokenPipeError):  # the program was killed meanwhile
            os.write(self.gate, b"\n")
        os.close(self.gate)


def start_held(
    command: Sequence[str | os.PathLike[str]], place: str, env: Mapping[str, str], **options: Any
) -> Launched:
    """Start the command with these options of `subprocess.Popen`. It waits for begin(), or ends with this process."""
    reading, gate = os.pipe()  # a child inherits neither, except as its standard input
    try:
        process = subprocess.Popen([*HELD, *command], stdin=reading, env=env, **options)
    # Every kind, as also Ctrl-C would leave the descriptor open.
    except BaseException:
        os.close(gate)
        raise
    finally:
        os.close(reading)
    return Launched(process.pid, place, gate)
