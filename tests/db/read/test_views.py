"""Views of model data, promotions, mistakes and labels."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from db import read, write
from tests.db.trainings import figure, model_rows, prediction, train


def view(engine: Engine, name: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [row._asdict() for row in connection.execute(text(f"SELECT * FROM {name}"))]


KINDS = {
    "playlist_coverage": read.views.PlaylistCoverage,
    "label_accuracy": read.views.LabelAccuracy,
    "confusion_matrix": read.views.ConfusionCell,
    "mistakes": read.views.Mistake,
    "training_history": read.views.TrainingSummary,
    "model_list": read.views.ModelSummary,
    "evaluation_table": read.views.EvaluationEntry,
}


@pytest.fixture
def champion(crate: Engine) -> Engine:
    """Two trainings, each with a baseline; the second network is the champion and has scored all tracks."""

    def figures(accuracy: float, recall: float) -> list[dict[str, Any]]:
        return [
            figure("accuracy", accuracy),
            figure("majority", 0.5),
            figure("balanced_accuracy", accuracy, ci_low=accuracy - 0.2, ci_high=accuracy + 0.2),
            figure("ece", 0.05),
            figure("recall", 1.0, 1, count=2),
            figure("recall", recall, 2, count=2, ci_low=0.0, ci_high=recall),
            figure("recall", 1.0, 2, split="train", count=7),
            figure("precision", 0.9, 2),
        ]

    train(crate, model_rows("seed", figures(0.5, 0.25)), model_rows("baseline", figures(0.4, 0.0)))
    network = train(
        crate, model_rows("labelscope", figures(0.75, 0.5)), model_rows("baseline", figures(0.6, 0.0))
    )
    with crate.begin() as connection:
        write.learning.add_metrics(connection, network, [figure("balanced_accuracy_over_baseline", 0.15)])
        write.learning.reject(connection, 1, "worse")
        write.learning.promote(connection, network, "better by 0.2")
        rows = [prediction(n, known=n != 3, drumcode=0.8, kompakt=0.2) for n in range(1, 5)]
        write.learning.save_predictions(connection, network, rows)
    return crate


def test_the_champion_has_its_metrics_and_that_of_the_baseline(champion: Engine) -> None:
    [row] = view(champion, "champion")
    assert (row["model_id"], row["architecture"], row["reason"]) == (3, "labelscope", "better by 0.2")
    assert (row["track_accuracy"], row["majority"], row["baseline_accuracy"]) == (0.75, 0.5, 0.6)
    assert (row["balanced_accuracy"], row["ci_low"], row["ci_high"]) == (0.75, 0.55, 0.95)
    assert (row["ece"], row["calibration"]) == (0.05, {"unknown_below": 0.4})


def test_lists_of_models_and_trainings_leave_baselines_out(champion: Engine) -> None:
    models = view(champion, "model_list")
    assert [(row["id"], row["status"], row["tracks"], row["over_baseline"]) for row in models] == [
        (3, "champion", 4, 0.15),
        (1, "rejected", 4, None),
    ]
    history = view(champion, "training_history")
    assert [(row["training_run_id"], row["model_id"], row["baseline_accuracy"]) for row in history] == [
        (2, 3, 0.6),
        (1, 1, 0.4),
    ]
    assert history[0]["reason"] == "better by 0.2" and history[0]["on_demand"] is False


def test_model_data_counts_tracks_and_groups(champion: Engine) -> None:
    of_it = [row for row in view(champion, "model_data") if row["model_id"] == 3]
    assert [(row["label"], row["split"], row["tracks"], row["groups"]) for row in of_it] == [
        ("Drumcode", "train", 1, 1),
        ("Drumcode", "holdout", 1, 1),
        ("Kompakt", "train", 1, 1),
        ("Kompakt", "holdout", 1, 1),
    ]
    assert of_it[0]["origins"] == ["folder"] and of_it[0]["dataset_fingerprint"] == "f" * 64


def test_label_accuracy_has_recall_precision_and_wrong_predictions(champion: Engine) -> None:
    rows = [tuple(row.values()) for row in view(champion, "label_accuracy")]
    assert rows == [
        ("Drumcode", 2, 2, 1.0, None, None, None, None, None),
        ("Kompakt", 2, 2, 0.5, "Drumcode", 0.5, 0.0, 0.5, 0.9),
    ]


def test_the_history_of_a_label_has_the_change_of_accuracy(champion: Engine) -> None:
    kompakt = [row for row in view(champion, "label_history") if row["label"] == "Kompakt"]
    assert [(row["training_run_id"], row["accuracy"], row["change"], row["tracks"]) for row in kompakt] == [
        (2, 0.5, 0.25, 9),
        (1, 0.25, None, 9),
    ]
    assert kompakt[0]["holdout_tracks"] == 2


def test_mistakes_have_counts_and_mean_confidence(champion: Engine) -> None:
    [row] = view(champion, "mistakes")
    assert tuple(row.values()) == ("Kompakt", "Drumcode", 1, 0.5, 0.8, 1)


def test_a_prediction_of_an_unknown_track_has_the_nearest_label(champion: Engine) -> None:
    rows = {row["track_id"]: row for row in view(champion, "track_predictions")}
    assert [rows[n]["predicted"] for n in range(1, 5)] == ["Drumcode", "Drumcode", "unknown", "Drumcode"]
    assert [rows[n]["correct"] for n in range(1, 5)] == [False, True, None, True]
    assert [rows[n]["split"] for n in range(1, 5)] == ["train", "train", "holdout", "holdout"]
    assert rows[3]["nearest"] == "Drumcode"


@pytest.mark.parametrize("name", KINDS)
def test_typed_rows_have_all_columns_of_their_view(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        columns = tuple(connection.execute(text(f"SELECT * FROM {name}")).keys())
        getattr(read.views, name)(connection)
    assert KINDS[name]._fields == columns
