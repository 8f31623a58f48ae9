"""How the process that keeps the timetable ends."""

import asyncio
import signal
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest


class Destroyed:
    """What is told to end while it is being destroyed, where exceptions are swallowed."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_it_ends_wherever_the_signal_finds_it(
    flows: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.orchestration.serve import TimetableRunner  # now that Prefect knows its server

    async def start(runner: Any) -> None:
        signal.signal(signal.SIGTERM, runner.handle_sigterm)  # as Prefect's does
        Destroyed()
        await asyncio.sleep(60)

    monkeypatch.setattr("prefect.runner.Runner.start", start)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(TimetableRunner("for a test").run(Event()))
    finally:
        signal.signal(signal.SIGTERM, before)


def test_who_was_asked_to_end_before_it_could_hear_does_not_begin(
    flows: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.orchestration.serve import TimetableRunner

    monkeypatch.delattr("prefect.runner.Runner.start")
    asked_to_end, before = Event(), signal.getsignal(signal.SIGTERM)
    asked_to_end.set()
    try:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(TimetableRunner("for a test").run(asked_to_end))
    finally:
        signal.signal(signal.SIGTERM, before)
