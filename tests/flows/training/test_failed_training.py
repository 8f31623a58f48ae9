"""A training that fails: its row has the reason, no file is left, and the champion stays in use."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from config.settings import Settings
from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]

MODELS = [(1, "champion"), (2, "baseline")]


def left_over() -> list[str]:
    """Files below models/ that belong to no model."""
    folder = Settings().home / "models"
    return [
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.parts[len(folder.parts)] != "1"
    ]


def test_an_infinite_loss_fails_the_training_and_leaves_no_file(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = go_on(trained)
    steep = '{"members": 1, "epochs": 2, "minimum_steps": 2, "learning_rate": 1e30}'
    monkeypatch.setenv("LABELSCOPE_HYPERPARAMETERS", steep)
    with pytest.raises(Exception, match="no longer finite"):
        flows.retrain("too steep")
    [(status, error, ended)] = rows(
        engine, "SELECT status, error, finished_at IS NOT NULL FROM training_runs WHERE why = 'too steep'"
    )
    assert (status, ended) == ("failed", True)
    assert (
        error.startswith("TrainingFailed: The loss was no longer finite")
        and "lower the learning rate" in error
    )
    assert rows(engine, "SELECT id, status FROM models ORDER BY id") == MODELS
    assert left_over() == []


def test_a_model_whose_rows_cannot_be_written_leaves_neither_rows_nor_files(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database refuses the last row, the decision, after the files and all other rows are written."""
    engine = go_on(trained)
    monkeypatch.setenv("LABELSCOPE_RANDOM_SEED", "2")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE models ADD CHECK (status <> 'rejected')"))
    metrics = "SELECT count(*), max(id) FROM metrics"
    before = rows(engine, metrics)
    with pytest.raises(IntegrityError):
        flows.retrain("in vain")
    [(status, error)] = rows(engine, "SELECT status, error FROM training_runs WHERE why = 'in vain'")
    assert status == "failed" and error.startswith("IntegrityError")
    assert rows(engine, "SELECT id, status FROM models ORDER BY id") == MODELS
    assert rows(engine, metrics) == before
    assert left_over() == []


def test_a_killed_training_is_marked_and_its_files_deleted_by_the_next_run(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn
) -> None:
    engine = go_on(trained)
    # The state after a kill between writing the files and the rows.
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO training_runs (why, architecture, hyperparameters, config_id, dataset_fingerprint,
                                           labels, versions)
                SELECT 'killed', architecture, '{}', config_id, dataset_fingerprint, labels, '{}'
                  FROM training_runs
            """)
        )
    half = Settings().home / "models" / "2"
    half.mkdir()
    (half / ".labelscope.1234.keras").write_bytes(b"half a model")
    assert flows.retrain().outcome == "not_due"
    statuses = "SELECT status, error FROM training_runs ORDER BY id"
    assert rows(engine, statuses) == [
        ("completed", None),
        ("crashed", "The process died before the training came to a verdict."),
    ]
    assert left_over() == []
