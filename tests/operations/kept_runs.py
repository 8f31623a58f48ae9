"""The runs of a home that is kept up while its servers may die: their states, and waiting for all of them to end."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.operations.kept_up import KeptUp
from tests.processes import wait_until

RUN_SECONDS: Final = 400  # five minutes for a run that died, and some for the server to say so
NOT_OVER: Final = ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"]
OVER: Final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def is_up(kept: KeptUp) -> bool:
    return kept.process is not None and kept.process.poll() is None


def keep_up(kept: KeptUp) -> None:
    """Start it again if it is not up, as a person or a system's service manager would."""
    if not is_up(kept):
        kept.start()


def state_of(kept: KeptUp, run: str) -> str | None:
    """None while Prefect's server is down."""
    with suppress(OSError):
        return kept.state_of(run)
    return None


def has_ended(kept: KeptUp, run: str) -> bool:
    return state_of(kept, run) in OVER


def end_of(kept: KeptUp, run: str, ahead: timedelta = timedelta()) -> str:
    """The state of a run, once it and all others have ended: five minutes after it died none is running any more."""
    let_all_end(kept, ahead)
    states: list[str | None] = []
    wait_until(lambda: states.append(state_of(kept, run)) or states[-1])  # type: ignore[func-returns-value]
    return str(states[-1])


def let_all_end(kept: KeptUp, ahead: timedelta = timedelta()) -> None:
    try:
        wait_until(lambda: not unfinished(kept, ahead), RUN_SECONDS, pause=0.5)
    except AssertionError:
        pytest.fail(f"Five minutes later: {unfinished(kept, ahead)}")


def unfinished(kept: KeptUp, ahead: timedelta = timedelta()) -> list[Any] | bool:
    """The runs that are not over, as far as Prefect knows; True while its server is down.

    `ahead` is the home's clock against the machine's. A run that was asked for before that clock was moved back begins
    when the clock has come there again, later.
    """
    now = (datetime.now(UTC) + ahead).isoformat()
    with suppress(OSError):
        runs = kept.ask("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": NOT_OVER}}}})
        shown = ("name", "state_name", "tags", "start_time", "expected_start_time")
        due = [run for run in runs if run["state_type"] != "SCHEDULED" or run["expected_start_time"] < now]
        return [{name: run[name] for name in shown} for run in due]
    return True
