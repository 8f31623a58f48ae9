"""What a running Prefect server knows of runs: asked by plain HTTP, since importing Prefect takes seconds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

BEGUN = ("COMPLETED", "FAILED", "CRASHED", "RUNNING", "CANCELLING")
ENDED_BADLY = ("CANCELLED", "FAILED", "CRASHED")
AT_ONCE_SECONDS = 2.0  # who is cancelled within these has done nothing: another run of its flow was at it
LOOKED_THROUGH = 200  # cancelled runs, and runs to come
DIRECT = build_opener(ProxyHandler({}))
EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a flow; `at` is when it started, or is to start, `seconds` how long it took (None: it runs), `why`
    the message of a run that was cancelled, failed or crashed.
    """

    name: str
    flow: str
    state: str
    at: datetime | None
    seconds: float | None
    deployment: str | None
    why: str | None


@dataclass(frozen=True, slots=True)
class LastRuns:
    """The newest runs that did something, newest first, and how many in between were cancelled at once."""

    runs: list[Run]
    cancelled_at_once: int


def last_runs(api_url: str, number: int) -> LastRuns:
    """The newest runs that people or schedules started, stages of a pipeline left out; none where nobody answers.

    A schedule or an event that finds its flow running makes a run that is cancelled at once: those are counted alone.
    """
    names = _names_of_flows(api_url)
    begun = [_run(row, names) for row in _newest(api_url, BEGUN, number)]
    cancelled = [_run(row, names) for row in _newest(api_url, ("CANCELLED",), LOOKED_THROUGH)]
    real = [run for run in cancelled if (run.seconds or 0) >= AT_ONCE_SECONDS]
    runs = sorted((*begun, *real), key=_start, reverse=True)[:number]
    since = _start(runs[-1]) if len(runs) == number else EVER
    at_once = sum(run not in real and _start(run) > since for run in cancelled)
    return LastRuns(runs, at_once)


def next_runs(api_url: str) -> list[Run]:
    """The next run of each deployment that has one, be it about to begin; none where nobody answers."""
    to_come = _by_themselves("SCHEDULED", "PENDING")
    asked = {"flow_runs": to_come, "sort": "EXPECTED_START_TIME_ASC", "limit": LOOKED_THROUGH}
    names = _names_of_flows(api_url)
    first: dict[str | None, Run] = {}
    for row in _post(api_url, "/flow_runs/filter", asked):
        run = _run(row, names)
        first.setdefault(run.deployment, run)
    return list(first.values())


def _newest(api_url: str, states: Sequence[str], number: int) -> Sequence[dict[str, Any]]:
    asked = {"flow_runs": _by_themselves(*states), "sort": "START_TIME_DESC", "limit": number}
    return _post(api_url, "/flow_runs/filter", asked)


def _by_themselves(*states: str) -> dict[str, Any]:
    """Runs in these states that are no stage of a pipeline."""
    return {"state": {"type": {"any_": list(states)}}, "parent_task_run_id": {"is_null_": True}}


def _names_of_flows(api_url: str) -> dict[str, str]:
    return {row["id"]: row["name"] for row in _post(api_url, "/flows/filter", {})}


def _start(run: Run) -> datetime:
    return run.at or EVER


def _run(row: dict[str, Any], names: dict[str, str]) -> Run:
    at = row["start_time"] or row["expected_start_time"]  # a run may have crashed before its first line
    over = row["start_time"] and row["state_type"] not in ("RUNNING", "CANCELLING")
    return Run(
        name=row["name"],
        flow=names.get(row["flow_id"], ""),
        state=row["state_name"],
        at=datetime.fromisoformat(at) if at else None,
        seconds=row["total_run_time"] if over else None,
        deployment=row["deployment_id"],
        why=row["state"]["message"] if row["state_type"] in ENDED_BADLY else None,
    )


def _post(api_url: str, path: str, body: dict[str, Any]) -> Sequence[dict[str, Any]]:
    request = Request(api_url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with DIRECT.open(request, timeout=5) as answer:
            rows: Sequence[dict[str, Any]] = json.load(answer)
    except (URLError, HTTPException, OSError, ValueError):
        return []
    return rows
