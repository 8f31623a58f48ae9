"""Runs of the timetable that have died without anybody hearing of it."""

from types import SimpleNamespace
from typing import Any


def test_a_run_that_is_neither_over_nor_heard_of_has_crashed(flows: SimpleNamespace) -> None:
    from prefect.client.orchestration import get_client

    from flows.names import TAG
    from flows.silence import mark_silent

    with get_client(sync_client=True) as client:

        def begin(*tags: str) -> Any:
            body = {"flow_id": flow, "tags": tags, "state": {"type": "PENDING", "name": "Submitting"}}
            return client.request("POST", "/flow_runs/", json=body).json()["id"]

        def state(run: str) -> Any:
            return client.request("GET", f"/flow_runs/{run}").json()["state_type"]

        flow = client.request("POST", "/flows/", json={"name": "silent"}).json()["id"]
        of_timetable, of_somebody = begin(TAG), begin("mine")
        assert mark_silent(TAG) == 0 and state(of_timetable) == "PENDING"  # it has only just begun
        assert mark_silent(TAG, seconds=0) == 1
        assert (state(of_timetable), state(of_somebody)) == ("CRASHED", "PENDING")
        assert mark_silent(TAG, seconds=0) == 0
        client.request("DELETE", f"/flow_runs/{of_somebody}")
