"""What a running Prefect server knows of runs: asked by plain HTTP, since importing Prefect takes seconds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED", "RUNNING", "CANCELLING")
DIRECT = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a flow; `at` is when it started, or is to start, `seconds` how long it took."""

    name: str
    state: str
    at: datetime | None
    seconds: float | None
    deployment: str | None


def last_runs(api_url: str, number: int) -> list[Run]:
    """The newest runs that people or schedules started, stages of a pipeline left out; none where nobody answers."""
    own = {"state": {"type": {"any_": list(ENDED)}}, "parent_task_run_id": {"is_null_": True}}
    found = _post(
        api_url, "/flow_runs/filter", {"flow_runs": own, "sort": "START_TIME_DESC", "limit": number}
    )
    return [_run(row, row["start_time"]) for row in found]


def next_runs(api_url: str) -> list[Run]:
    """The next run of each deployment that has a schedule; none where nobody answers."""
    scheduled = {"state": {"type": {"any_": ["SCHEDULED"]}}}
    asked = {"flow_runs": scheduled, "sort": "EXPECTED_START_TIME_ASC", "limit": 200}
    first: dict[str | None, Run] = {}
    for row in _post(api_url, "/flow_runs/filter", asked):
        run = _run(row, row["expected_start_time"])
        first.setdefault(run.deployment, run)
    return list(first.values())


def _run(row: dict[str, Any], at: str | None) -> Run:
    seconds = row["total_run_time"] if row["start_time"] else None
    moment = datetime.fromisoformat(at) if at else None
    return Run(row["name"], row["state_name"], moment, seconds, row["deployment_id"])


def _post(api_url: str, path: str, body: dict[str, Any]) -> Sequence[dict[str, Any]]:
    request = Request(api_url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with DIRECT.open(request, timeout=5) as answer:
            rows: Sequence[dict[str, Any]] = json.load(answer)
    except (URLError, HTTPException, OSError, ValueError):
        return []
    return rows
