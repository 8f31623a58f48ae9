"""The last and the next flow runs of a running Prefect server."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.prefect.api import PrefectApi

BEGUN = ("COMPLETED", "FAILED", "CRASHED", "RUNNING", "CANCELLING")
ENDED_BADLY = ("CANCELLED", "FAILED", "CRASHED")
# A run cancelled within these did nothing: another run of its flow was in progress.
AT_ONCE_SECONDS = 2.0
MOST_RUNS = 200  # to read, of the cancelled and of the upcoming ones
EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a flow."""

    name: str
    flow: str
    state: str
    at: datetime | None  # its start, or its planned start
    seconds: float | None  # its duration; None: it has not ended
    deployment: str | None
    why: str | None  # the message of a run that was cancelled, failed or crashed


@dataclass(frozen=True, slots=True)
class LastRuns:
    """The newest runs that did something, newest first, and how many of that time were cancelled at once."""

    runs: list[Run]
    cancelled_at_once: int


def last_runs(api: PrefectApi, number: int) -> LastRuns:
    """The newest runs that people or schedules started, without the stages of a pipeline.

    A schedule or an event whose flow is running already makes a run that is cancelled at once: those are only counted.
    Raises NoAnswerError.
    """
    names = _flow_names(api)
    begun = [_run(row, names) for row in _newest(api, BEGUN, number)]
    cancelled = [_run(row, names) for row in _newest(api, ("CANCELLED",), MOST_RUNS)]
    interrupted = [run for run in cancelled if (run.seconds or 0) >= AT_ONCE_SECONDS]
    runs = sorted((*begun, *interrupted), key=_start, reverse=True)[:number]
    since = _start(runs[-1]) if len(runs) == number else EARLIEST
    at_once = sum(run not in interrupted and _start(run) > since for run in cancelled)
    return LastRuns(runs, at_once)


def next_runs(api: PrefectApi) -> list[Run]:
    """The next run of each deployment that has one, also where it is about to begin. Raises NoAnswerError."""
    upcoming = _top_level("SCHEDULED", "PENDING")
    query = {"flow_runs": upcoming, "sort": "EXPECTED_START_TIME_ASC", "limit": MOST_RUNS}
    names = _flow_names(api)
    first: dict[str | None, Run] = {}
    for row in api.request("/flow_runs/filter", query):
        run = _run(row, names)
        first.setdefault(run.deployment, run)
    return list(first.values())


def _newest(api: PrefectApi, states: Sequence[str], number: int) -> Sequence[dict[str, Any]]:
    query = {"flow_runs": _top_level(*states), "sort": "START_TIME_DESC", "limit": number}
    rows: Sequence[dict[str, Any]] = api.request("/flow_runs/filter", query)
    return rows


def _top_level(*states: str) -> dict[str, Any]:
    """A filter for runs in these states that are no stage of a pipeline."""
    return {"state": {"type": {"any_": list(states)}}, "parent_task_run_id": {"is_null_": True}}


def _flow_names(api: PrefectApi) -> dict[str, str]:
    return {row["id"]: row["name"] for row in api.request("/flows/filter", {})}


def _start(run: Run) -> datetime:
    return run.at or EARLIEST


def _run(row: dict[str, Any], names: dict[str, str]) -> Run:
    at = row["start_time"] or row["expected_start_time"]  # a run may have crashed before its first line
    has_ended = row["start_time"] and row["state_type"] not in ("RUNNING", "CANCELLING")
    return Run(
        name=row["name"],
        flow=names.get(row["flow_id"], ""),
        state=row["state_name"],
        at=datetime.fromisoformat(at) if at else None,
        seconds=row["total_run_time"] if has_ended else None,
        deployment=row["deployment_id"],
        why=row["state"]["message"] if row["state_type"] in ENDED_BADLY else None,
    )
