"""A wall clock that can be moved, for all processes that are started in its environment. Linux and a C compiler."""

import os
import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from mmap import mmap
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
NANOSECONDS = 1_000_000_000


class Clock:
    """By how much the wall clock is ahead, which stands in a file that every process maps into its memory."""

    def __init__(self, folder: Path) -> None:
        """Compile the library into `folder`, which other users have to be able to read: root's PostgreSQL is one."""
        self._library = folder / "soak_clock.so"
        self._path = folder / "soak_clock"
        try:
            subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", self._library, SOURCE, "-ldl"], check=True)
        except FileNotFoundError:
            sys.exit("The clock is written in C: install a compiler, such as gcc, that is called `cc`.")
        self._path.write_bytes(bytes(8))
        with self._path.open("r+b") as file:
            self._memory = mmap(file.fileno(), 8)

    @property
    def environment(self) -> dict[str, str]:
        """For processes that shall go by this clock."""
        others = os.environ.get("LD_PRELOAD", "")
        return {
            "LD_PRELOAD": f"{self._library} {others}".rstrip(),
            "SOAK_CLOCK": str(self._path),
        }

    @property
    def _ahead(self) -> int:
        return int(struct.unpack("=q", self._memory)[0])

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(microseconds=self._ahead / 1_000)

    def move_to(self, moment: datetime) -> None:
        """Let it be that moment everywhere, from the next look at the clock on.

        Raises ValueError for one that has passed: a clock that goes back is another experiment.
        """
        if moment < self.now():
            raise ValueError(f"It is later than {moment} already.")
        ahead = (moment - datetime.now(UTC)).total_seconds()
        self._memory[:] = struct.pack("=q", int(ahead * NANOSECONDS))
