"""Rate limits that callers keep: each request waits for its turn."""

import threading
import time
from typing import Protocol

from pyrate_limiter import InMemoryBucket, Rate, RateItem


class Pace(Protocol):
    """A rate limit. Any number of threads may share one."""

    def wait(self) -> None:
        """Return when a request may begin, and count it. Raises SourceError where the count is not available."""
        ...


class RollingWindow:
    """Lets at most `requests` begin in any `window_s` seconds. All threads of a process share one."""

    def __init__(self, requests: int, window_s: float) -> None:
        self._bucket = InMemoryBucket([Rate(requests, max(1, round(window_s * 1000)))])
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when a request may begin, and count it."""
        while (wait_ms := self._take()) is not None:
            time.sleep(max(wait_ms, 1) / 1000)

    def _take(self) -> int | None:
        """None where a request may begin now, else the milliseconds until the next attempt."""
        with self._lock:
            now_ms = time.monotonic_ns() // 1_000_000
            self._bucket.leak(now_ms)
            item = RateItem("request", now_ms)
            return None if self._bucket.put(item) else self._bucket.waiting(item)  # type: ignore[return-value]
