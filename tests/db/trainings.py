"""Rows of trainings as flows write them, with the tracks of the fixture `crate`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from db import write

LABELS = ("drumcode", "kompakt")
ALLOWED = ["folder"]
FINGERPRINT_VERSION = 1


def figure(name: str, value: float, label_id: int | None = None, **other: Any) -> dict[str, Any]:
    """A metric on holdout tracks."""
    about = {"split": "holdout", "level": "track", "name": name, "label_id": label_id}
    return {**about, "value": value, "count": 4, "ci_low": None, "ci_high": None} | other


def model_rows(architecture: str, figures: Sequence[dict[str, Any]] = ()) -> write.learning.ModelRows:
    """A model with one wrong prediction: a holdout track of Kompakt is predicted as Drumcode."""
    cell = {"split": "holdout", "level": "track"}
    confusions = [
        cell | {"true_label_id": 1, "predicted_label_id": 1, "count": 2},
        cell | {"true_label_id": 2, "predicted_label_id": 2, "count": 1},
        cell | {"true_label_id": 2, "predicted_label_id": 1, "count": 1},
    ]
    model = {
        "architecture": architecture,
        "path": f"1/{architecture}",
        "sha256": "2" * 64,
        "bytes": 10,
        "calibration": {"unknown_below": 0.4},
    }
    return write.learning.ModelRows(model, figures or [figure("accuracy", 0.75)], confusions)


def start(engine: Engine, **known: Any) -> int:
    """A running training: tracks 1 and 2 to train on, 3 and 4 held out."""
    run = {
        "why": "test",
        "architecture": "seed",
        "hyperparameters": {},
        "config_id": 1,
        "dataset_fingerprint": "f" * 64,
        "labels": [{"id": n + 1, "slug": slug} for n, slug in enumerate(LABELS)],
        "versions": {},
        "origins": ["folder"],
    }
    tracks = [
        {
            "track_id": n,
            "label_id": 1 + n % 2,
            "split": "train" if n < 3 else "holdout",
            "group_key": f"title:{n}",
            "scheme": "title",
        }
        for n in range(1, 5)
    ]
    with engine.begin() as connection:
        return write.learning.start_training(connection, run | known, tracks)


def train(engine: Engine, *models: write.learning.ModelRows, **known: Any) -> int:
    """The id of the first model of a completed training: that of `model_rows` unless others are given."""
    run_id = start(engine, **known)
    with engine.begin() as connection:
        return write.learning.complete_training(
            connection,
            run_id,
            history=[{"epoch": 1, "loss": 1.0}],
            fit_s=1.5,
            models=models or [model_rows("seed")],
        )[0]


def prediction(track_id: int, *, known: bool = True, **scores: float) -> dict[str, Any]:
    """A prediction for a track: probabilities of the labels, in their order."""
    by_label = dict(enumerate(scores.values(), start=1))
    return {"track_id": track_id, "clips": 1, "scores": by_label, "known": known}
