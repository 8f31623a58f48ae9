"""Runs that the timetable started and that have died without the server hearing of it, even from its automations.

Those go by events (flows/serving.py), and a database that dies at the wrong moment can keep an event of a change of
state that it has lost. So now and then somebody looks at the runs themselves.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Crashed

UNFINISHED: Final = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
HEARTBEAT: Final = "prefect.flow-run.heartbeat"
START_SECONDS: Final = 200  # from the wish for a run to its first heartbeat, on a machine under load
MOST: Final = 200  # runs looked at, the oldest first


def mark_silent(tag: str, seconds: float = START_SECONDS) -> int:
    """Mark runs with a tag as crashed that have neither changed nor sent a heartbeat for so long; how many."""
    unfinished = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNFINISHED)),
        tags=FlowRunFilterTags(all_=[tag]),
    )
    long_ago = datetime.now(UTC) - timedelta(seconds=seconds)
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=unfinished, limit=MOST)
        silent = [run for run in runs if run.state and run.state.timestamp < long_ago]
        silent = [run for run in silent if not _heard_since(client, run, long_ago)]
        for run in silent:
            message = "It fell silent: its process has died; what it had committed is kept."
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)
    return len(silent)


def _heard_since(client: SyncPrefectClient, run: FlowRun, moment: datetime) -> bool:
    asked = {
        "event": {"name": [HEARTBEAT]},
        "resource": {"id": [f"prefect.flow-run.{run.id}"]},
        "occurred": {"since": moment.isoformat()},
    }
    answer = client.request("POST", "/events/filter", json={"filter": asked, "limit": 1})
    return bool(answer.json()["events"])
