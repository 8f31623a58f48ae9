"""A rate limit that all runs share, as services count requests by IP address and not by process."""

import time
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from db import write
from sources.errors import TransientError


@dataclass(frozen=True, slots=True)
class SharedRateLimit:
    """At most `requests` start in any `window_s` seconds, over all processes with this database, by its clock."""

    engine: Engine
    service: str
    requests: int
    window_s: float
    # All threads of a process share one connection.
    _lock: Lock = field(default_factory=Lock)

    def wait(self) -> None:
        """Block until a request may start, and count it. Raises TransientError where the database does not answer."""
        try:
            with (
                self._lock,
                self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
            ):
                seconds = write.providers.take_turn(connection, self.service, self.requests, self.window_s)
        except (DBAPIError, NoConnectionError):
            seconds = None
        if seconds is None:
            raise TransientError(
                f"The database, which counts requests to {self.service}, does not answer; run again."
            )
        time.sleep(max(seconds, 0.0))
