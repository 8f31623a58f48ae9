"""Runs of the timetable whose process has died unnoticed."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from tests.processes import wait_until


def test_an_unfinished_run_without_heartbeats_is_marked_as_crashed(flows: SimpleNamespace) -> None:
    from prefect.client.orchestration import get_client

    from flows.prefect_tools.dead_runs import mark_dead_runs
    from flows.prefect_tools.run_names import TAG

    with get_client(sync_client=True) as client:

        def begin(*tags: str) -> Any:
            body = {"flow_id": flow, "tags": tags, "state": {"type": "PENDING", "name": "Submitting"}}
            return client.request("POST", "/flow_runs/", json=body).json()["id"]

        def state(run: str) -> Any:
            return client.request("GET", f"/flow_runs/{run}").json()["state_type"]

        flow = client.request("POST", "/flows/", json={"name": "silent"}).json()["id"]
        of_timetable, of_others = begin(TAG), begin("mine")
        assert mark_dead_runs(TAG) == 0 and state(of_timetable) == "PENDING"  # it has only just begun
        assert mark_dead_runs(TAG, seconds=0) == 1
        assert (state(of_timetable), state(of_others)) == ("CRASHED", "PENDING")
        assert mark_dead_runs(TAG, seconds=0) == 0
        client.request("DELETE", f"/flow_runs/{of_others}")


def test_repeated_checks_do_not_depend_on_the_wall_clock(flows: SimpleNamespace) -> None:
    from prefect.client.orchestration import get_client

    from flows.prefect_tools.dead_runs import HEARTBEAT, DeadRunWatch

    with get_client(sync_client=True) as client:
        flow = client.request("POST", "/flows/", json={"name": "moved clock"}).json()["id"]
        body = {"flow_id": flow, "tags": ["watched"], "state": {"type": "RUNNING", "name": "Running"}}
        run = client.request("POST", "/flow_runs/", json=body).json()["id"]
        beats: list[Any] = []

        def beat() -> None:
            """Send a heartbeat from before the clock was set back."""
            event = {
                "id": str(uuid4()),
                "occurred": (datetime.now(UTC) + timedelta(minutes=90)).isoformat(),
                "event": HEARTBEAT,
                "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"},
            }
            client.request("POST", "/events", json=[event])
            beats.append(event)
            wait_until(lambda: stored() == len(beats))

        def stored() -> Any:
            event_filter = {
                "resource": {"id": [f"prefect.flow-run.{run}"]},
                "event": {"name": [HEARTBEAT]},
                "occurred": {"until": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
            }
            return client.request("POST", "/events/filter", json={"filter": event_filter}).json()["total"]

        watch = DeadRunWatch("watched")
        assert watch.mark_dead_runs(seconds=0) == 0  # seen for the first time
        beat()
        assert watch.mark_dead_runs(seconds=0) == 0
        beat()
        assert watch.mark_dead_runs(seconds=0) == 0
        assert watch.mark_dead_runs() == 0  # not for long enough
        assert watch.mark_dead_runs(seconds=0) == 1
        assert client.request("GET", f"/flow_runs/{run}").json()["state_type"] == "CRASHED"
        assert watch.mark_dead_runs(seconds=0) == 0
