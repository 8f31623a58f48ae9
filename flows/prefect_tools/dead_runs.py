"""Runs that the timetable started and that have died without the server hearing of it, even from its automations.

Those go by events (flows/orchestration/serve.py), and a database that dies at the wrong moment can keep an event of a
change of state that it has lost. They go by the clock as well, which may be moved. So somebody looks at the runs
themselves: `labelscope up` and `labelscope worker` again and again, and `maintain` each night.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
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
START_SECONDS: Final = 200  # from the wish for a run to its first heartbeat, on a machine under load
AHEAD: Final = timedelta(days=365)
LOOK_SECONDS: Final = 20.0  # between two looks
MOST: Final = 200  # runs looked at, the oldest first

LastSign = tuple[UUID | None, int]  # of life: the state that a run is in, and how many heartbeats it has sent


@dataclass
class DeadRunWatch:
    """Looks again and again at the runs with a tag; what it has seen to change, and when, by no clock but its own."""

    tag: str
    _seen: dict[UUID, tuple[LastSign, float]] = field(default_factory=dict)

    def mark_dead_runs(self, seconds: float = START_SECONDS) -> int:
        """Mark runs as crashed that have given no sign of life for so long while this looked; how many.

        A look that fails, as there is no server, begins anew: who cannot be heard is not silent.
        """
        now, before, self._seen = time.monotonic(), self._seen, {}
        with get_client(sync_client=True) as client:
            for run in _unfinished(client, self.tag):
                sign = (run.state_id, _heartbeats(client, run)["total"])
                last, since = before.get(run.id, (None, now))
                self._seen[run.id] = (sign, since if sign == last else now)
            silent = [run for run, (_, since) in self._seen.items() if now - since > seconds]
            for run_id in silent:
                _mark(client, run_id)
        return len(silent)


def repeat_forever(*looks: Callable[[], object]) -> None:
    """Do these again and again for as long as the process lives: meant for a daemon thread."""
    while True:
        for look in looks:
            try:
                look()
            except (HTTPError, PrefectException):
                pass  # such as a server that is just starting
            except Exception:  # one odd answer must not end all looks
                logging.getLogger(__name__).exception("A look at the runs failed; the next one follows.")
        time.sleep(LOOK_SECONDS)


def mark_dead_runs(tag: str, seconds: float = START_SECONDS) -> int:
    """Mark runs with a tag as crashed that, by the clock, have given no sign of life for so long; how many.

    For one who looks only once.
    """
    long_ago = datetime.now(UTC) - timedelta(seconds=seconds)
    with get_client(sync_client=True) as client:
        runs = _unfinished(client, tag)
        silent = [run for run in runs if run.state and run.state.timestamp < long_ago]
        silent = [run for run in silent if not _heartbeats(client, run, since=long_ago)["total"]]
        for run in silent:
            _mark(client, run.id)
    return len(silent)


def _unfinished(client: SyncPrefectClient, tag: str) -> list[FlowRun]:
    unfinished = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNFINISHED)),
        tags=FlowRunFilterTags(all_=[tag]),
    )
    return client.read_flow_runs(
        flow_run_filter=unfinished, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=MOST
    )


def _heartbeats(client: SyncPrefectClient, run: FlowRun, since: datetime | None = None) -> Any:
    """Those before a clock went back may be ahead of it."""
    occurred = {"until": (datetime.now(UTC) + AHEAD).isoformat()}
    if since:
        occurred["since"] = since.isoformat()
    asked = {
        "event": {"name": [HEARTBEAT]},
        "resource": {"id": [f"prefect.flow-run.{run.id}"]},
        "occurred": occurred,
    }
    return client.request("POST", "/events/filter", json={"filter": asked, "limit": 1}).json()


def _mark(client: SyncPrefectClient, run_id: UUID) -> None:
    message = "It fell silent: its process has died; what it had committed is kept."
    client.set_flow_run_state(run_id, Crashed(message=message), force=True)
