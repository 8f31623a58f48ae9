"""Not more requests than a service allows: who asks waits for its turn."""

import threading
import time
from typing import Protocol

from pyrate_limiter import InMemoryBucket, Rate, RateItem


class Pace(Protocol):
    """Any number of threads may share one."""

    def wait(self) -> None:
        """Returns when a request may begin, and counts it. Raises SourceError where nobody can tell."""
        ...


class RollingWindow:
    """Lets at most `requests` begin in any `window_s` seconds: one for all threads of a process."""

    def __init__(self, requests: int, window_s: float) -> None:
        self._bucket = InMemoryBucket([Rate(requests, max(1, round(window_s * 1000)))])
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Returns when a request may begin, and counts it."""
        while (wait_ms := self._take()) is not None:
            time.sleep(max(wait_ms, 1) / 1000)

    def _take(self) -> int | None:
        """None where there was room, else the milliseconds until there may be."""
        with self._lock:
            now_ms = time.monotonic_ns() // 1_000_000
            self._bucket.leak(now_ms)
            item = RateItem("request", now_ms)
            return None if self._bucket.put(item) else self._bucket.waiting(item)  # type: ignore[return-value]
