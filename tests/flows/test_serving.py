"""How the process that keeps the timetable ends."""

import asyncio
import signal
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
    from flows.serving import TimetableRunner  # now that Prefect knows its server

    async def start(runner: Any) -> None:
        signal.signal(signal.SIGTERM, runner.handle_sigterm)  # as Prefect's does
        Destroyed()
        await asyncio.sleep(60)

    monkeypatch.setattr("prefect.runner.Runner.start", start)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(TimetableRunner("for a test").run())
    finally:
        signal.signal(signal.SIGTERM, before)
