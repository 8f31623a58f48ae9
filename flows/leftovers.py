"""Runs that a server that died still remembers as running."""

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

UNFINISHED = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


def mark_crashed() -> int:
    """Call it right after the home's server was started: whatever it remembers as running then is not.

    Returns how many runs were marked. Prefect itself would leave them running for ever.
    """
    unfinished = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNFINISHED)))
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=unfinished, limit=200)
        for run in runs:
            client.set_flow_run_state(
                run.id, Crashed(message="The process died; nothing that it had committed is lost.")
            )
    return len(runs)
