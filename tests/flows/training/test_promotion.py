"""Challenger against champion on the same data: the decision, its rows, and the views on them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]

METRICS = """
    SELECT m.architecture, f.split, f.level, f.name, f.label_id, f.value, f.ci_low, f.ci_high, f.count
      FROM metrics f JOIN models m ON m.id = f.model_id
     WHERE m.training_run_id = {} AND f.name <> 'balanced_accuracy_over_champion'
     ORDER BY 1, 2, 3, 4, 5
"""
CONFUSIONS = """
    SELECT split, level, true_label_id, predicted_label_id, count
      FROM confusions WHERE model_id = {} ORDER BY 1, 2, 3, 4
"""


def test_two_trainings_on_the_same_data_give_the_same_metrics_to_3_decimals(
    rivals: Stage, go_on: GoOn
) -> None:
    engine = go_on(rivals)

    def metrics(run: int) -> list[tuple[Any, ...]]:
        return [
            tuple(pytest.approx(value, abs=5e-4) if isinstance(value, float) else value for value in row)
            for row in rows(engine, METRICS.format(run))
        ]

    first = metrics(1)
    assert first == rows(engine, METRICS.format(2))
    levels = {(architecture, level) for architecture, _, level, *_ in first}
    assert levels == {
        *(("labelscope", level) for level in ("crop", "clip", "track")),
        *(("baseline", level) for level in ("clip", "track")),
    }
    assert {split for _, split, *_ in first} == {"train", "validation", "holdout"}
    assert rows(engine, CONFUSIONS.format(1)) == rows(engine, CONFUSIONS.format(3)) != []


def test_a_challenger_that_is_no_better_is_rejected_with_the_numbers(rivals: Stage, go_on: GoOn) -> None:
    engine = go_on(rivals)
    models = rows(engine, "SELECT id, training_run_id, architecture, status FROM models ORDER BY id")
    assert models == [
        (1, 1, "labelscope", "champion"),
        (2, 1, "baseline", "baseline"),
        (3, 2, "labelscope", "rejected"),
        (4, 2, "baseline", "baseline"),
    ]
    [(accuracy,)] = rows(engine, "SELECT balanced_accuracy FROM champion")
    [(reason,)] = rows(engine, "SELECT reason FROM models WHERE id = 3")
    assert reason == (
        f"Balanced accuracy on 3 held-out tracks of 3 groups: {accuracy:.3f}, against {accuracy:.3f} of model 1;"
        " difference +0.000 (95 % interval +0.000 to +0.000); better in 50.0% of the resamples (required: 90%)."
    )
    compared = """SELECT model_id, name, value, ci_low, ci_high, count FROM metrics
                   WHERE name LIKE 'balanced_accuracy_over%' ORDER BY 1, 2"""
    assert [row[:2] for row in rows(engine, compared)] == [
        (1, "balanced_accuracy_over_baseline"),
        (3, "balanced_accuracy_over_baseline"),
        (3, "balanced_accuracy_over_champion"),
    ]
    assert rows(engine, compared)[2][2:] == (0, 0, 0, 3)
    assert rows(engine, "SELECT DISTINCT model_id FROM predictions") == [(1,)]


def test_views_have_the_data_the_reason_and_the_mistakes_of_the_model(rivals: Stage, go_on: GoOn) -> None:
    engine = go_on(rivals)
    data = "SELECT label, split, tracks, groups, origins FROM model_data WHERE model_id = 1"
    kinds = (("train", 2), ("validation", 1), ("holdout", 1))
    labels = ("glass-thimble", "harbour-echo-bureau", "mildew-tape-club")
    assert rows(engine, data) == [
        (label, split, tracks, tracks, ["folder"]) for label in labels for split, tracks in kinds
    ]
    [(reason, promoted, calibration)] = rows(engine, "SELECT reason, promoted_at, calibration FROM champion")
    assert reason == "No other model was in use." and promoted is not None and "temperatures" in calibration
    why = "SELECT training_run_id, why, model_id, model_status, on_demand FROM training_history"
    assert rows(engine, why) == [
        (2, "to see the same again", 3, "rejected", True),
        (1, "the first training", 1, "champion", False),
    ]
    assert [row[0] for row in rows(engine, "SELECT id FROM model_list")] == [3, 1]

    accuracy = dict(rows(engine, "SELECT label, accuracy FROM label_accuracy"))
    wrong = dict(rows(engine, "SELECT true_label, sum(share) FROM mistakes GROUP BY 1"))
    assert accuracy == {label: pytest.approx(1 - wrong.get(label, 0)) for label in labels}
    moved = "SELECT label, training_run_id, accuracy, change FROM label_history"
    assert rows(engine, moved) == [
        (label, run, accuracy[label], change) for label in labels for run, change in ((2, 0.0), (1, None))
    ]


def test_predictions_have_the_split_of_the_track_in_the_training_of_the_model(
    rivals: Stage, go_on: GoOn
) -> None:
    engine = go_on(rivals)
    predictions = """SELECT p.track_id, p.split, p.label, p.correct, p.predicted = p.label
                FROM track_predictions p WHERE p.model_id = 1 ORDER BY 1"""
    table = rows(engine, predictions)
    splits = rows(
        engine, "SELECT track_id, split FROM training_run_tracks WHERE training_run_id = 1 ORDER BY 1"
    )
    assert [row[:2] for row in table] == splits and len(table) == 12
    assert all(row[3] == row[4] for row in table)
    held_out = [row[3] for row in table if row[1] == "holdout"]
    assert rows(engine, "SELECT track_accuracy FROM champion") == [(pytest.approx(sum(held_out) / 3),)]
