"""Requests to a service in turn with those of every other run: who counts them counts by address, not by process."""

import time
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from db import write
from sources.errors import TransientError


@dataclass(frozen=True, slots=True)
class SharedPace:
    """At most `requests` begin in any `window_s` seconds, of all processes that use the database, by its clock."""

    engine: Engine
    service: str
    requests: int
    window_s: float
    _one: Lock = field(default_factory=Lock)  # one connection, however many threads want a turn

    def wait(self) -> None:
        """Returns when a request may begin, and counts it. Raises TransientError where the database does not answer."""
        try:
            with (
                self._one,
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
