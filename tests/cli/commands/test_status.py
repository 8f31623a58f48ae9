"""`labelscope status` as a screen: runs with their outcomes, and nothing wider than the terminal."""

import json
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from services.prefect import runs as prefect_runs
from services.prefect.api import PrefectApi
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
Labelscope = Callable[..., str]
REASON = (
    "Spotify wants no request before 04:10, after more of them than it allows an app in development mode."
)


@pytest.fixture
def engine(trained: Stage, go_on: GoOn) -> Engine:
    return go_on(trained)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes commands write as to a terminal with so many columns."""

    def of(width: int) -> None:
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("LINES", "40")  # else Rich takes a dumb terminal for one of 80 columns

    return of


def request(path: str, body: dict[str, Any]) -> Any:
    return PrefectApi(os.environ["PREFECT_API_URL"], os.environ["PREFECT_API_AUTH_STRING"]).request(
        path, body
    )


class Deployed:
    """A flow in the real server's timetable, of which one run at a time may begin."""

    def __init__(self, name: str) -> None:
        flow = request("/flows/", {"name": name})["id"]
        limit = {"concurrency_limit": 1, "concurrency_options": {"collision_strategy": "CANCEL_NEW"}}
        self.id = request("/deployments/", {"name": name, "flow_id": flow, **limit})["id"]

    def run(self, *states: str, message: str | None = None) -> str:
        body = {"state": {"type": "SCHEDULED"}}
        run = str(request(f"/deployments/{self.id}/create_flow_run", body)["id"])
        for state in states:
            request(f"/flow_runs/{run}/set_state", {"state": {"type": state, "message": message}})
        return run


def test_runs_are_named_by_their_flow_with_when_and_why(
    engine: Engine, labelscope: Labelscope, monkeypatch: pytest.MonkeyPatch, terminal: Callable[[int], None]
) -> None:
    monkeypatch.setenv("LABELSCOPE_TIMEZONE", "Asia/Kathmandu")
    monkeypatch.setattr(prefect_runs, "AT_ONCE_SECONDS", 1e-6)
    Deployed("failing").run("PENDING", "RUNNING", "FAILED", message="The disk is full. Make room. And more.")
    busy = Deployed("busy")
    busy.run("PENDING", "RUNNING", "CANCELLED", message="A person wished it.")
    busy.run("PENDING", "RUNNING")
    for _ in range(7):
        busy.run("PENDING")  # the server cancels it

    document = json.loads(labelscope("status", "--json"))
    running, cancelled, failed, *_ = document["last_runs"]
    assert [run["flow"] for run in (running, cancelled, failed)] == ["busy", "busy", "failing"]
    assert document["cancelled_at_once"] == 7 and running["seconds"] is None
    assert failed["why"] == "The disk is full. Make room. And more."

    terminal(100)
    output = labelscope("status").splitlines()
    head, first, second, third = output[line_of(output, "Last runs") + 1 :][:4]
    assert head.split() == ["flow", "state", "started", "(Asia/Kathmandu)", "seconds", "why"]
    assert first.split()[:2] == ["busy", "Running"] and len(first.split()) == 4
    assert second.startswith("busy") and second.rstrip().endswith("A person wished it.")
    assert third.startswith("failing") and third.rstrip().endswith("The disk is full.")
    assert any("and 7 runs cancelled at once" in line for line in output)
    here = datetime.fromisoformat(failed["at"]).astimezone(ZoneInfo("Asia/Kathmandu"))
    assert f"{here:%Y-%m-%d %H:%M}" in third


def test_the_next_runs_are_named_by_their_flow(engine: Engine, labelscope: Labelscope) -> None:
    Deployed("comes next").run()
    Deployed("about to begin").run("PENDING")
    states = {run["flow"]: run["state"] for run in json.loads(labelscope("status", "--json"))["next_runs"]}
    assert states["comes next"] == "Scheduled" and states["about to begin"] == "Pending"
    output = labelscope("status").splitlines()
    head, *rows = output[line_of(output, "Next runs") + 1 :]
    assert head.split() == ["flow", "state", "next", "run", "(UTC)"]
    assert any(row.split()[:3] == ["comes", "next", "Scheduled"] for row in rows)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_all_of_it_fits_the_terminal_and_a_reason_is_shown_once(
    engine: Engine, labelscope: Labelscope, terminal: Callable[[int], None], width: int
) -> None:
    with engine.begin() as connection:
        deferred = "UPDATE playlists SET status = 'deferred', status_reason = :reason, name = repeat(name, 9)"
        connection.execute(text(deferred), {"reason": REASON})
        connection.execute(text("UPDATE models SET reason = repeat('a long story, ', 20)"))
    terminal(width)
    output = labelscope("status")
    assert [line for line in output.splitlines() if len(line) > width] == []
    assert " ".join(output.split()).count(REASON) == 1 and "…" not in output
    assert " ".join(output.split()).count("a long story,") == 20
    dates = [line.split()[1:3] for line in output.splitlines() if " champion " in line]
    assert len(dates) == 1 and len(" ".join(dates[0])) == len("2026-11-25 02:00")

    document = json.loads(labelscope("status", "--json"))
    assert [row["status_reason"] for row in document["coverage"]] == [REASON] * 3
    assert document["trainings"][0]["reason"] == "a long story, " * 20


def test_where_a_program_reads_nothing_is_cut(engine: Engine, labelscope: Labelscope) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE models SET reason = repeat('a long story, ', 20)"))
    assert "a long story, " * 19 in labelscope("status")


def line_of(lines: list[str], title: str) -> int:
    return [line.strip() for line in lines].index(title)


def test_after_a_refusal_the_cure_is_shown_until_tracks_have_changed(
    engine: Engine, labelscope: Labelscope
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE training_runs SET status = 'refused', error = 'Training needs two labels: add one.'")
        )
        connection.execute(
            text("UPDATE models SET reason = NULL, status = 'rejected' WHERE status = 'champion'")
        )
    [due] = [line for line in labelscope("status").splitlines() if line.startswith("due ")]
    assert due.endswith("training 1 was refused. Training needs two labels: add one.")


def test_the_table_of_models_wraps_in_a_narrow_terminal(
    engine: Engine, labelscope: Labelscope, terminal: Callable[[int], None]
) -> None:
    terminal(64)
    output = labelscope("models")
    assert "…" not in output and {"first", "training"} <= set(output.split())
    assert max(map(len, output.splitlines())) <= 64
