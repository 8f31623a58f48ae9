"""Retrainings die at random moments, and servers under them; the next one ends as if none had."""

import random
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from services.postgres.server import embedded_postgres
from services.prefect.server import prefect_server
from tests.operations.commands import begin, done
from tests.operations.faults.home_contents import files_of, what_is_there
from tests.operations.faults.kills import KILLS, SEED, moments, strike_one
from tests.operations.faults.tally import Tally
from tests.operations.prepared_home import PreparedHome
from tests.processes import kill_all_of, processes_of, wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
    pytest.mark.timeout(3 * 3600),
]


def test_kills_in_retrain_leave_one_champion_and_nothing_of_their_own(
    prepared_home: PreparedHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, log = tmp_path / "home", tmp_path / "command.log"
    prepared_home.copy_to(home)
    before, environment = what_is_there(home), prepared_home.environment(home)
    try:
        with prefect_server(home):  # which commands share, so that most of their time goes into the training
            strike(home, environment, log, Tally(capsys, SEED))
        wait_until(lambda: not processes_of(home), 60)
        # The first one starts a server, and marks what has died.
        for stage in ("retrain", "predict", "maintain"):
            done(environment, log, stage, *(["--thorough"] if stage == "maintain" else []))
        require_nothing_half_done(home)
        assert what_is_there(home) == before
    finally:
        kill_all_of(home)


def strike(home: Path, environment: dict[str, str], log: Path, tally: Tally) -> None:
    """Kill retrainings one after the other: the command, alone or with its children, or any process of the home."""
    dice = random.Random(SEED)
    life = done(environment, log, "retrain")
    tally.say(f"A retraining takes {life:.0f} s.")
    for moment in moments(dice, KILLS, life):
        if tally.struck.total() == KILLS:
            break
        # With a seed of its own, since nothing is trained twice with the same settings.
        seed = {"LABELSCOPE_RANDOM_SEED": str(tally.runs + 2)}
        command = begin(environment | seed, log, "retrain")
        if not command.is_over_at(moment) and (name := strike_one(command, home, dice)):
            tally.note_fault(name)
        code = command.end()
        traceback = ", with a traceback" if "Traceback" in command.words else ""
        tally.note_end(f"ended with {code}{traceback}")
    tally.say(str(tally))


def require_nothing_half_done(home: Path) -> None:
    """One champion, each model with its file and each file with its model; no run or training that is still to end."""
    with embedded_postgres(home) as server:
        models = rows(server.url("labelscope"), "SELECT 'models/' || path, sha256 FROM models")
        trainings = rows(server.url("labelscope"), "SELECT DISTINCT status FROM training_runs")
        runs = rows(server.url("prefect"), "SELECT DISTINCT state_type::text FROM flow_run")
    assert files_of(home, "models") == dict(models)
    assert {status for (status,) in trainings} <= {"completed", "crashed", "failed"}
    assert {state for (state,) in runs} <= {"COMPLETED", "CRASHED", "FAILED"}


def rows(url: str, query: str) -> list[tuple[str, ...]]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]
