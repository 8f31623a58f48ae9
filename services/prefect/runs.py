"""The runs that a running Prefect server has on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.prefect.api import PrefectApi

BEGUN = ("COMPLETED", "FAILED", "CRASHED", "RUNNING", "CANCELLING")
ENDED_BADLY = ("CANCELLED", "FAILED", "CRASHED")
AT_ONCE_SECONDS = 2.0  # who is cancelled within these has done nothing: another run of its flow was at it
LOOKED_THROUGH = 200  # cancelled runs, and runs to come
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


def last_runs(api: PrefectApi, number: int) -> LastRuns:
    """The newest runs that people or schedules started, stages of a pipeline left out.

    A schedule or an event that finds its flow running makes a run that is cancelled at once: those are counted alone.
    Raises NoAnswerError.
    """
    names = _names_of_flows(api)
    begun = [_run(row, names) for row in _newest(api, BEGUN, number)]
    cancelled = [_run(row, names) for row in _newest(api, ("CANCELLED",), LOOKED_THROUGH)]
    real = [run for run in cancelled if (run.seconds or 0) >= AT_ONCE_SECONDS]
    runs = sorted((*begun, *real), key=_start, reverse=True)[:number]
    since = _start(runs[-1]) if len(runs) == number else EVER
    at_once = sum(run not in real and _start(run) > since for run in cancelled)
    return LastRuns(runs, at_once)


def next_runs(api: PrefectApi) -> list[Run]:
    """The next run of each deployment that has one, be it about to begin. Raises NoAnswerError."""
    to_come = _by_themselves("SCHEDULED", "PENDING")
    asked = {"flow_runs": to_come, "sort": "EXPECTED_START_TIME_ASC", "limit": LOOKED_THROUGH}
    names = _names_of_flows(api)
    first: dict[str | None, Run] = {}
    for row in api.ask("/flow_runs/filter", asked):
        run = _run(row, names)
        first.setdefault(run.deployment, run)
    return list(first.values())


def _newest(api: PrefectApi, states: Sequence[str], number: int) -> Sequence[dict[str, Any]]:
    asked = {"flow_runs": _by_themselves(*states), "sort": "START_TIME_DESC", "limit": number}
    rows: Sequence[dict[str, Any]] = api.ask("/flow_runs/filter", asked)
    return rows


def _by_themselves(*states: str) -> dict[str, Any]:
    """Runs in these states that are no stage of a pipeline."""
    return {"state": {"type": {"any_": list(states)}}, "parent_task_run_id": {"is_null_": True}}


def _names_of_flows(api: PrefectApi) -> dict[str, str]:
    return {row["id"]: row["name"] for row in api.ask("/flows/filter", {})}


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
