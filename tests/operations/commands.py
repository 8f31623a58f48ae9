"""A `labelscope` command in the background, for tests that disturb it."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.operations.kept_up import LABELSCOPE

END_SECONDS = 900  # for each command to end, also disturbed and on a busy machine


@dataclass
class Command:
    """A process, and the file with all that it has written to stdout and stderr."""

    process: subprocess.Popen[bytes]
    log: Path
    began: float

    def is_over_within(self, seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.poll() is not None

    def is_over_at(self, moment: float) -> bool:
        """Whether it has ended before that moment, in seconds from its start."""
        return self.is_over_within(max(moment - (time.monotonic() - self.began), 0))

    def kill(self) -> None:
        self.process.kill()

    def kill_with_children(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> int:
        """The exit code. Kills the command, and fails, where it does not end in time."""
        if not self.is_over_within(END_SECONDS):
            self.kill_with_children()
            raise AssertionError(f"{self.process.args!r} did not end; it wrote: {self.words}")
        return self.process.returncode

    @property
    def words(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def sentence(self) -> str:
        """The error sentence in its output. Fails where there is a traceback."""
        assert "Traceback" not in self.words, self.words
        return self.words.rpartition("labelscope: ")[2].strip()


def begin(environment: Mapping[str, str], log: Path, *arguments: str | Path) -> Command:
    """Start `labelscope` with some arguments, in a group of processes of its own."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [LABELSCOPE, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return Command(process, log, time.monotonic())


def done(environment: Mapping[str, str], log: Path, *arguments: str | Path) -> float:
    """Run `labelscope` to its end; returns the seconds it took. Fails where the command fails."""
    command = begin(environment, log, *arguments)
    assert command.end() == 0, command.words
    return time.monotonic() - command.began
