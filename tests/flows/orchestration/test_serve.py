"""How the process that serves the timetable ends."""

import asyncio
import signal
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest


class Destroyed:
    """Raises SIGTERM in its destructor, where Python ignores exceptions."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_sigterm_in_a_destructor_ends_it(flows: SimpleNamespace) -> None:
    from flows.orchestration.serve import TimetableRunner

    class Started(TimetableRunner):
        async def start(self, *_: Any, **__: Any) -> None:
            signal.signal(signal.SIGTERM, self.handle_sigterm)  # as Prefect's runner does
            Destroyed()
            await asyncio.sleep(60)

    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(Started("for a test").run(Event()))
    finally:
        signal.signal(signal.SIGTERM, before)


def test_sigterm_before_it_has_a_handler_prevents_its_start(flows: SimpleNamespace) -> None:
    from flows.orchestration.serve import TimetableRunner

    class NeverStarted(TimetableRunner):
        async def start(self, *_: Any, **__: Any) -> None:
            raise AssertionError("It was started.")

    asked_to_end, before = Event(), signal.getsignal(signal.SIGTERM)
    asked_to_end.set()
    try:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(NeverStarted("for a test").run(asked_to_end))
    finally:
        signal.signal(signal.SIGTERM, before)
