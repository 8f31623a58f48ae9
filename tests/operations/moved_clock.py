"""The wall clock of some processes, moved while they run: by libfaketime (`pip install '.[clock]'`), if it is there.

What measures spans of time, the monotonic clock, goes on as it does on a real machine, and so do the times of files.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final

NOTICE_SECONDS: Final = 1.5  # they look once a second


def libfaketime() -> Path | None:
    """The library to load before all others; None where it is not installed.

    That of Debian 12 will not do: under it Python's `time.sleep` fails.
    """
    package = find_spec("libfaketime")
    return next(Path(str(package.origin)).parent.rglob("libfaketime.so.1"), None) if package else None


@dataclass
class MovedClock:
    """A clock that is ahead of the machine's, or behind it, as a file says that all its processes read."""

    file: Path
    library: Path
    ahead: timedelta = field(default_factory=timedelta)

    def __post_init__(self) -> None:
        self._write()

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def move(self, by: timedelta) -> None:
        """Forward or back; at the end all processes have noticed: what one does before, another takes for long ago."""
        self.ahead += by
        self._write()
        time.sleep(NOTICE_SECONDS)

    def _write(self) -> None:
        draft = self.file.with_suffix(".new")
        draft.write_text(f"{self.ahead.total_seconds():+.0f}\n")
        draft.chmod(0o644)  # PostgreSQL may run as another user
        draft.replace(self.file)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a process whose clock it shall be."""
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
