"""A training that is killed outright, at any moment, leaves only what the next run repairs."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from db.engine import open_engine
from tests.flows.inspection import rows
from tests.stages import Stage, copied, in_use

LABELSCOPE = Path(sys.executable).with_name("labelscope")
ROOT = Path(__file__).resolve().parents[2]
KILLS = 12
DYING = """
import sys
from cli.main import main
from tests.flows.ingest.killed.ingest_runner import die_at
die_at(*sys.argv.pop(1).split())
main()
"""
DELICATE = {  # "module function call" just before which it dies
    "flows.training.run fit 1": "its row is there",
    "flows.training.fit save_baseline 1": "the network has its file",
    "flows.training.run judge 1": "the baseline has its file, and neither has a row",
    "flows.training.flow delete_leftovers 1": "the next run is about to remove these files",
    "db.write.learning promote 1": "all rows but the verdict are written, and not committed",
}
METRICS = """
    SELECT m.architecture, f.split, f.level, f.name, f.label_id, round(f.value::numeric, 3)::float8
      FROM metrics f JOIN models m ON m.id = f.model_id ORDER BY 1, 2, 3, 4, 5
"""
TRAININGS = "SELECT status, count(*) FROM training_runs GROUP BY 1 ORDER BY 1"


@pytest.fixture(scope="module")
def undisturbed(extracted: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """The metrics of a run without kills, which also compiles what all others run."""
    with copied(extracted, tmp_path_factory.mktemp("undisturbed") / "home") as stage, in_use(stage):
        assert begin(extracted).wait(200) == 0
        engine = open_engine(stage.url)
        yield rows(engine, METRICS)
        engine.dispose()


@pytest.fixture
def started(extracted: Stage, tmp_path: Path) -> Iterator[tuple[Stage, Engine]]:
    with copied(extracted, tmp_path / "home") as stage, in_use(stage):
        engine = open_engine(stage.url)
        yield stage, engine
        engine.dispose()


def begin(extracted: Stage, dies_at: str | None = None) -> subprocess.Popen[bytes]:
    """A first training is due in every run until one has come to its end."""
    command = [sys.executable, "-c", DYING, dies_at] if dies_at else [str(LABELSCOPE)]
    crate = extracted.home.with_name("crate")
    log = Path(os.environ["LABELSCOPE_HOME"]).with_suffix(".log").open("ab")
    # A cache of its own: a killed run may leave it half written, and other tests would read it.
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(extracted.home.with_name("jax"))}
    return subprocess.Popen(
        [*command, "run", "--folder", crate], cwd=ROOT, env=environment, stdout=log, stderr=log
    )


def require_one_training_and_nothing_else(stage: Stage, engine: Engine, undisturbed: list[Any]) -> None:
    runs = rows(engine, "SELECT id, status, error FROM training_runs ORDER BY id")
    [complete] = [run for run, status, _ in runs if status == "completed"]
    died = "The process died before the training came to a verdict."
    assert {(status, error) for run, status, error in runs if run != complete} <= {("crashed", died)}
    models = rows(engine, "SELECT training_run_id, status, path FROM models ORDER BY id")
    assert [model[:2] for model in models] == [(complete, "champion"), (complete, "baseline")]
    folder = stage.home / "models"
    assert {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} == {
        path for *_, path in models
    }
    assert [path.name for path in folder.iterdir()] == [str(complete)]
    assert rows(engine, "SELECT count(*) FROM track_predictions") == [(12,)]
    assert rows(engine, METRICS) == undisturbed != []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_training_killed_at_a_dozen_moments_ends_like_one_that_was_not(
    extracted: Stage, undisturbed: list[Any], started: tuple[Stage, Engine], tmp_path: Path
) -> None:
    with copied(extracted, tmp_path / "timed" / "home") as timed, in_use(timed):
        begun = time.monotonic()
        assert begin(extracted).wait(200) == 0
        life = time.monotonic() - begun
    stage, engine = started
    dice = random.Random(4)
    for number in range(KILLS):  # late ones come last, as few runs train once one has come to its end
        run = begin(extracted)
        try:
            run.wait(life * (number + dice.random()) / KILLS)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
    killed = dict(rows(engine, TRAININGS))
    assert sum(killed.values()) > 1 and killed.get("running", 0) <= 1

    assert begin(extracted).wait(200) == 0
    require_one_training_and_nothing_else(stage, engine, undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_training_killed_at_each_delicate_point_ends_like_one_that_was_not(
    extracted: Stage, undisturbed: list[Any], started: tuple[Stage, Engine]
) -> None:
    stage, engine = started
    for point in DELICATE:
        assert begin(extracted, point).wait(200) == -signal.SIGKILL, point
        assert rows(engine, "SELECT count(*) FROM models") == [(0,)], point
    assert begin(extracted).wait(200) == 0
    require_one_training_and_nothing_else(stage, engine, undisturbed)
    assert rows(engine, TRAININGS) == [("completed", 1), ("crashed", len(DELICATE) - 1)]
