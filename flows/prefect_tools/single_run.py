"""What Prefect leaves to whoever starts its server, and stops it, for a single run."""

from contextlib import AbstractContextManager
from datetime import datetime

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Crashed

from flows.prefect_tools.dead_runs import UNFINISHED


def mark_crashed(before: datetime, tag: str | None = None) -> int:
    """Mark what Prefect remembers as running from before that moment as crashed; returns how many.

    Right after a server was started, of which nobody is a user but the caller: whoever was running those flows has
    died, and Prefect would leave them running for ever. Or only runs with a tag, where nobody else starts such runs.
    """
    unfinished = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNFINISHED)))
    if tag:
        unfinished.tags = FlowRunFilterTags(all_=[tag])
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=unfinished, limit=200)
        dead = [run for run in runs if run.created is not None and run.created < before]
        for run in dead:
            client.set_flow_run_state(
                run.id, Crashed(message="Its process died; what it had committed is kept.")
            )
    return len(dead)


def without_heartbeat() -> AbstractContextManager[object]:
    """Runs inside of the block end at once: the thread of a heartbeat would sleep on for a second after each flow.

    A run that dies here is marked by `mark_crashed`; heartbeats serve runs that a server starts by itself.
    """
    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})


def deliver() -> None:
    """Send what is still queued of logs and events. Without it Prefect tries at exit, when the server has gone."""
    APILogWorker.drain_all(at_exit=False)
    EventsWorker.drain_all(at_exit=False)
