"""Evaluations by cross-validation, and the view of the last one."""

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from db import read, write

RUN = {
    "folds": 5,
    "repeats": 3,
    "seed": 0,
    "config_id": 1,
    "dataset_fingerprint": "f" * 64,
    "labels": [],
    "hyperparameters": {},
    "versions": {},
    "tracks": 4,
    "groups": 4,
    "origins": ["folder"],
}


def metric(protocol: str, level: str, value: float, label_id: int | None = None) -> dict[str, Any]:
    about = {"protocol": protocol, "architecture": "seed", "level": level, "name": "accuracy"}
    return {**about, "label_id": label_id, "value": value, "ci_low": 0.1, "ci_high": 0.9, "count": 4}


def test_the_table_is_that_of_the_last_evaluation_that_came_to_its_end(crate: Engine) -> None:
    confusion = metric("grouped", "track", 0) | {"true_label_id": 1, "predicted_label_id": 2, "count": 3}
    cell = {
        name: confusion[name]
        for name in confusion.keys() - {"name", "label_id", "value", "ci_low", "ci_high"}
    }
    with crate.begin() as connection:
        first, second, third, fourth = (write.evaluations.start_evaluation(connection, RUN) for _ in range(4))
        write.evaluations.complete_evaluation(connection, first, [metric("grouped", "track", 0.5)], [])
        figures = [
            metric("seed_protocol", "crop", 0.56),
            metric("grouped", "crop", 0.6),
            metric("grouped", "track", 0.7),
            metric("grouped", "track", 0.8, label_id=1),
        ]
        write.evaluations.complete_evaluation(connection, second, figures, [cell])
        write.evaluations.fail_evaluation(connection, third, "The disk is full.")
        assert write.evaluations.mark_dead_evaluations(connection) == 1
        assert write.evaluations.mark_dead_evaluations(connection) == 0
        rows = read.views.evaluation_table(connection)
        ended = text("SELECT id, status FROM evaluations WHERE finished_at IS NOT NULL ORDER BY id")
        statuses = [tuple(row) for row in connection.execute(ended)]
    assert [(row.evaluation_id, row.protocol, row.level, row.value) for row in rows] == [
        (second, "grouped", "track", 0.7),
        (second, "grouped", "crop", 0.6),
        (second, "seed_protocol", "crop", 0.56),
    ]
    assert statuses == [(first, "completed"), (second, "completed"), (third, "failed"), (fourth, "crashed")]


def test_a_metric_over_all_labels_is_written_once(crate: Engine) -> None:
    twice = [metric("grouped", "track", 0.5)] * 2
    with pytest.raises(IntegrityError, match="uq_evaluation_metrics_overall"), crate.begin() as connection:
        write.evaluations.complete_evaluation(
            connection, write.evaluations.start_evaluation(connection, RUN), twice, []
        )
