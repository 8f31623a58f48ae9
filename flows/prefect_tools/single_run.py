"""Clean-up for a Prefect server that is started and stopped for a single run."""

from contextlib import AbstractContextManager
from datetime import datetime

from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Crashed

from flows.prefect_tools.dead_runs import unfinished_runs


def mark_crashed(before: datetime, tag: str | None = None) -> int:
    """Mark unfinished runs that were created before that moment as crashed; returns how many.

    To be called right after the start of a server that only the caller uses. The processes of those runs have died,
    and Prefect would show them as running for ever. With `tag`, marks only runs with that tag.
    """
    with get_client(sync_client=True) as client:
        dead_runs = [
            run for run in unfinished_runs(client, tag) if run.created is not None and run.created < before
        ]
        for run in dead_runs:
            client.set_flow_run_state(
                run.id, Crashed(message="Its process died; what it had committed is kept.")
            )
    return len(dead_runs)


def without_heartbeat() -> AbstractContextManager[object]:
    """Turn heartbeats off for runs inside the block, as their thread delays the end of each flow by a second.

    `mark_crashed` finds a run that dies here. Heartbeats are for runs that a server starts by itself.
    """
    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})


def deliver() -> None:
    """Send queued logs and events now. At exit, when Prefect sends them, the server may have stopped."""
    APILogWorker.drain_all(at_exit=False)
    EventsWorker.drain_all(at_exit=False)
