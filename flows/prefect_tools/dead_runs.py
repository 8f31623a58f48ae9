"""Find dead runs of the timetable that Prefect's automations miss, and mark them as crashed.

The automations (flows/orchestration/serve.py) use events and the clock. A crash of the database can lose a change of
state and keep its event, and the clock may be changed. So `labelscope up` and `labelscope worker` check the runs
themselves every 20 seconds, and `maintain` does so each night.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from httpx import HTTPError
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import PrefectException
from prefect.states import Crashed

UNFINISHED: Final = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
HEARTBEAT: Final = "prefect.flow-run.heartbeat"
START_SECONDS: Final = 200  # from the request for a run to its first heartbeat, on a machine under load
AHEAD: Final = timedelta(days=365)
CHECK_SECONDS: Final = 20.0  # between two checks
MOST_RUNS: Final = 200  # that one check reads, the oldest first

SignOfLife = tuple[UUID | None, int]
"""The id of a run's state, and how many heartbeats it has sent. A living run changes it."""


@dataclass
class DeadRunWatch:
    """Checks the runs with a tag repeatedly, and remembers when each last gave a sign of life, by a monotonic clock."""

    tag: str
    _seen: dict[UUID, tuple[SignOfLife, float]] = field(default_factory=dict)

    def mark_dead_runs(self, seconds: float = START_SECONDS) -> int:
        """Mark runs as crashed that gave no sign of life in all checks of the last `seconds`; returns how many.

        A failed check, such as without a server, discards all earlier ones: it gives no evidence about the runs.
        """
        now, before, self._seen = time.monotonic(), self._seen, {}
        with get_client(sync_client=True) as client:
            for run in unfinished_runs(client, self.tag):
                sign = (run.state_id, _count_heartbeats(client, run))
                last, since = before.get(run.id, (None, now))
                self._seen[run.id] = (sign, since if sign == last else now)
            dead_runs = [run for run, (_, since) in self._seen.items() if now - since > seconds]
            for run_id in dead_runs:
                _mark_crashed(client, run_id)
        return len(dead_runs)


def repeat_forever(*checks: Callable[[], object]) -> None:
    """Call these every 20 seconds until the process ends. Meant for a daemon thread."""
    while True:
        for check in checks:
            try:
                check()
            except (HTTPError, PrefectException):
                # Such as while a server starts.
                logging.getLogger(__name__).debug("The runs could not be checked.", exc_info=True)
            # One malformed answer must not end all checks.
            except Exception:
                logging.getLogger(__name__).exception("A check of the runs failed; the next one follows.")
        time.sleep(CHECK_SECONDS)


def mark_dead_runs(tag: str, seconds: float = START_SECONDS) -> int:
    """Mark runs with a tag as crashed that, by the wall clock, gave no sign of life for `seconds`; returns how many.

    For a single check; DeadRunWatch is for repeated ones.
    """
    long_ago = datetime.now(UTC) - timedelta(seconds=seconds)
    with get_client(sync_client=True) as client:
        runs = unfinished_runs(client, tag)
        unchanged = [run for run in runs if run.state and run.state.timestamp < long_ago]
        dead_runs = [run for run in unchanged if not _count_heartbeats(client, run, since=long_ago)]
        for run in dead_runs:
            _mark_crashed(client, run.id)
    return len(dead_runs)


def unfinished_runs(client: SyncPrefectClient, tag: str | None) -> list[FlowRun]:
    """Runs that have not ended, the oldest first, at most MOST_RUNS of them. With `tag`, only those with that tag."""
    unfinished = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNFINISHED)),
        tags=FlowRunFilterTags(all_=[tag]) if tag else None,
    )
    return client.read_flow_runs(
        flow_run_filter=unfinished, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=MOST_RUNS
    )


def _count_heartbeats(client: SyncPrefectClient, run: FlowRun, since: datetime | None = None) -> int:
    # Heartbeats from before the clock was set back are ahead of it.
    occurred = {"until": (datetime.now(UTC) + AHEAD).isoformat()}
    if since:
        occurred["since"] = since.isoformat()
    event_filter = {
        "event": {"name": [HEARTBEAT]},
        "resource": {"id": [f"prefect.flow-run.{run.id}"]},
        "occurred": occurred,
    }
    answer = client.request("POST", "/events/filter", json={"filter": event_filter, "limit": 1})
    return int(answer.json()["total"])


def _mark_crashed(client: SyncPrefectClient, run_id: UUID) -> None:
    message = "It sent no more heartbeats: its process has died; what it had committed is kept."
    client.set_flow_run_state(run_id, Crashed(message=message), force=True)
