"""Start runs on a Prefect server with a login, follow them and wait for them."""

import json
from pathlib import Path
from typing import Any

from services.prefect.api import NoAnswerError, PrefectApi
from tests.processes import wait_until

OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def ask(api: PrefectApi, path: str, question: dict[str, Any] | None = None) -> Any:
    """The response of Prefect's API; None where there is none."""
    try:
        return api.request(path, question)
    except NoAnswerError:
        return None


def start(api: PrefectApi, name: str = "pipeline/pipeline", crate: Path | None = None) -> str:
    """The id of a new run of that deployment."""
    deployment = api.request(f"/deployments/name/{name}")["id"]
    order = {"parameters": {"crate": str(crate)} if crate else {}, "state": {"type": "SCHEDULED"}}
    return str(api.request(f"/deployments/{deployment}/create_flow_run", order)["id"])


def state(api: PrefectApi, run: str) -> tuple[str, str | None]:
    """The type and the message of a run's state."""
    answer = ask(api, f"/flow_runs/{run}")
    return (answer["state"]["type"], answer["state"]["message"]) if answer else ("", None)


def has_sent_a_heartbeat(api: PrefectApi, run: str) -> bool:
    wanted = {
        "event": {"name": ["prefect.flow-run.heartbeat"]},
        "resource": {"id": [f"prefect.flow-run.{run}"]},
    }
    answer = ask(api, "/events/filter", {"filter": wanted})
    return bool(answer and answer["events"])


def complete(api: PrefectApi, run: str, seconds: float = 300) -> None:
    """Wait until the run has ended; it has to be completed."""
    wait_until(lambda: state(api, run)[0] in OVER, seconds)
    assert state(api, run)[0] == "COMPLETED", json.dumps(state(api, run))
