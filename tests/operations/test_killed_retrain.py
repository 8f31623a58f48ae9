"""Retrainings die at random moments, and servers under them; the next one ends as if none had."""

import random
from pathlib import Path

import pytest
from sqlalchemy import text

from db.engine import open_engine
from services.postgres import embedded_postgres
from tests.operations.commands import begin, done
from tests.operations.home_contents import files_of, what_is_there
from tests.operations.kept_up import KeptUp
from tests.operations.kills import KILLS, SEED, kill_one_of, moments
from tests.operations.prepared_home import PreparedHome
from tests.operations.runs import keep_up, let_all_end
from tests.operations.tally import Tally
from tests.processes import free_port, kill_all_of, processes_of

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
    pytest.mark.timeout(3 * 3600),
]


def test_kills_in_retrain_leave_one_champion_and_nothing_of_their_own(
    prepared_home: PreparedHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, log = tmp_path / "home", tmp_path / "retrain.log"
    prepared_home.copy_to(home)
    before = what_is_there(home)
    kept = KeptUp(home, free_port(), more=prepared_home.settings)
    try:
        kept.start()
        strike(kept, log, Tally(capsys, SEED))

        keep_up(kept)
        for stage in ("retrain", "predict"):
            done(kept.environment, log, stage)
        let_all_end(kept)
        done(kept.environment, log, "maintain", "--thorough")
        assert kept.stop() == 0
    finally:
        kill_all_of(home)
    assert what_is_there(home) == before
    require_nothing_half_done(home)


def strike(kept: KeptUp, log: Path, tally: Tally) -> None:
    """Kill retrainings one after the other: the command, alone or with its children, or any process of the home."""
    dice = random.Random(SEED)
    life = done(kept.environment, log, "retrain")
    tally.say(f"A retraining takes {life:.0f} s.")
    for moment in moments(dice, KILLS, life):
        if tally.struck.total() == KILLS:
            break
        keep_up(kept)
        command = begin(kept.environment, log, "retrain")
        if not command.is_over_at(moment):
            how = dice.choices(("alone", "with children", "any"), (4, 2, 5))[0]
            if how == "any":
                name = kill_one_of(processes_of(kept.home), dice)
            else:
                name = f"the command, {how}"
                (command.kill if how == "alone" else command.kill_with_children)()
            if name:
                tally.note_fault(name)
        code = command.end()
        traceback = ", with a traceback" if "Traceback" in command.words else ""
        tally.note_end(f"ended with {code}{traceback}")
    tally.say(str(tally))


def require_nothing_half_done(home: Path) -> None:
    """One champion, each model with its file and each file with its model; no training that is still to end."""
    with embedded_postgres(home) as server:
        engine = open_engine(server.url("labelscope"))
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT path, sha256 FROM models"))
            models = {f"models/{row.path}": row.sha256 for row in rows}
            statuses = set(connection.scalars(text("SELECT DISTINCT status FROM training_runs")))
        engine.dispose()
    assert files_of(home, "models") == models
    assert statuses <= {"completed", "crashed", "failed"}
