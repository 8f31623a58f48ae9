"""Write what learning brought: trainings, models and their metrics, promotions, predictions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.models.learning import (
    Confusion,
    Metric,
    Model,
    Prediction,
    PredictionScore,
    TrainingRun,
    TrainingRunTrack,
)

Row = Mapping[str, Any]


def start_training(connection: Connection, run: Row, tracks: Sequence[Row]) -> int:
    """Leave a row of a training that now begins, with the exact tracks; returns its id."""
    run_id: int = connection.execute(insert(TrainingRun).values(**run).returning(TrainingRun.id)).scalar_one()
    if tracks:  # a refused training has none, and an empty list would be a row of defaults
        connection.execute(
            insert(TrainingRunTrack), [{**track, "training_run_id": run_id} for track in tracks]
        )
    return run_id


def mark_dead_trainings(connection: Connection) -> int:
    """Say of trainings that did not come to a verdict that they crashed; call it while holding `Lock.RETRAIN`."""
    died = "The process died before the training came to a verdict."
    unjudged = update(Model).where(Model.status == "candidate").values(status="rejected", reason=died)
    runs = list(connection.scalars(unjudged.returning(Model.training_run_id)))
    return connection.execute(
        update(TrainingRun)
        .where((TrainingRun.status == "running") | TrainingRun.id.in_(runs))
        .values(status="crashed", error=died, finished_at=func.now())
    ).rowcount


def fail_training(connection: Connection, training_run_id: int, error: str) -> None:
    """Say why a training ended without a model."""
    connection.execute(
        update(TrainingRun)
        .where(TrainingRun.id == training_run_id)
        .values(status="failed", error=error, finished_at=func.now())
    )


def complete_training(
    connection: Connection,
    training_run_id: int,
    *,
    history: Sequence[Row],
    seconds: float,
    model: Row,
    metrics: Iterable[Row],
    confusions: Iterable[Row],
) -> int:
    """Write a finished training's model and all its figures at once; returns the model's id, a candidate."""
    connection.execute(
        update(TrainingRun)
        .where(TrainingRun.id == training_run_id)
        .values(status="completed", history=list(history), seconds=seconds, finished_at=func.now())
    )
    model_id: int = connection.execute(
        insert(Model).values(**model, training_run_id=training_run_id).returning(Model.id)
    ).scalar_one()
    connection.execute(insert(Metric), [{**row, "model_id": model_id} for row in metrics])
    connection.execute(insert(Confusion), [{**row, "model_id": model_id} for row in confusions])
    return model_id


def promote(connection: Connection, model_id: int, reason: str) -> None:
    """Make a model the champion; the one before it is retired, never lost."""
    connection.execute(
        update(Model).where(Model.status == "champion", Model.id != model_id).values(status="retired")
    )
    connection.execute(
        update(Model)
        .where(Model.id == model_id)
        .values(status="champion", reason=reason, promoted_at=func.now())
    )


def retire_champion(connection: Connection, allowed: Sequence[str], reason: str) -> bool:
    """Take the champion out of use if it learnt from any origin but the allowed ones; returns whether it was."""
    learnt = select(TrainingRun.id).where(~TrainingRun.origins.contained_by(list(allowed)))
    retire = (
        update(Model)
        .where(Model.status == "champion", Model.training_run_id.in_(learnt))
        .values(status="retired", reason=reason)
    )
    return connection.execute(retire).rowcount > 0


def reject(connection: Connection, model_id: int, reason: str) -> None:
    """Keep a model out of use, with the reason."""
    connection.execute(update(Model).where(Model.id == model_id).values(status="rejected", reason=reason))


def save_predictions(connection: Connection, model_id: int, predictions: Sequence[Row]) -> int:
    """Write what a model says of tracks; tracks that it has scored before are left alone.

    Rows have track_id, clips, and scores: a mapping from label id to probability. Returns how many were new.
    """
    if not predictions:
        return 0
    rows = []
    for prediction in predictions:
        label_id, confidence = max(prediction["scores"].items(), key=lambda score: score[1])
        rows.append(
            {
                "model_id": model_id,
                "track_id": prediction["track_id"],
                "label_id": label_id,
                "confidence": confidence,
                "clips": prediction["clips"],
            }
        )
    # Sorted, so that two processes that score the same tracks cannot wait for each other in a circle.
    rows.sort(key=lambda row: row["track_id"])
    written = connection.execute(
        upsert(Prediction).on_conflict_do_nothing().returning(Prediction.id, Prediction.track_id), rows
    ).all()
    scores = {prediction["track_id"]: prediction["scores"] for prediction in predictions}
    if written:
        connection.execute(
            insert(PredictionScore),
            [
                {"prediction_id": row.id, "label_id": label_id, "probability": probability}
                for row in written
                for label_id, probability in scores[row.track_id].items()
            ],
        )
    return len(written)
