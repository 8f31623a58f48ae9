"""Write what learning brought: trainings, models and their metrics, promotions, predictions."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, insert, select, text, update

from common.errors import LabelscopeError
from db.models.learning import (
    Confusion,
    Metric,
    Model,
    PredictionScore,
    TrainingRun,
    TrainingRunTrack,
)
from db.write.rows import Row, arrays


@dataclass(frozen=True, slots=True)
class ModelRows:
    """A trained model (architecture, path, sha256, bytes, calibration) with all rows of its figures."""

    model: Row
    metrics: Sequence[Row]
    confusions: Sequence[Row]


class TrainingLost(LabelscopeError):  # noqa: N818  (the outcome of a run, rather than a bug)
    """A training has come to its end, but its row no longer stands for it; the message says what to do."""


def start_training(connection: Connection, run: Row, tracks: Sequence[Row]) -> int:
    """Leave a row of a training that now begins, with the exact tracks; returns its id."""
    begin = insert(TrainingRun).values(**run, tracks=len(tracks)).returning(TrainingRun.id)
    run_id: int = connection.execute(begin).scalar_one()
    if tracks:  # a refused training has none, and an empty list would be a row of defaults
        connection.execute(
            insert(TrainingRunTrack), [{**track, "training_run_id": run_id} for track in tracks]
        )
        count_training_tracks(connection, [run_id])
    return run_id


def count_training_tracks(connection: Connection, training_run_ids: Sequence[int]) -> None:
    """Count the tracks and groups of trainings anew, by label and side. Grows with their tracks."""
    runs = {"runs": list(training_run_ids)}
    connection.execute(text("DELETE FROM training_run_labels WHERE training_run_id = ANY(:runs)"), runs)
    connection.execute(
        text("""
            INSERT INTO training_run_labels (training_run_id, label_id, split, tracks, groups)
            SELECT training_run_id, label_id, split, count(*), count(DISTINCT group_key)
              FROM training_run_tracks WHERE training_run_id = ANY(:runs)
             GROUP BY training_run_id, label_id, split
        """),
        runs,
    )


def mark_dead_trainings(connection: Connection) -> list[int]:
    """Say of trainings that did not come to an end that they crashed; call it while holding `Lock.RETRAIN`.

    Returns their ids; none of them has a model.
    """
    died = "The process died before the training came to a verdict."
    return list(
        connection.scalars(
            update(TrainingRun)
            .where(TrainingRun.status == "running")
            .values(status="crashed", error=died, finished_at=func.now())
            .returning(TrainingRun.id)
        )
    )


def fail_training(connection: Connection, training_run_id: int, error: str) -> bool:
    """Say why a training ended without a model; False where it has one, having come to its end after all."""
    connection.execute(
        update(TrainingRun)
        .where(TrainingRun.id == training_run_id, TrainingRun.status == "running")
        .values(status="failed", error=error, finished_at=func.now())
    )
    return not connection.scalar(select(exists().where(Model.training_run_id == training_run_id)))


def complete_training(
    connection: Connection,
    training_run_id: int,
    *,
    history: Sequence[Row],
    fit_s: float,
    models: Sequence[ModelRows],
) -> list[int]:
    """Write a finished training's models and all their figures at once; returns their ids, in order.

    The first is a candidate, to be promoted or rejected in the same transaction; the others, trained on the same
    tracks to compare it with, are yardsticks.

    Raises TrainingLost where another training took this one for dead, or what it learnt from was removed.
    """
    completed = connection.execute(
        update(TrainingRun)
        .where(TrainingRun.id == training_run_id, TrainingRun.status == "running")
        .values(status="completed", history=list(history), fit_s=fit_s, finished_at=func.now())
    )
    if completed.rowcount != 1:
        raise TrainingLost(
            f"Training {training_run_id} was given up while it ran: its connection to PostgreSQL was lost, or what it"
            " learnt from was removed; retrain."
        )
    ids = []
    for position, rows in enumerate(models):
        known = {"training_run_id": training_run_id, "status": "baseline" if position else "candidate"}
        add = insert(Model).values(**rows.model, **known).returning(Model.id)
        model_id: int = connection.execute(add).scalar_one()
        add_metrics(connection, model_id, rows.metrics)
        if rows.confusions:
            connection.execute(insert(Confusion), [{**row, "model_id": model_id} for row in rows.confusions])
        ids.append(model_id)
    return ids


def add_metrics(connection: Connection, model_id: int, rows: Sequence[Row]) -> None:
    """Write more figures of a model: split, level, name, label_id, value, count, and where known ci_low, ci_high."""
    if rows:
        connection.execute(insert(Metric), [{**row, "model_id": model_id} for row in rows])


def promote(connection: Connection, model_id: int, reason: str) -> None:
    """Make a model the champion; the one before it is retired, never lost. Earlier reasons stay before the new one."""
    retired = f"Retired for model {model_id}."
    connection.execute(
        update(Model)
        .where(Model.status == "champion", Model.id != model_id)
        .values(status="retired", reason=func.concat_ws(" ", Model.reason, retired))
    )
    connection.execute(
        update(Model)
        .where(Model.id == model_id)
        .values(status="champion", reason=func.concat_ws(" ", Model.reason, reason), promoted_at=func.now())
    )


def retire_champion(connection: Connection, allowed: Sequence[str], reason: str) -> bool:
    """Take the champion out of use if it learnt from any origin but the allowed ones; returns whether it was."""
    learnt = select(TrainingRun.id).where(~TrainingRun.origins.contained_by(list(allowed)))
    retire = (
        update(Model)
        .where(Model.status == "champion", Model.training_run_id.in_(learnt))
        .values(status="retired", reason=func.concat_ws(" ", Model.reason, reason))
    )
    return connection.execute(retire).rowcount > 0


def reject(connection: Connection, model_id: int, reason: str) -> None:
    """Keep a model out of use, with the reason."""
    connection.execute(update(Model).where(Model.id == model_id).values(status="rejected", reason=reason))


def save_predictions(connection: Connection, model_id: int, predictions: Sequence[Row]) -> int:
    """Write what a model says of tracks; tracks that it has scored before are left alone.

    Rows have track_id, clips, scores (a mapping from label id to probability), and known: False where the track is
    like none of the labels, and is said to be unknown. Returns how many were new.
    """
    rows = []
    for prediction in predictions:
        label_id, confidence = max(prediction["scores"].items(), key=lambda score: score[1])
        said = label_id if prediction["known"] else None
        rows.append({**prediction, "label_id": said, "nearest_id": label_id, "confidence": confidence})
    # Sorted, so that two processes that score the same tracks cannot wait for each other in a circle.
    written = connection.execute(
        text("""
            INSERT INTO predictions
                   (track_id, model_id, label_id, nearest_id, confidence, clips, split, trained_label_id)
            SELECT n.track_id, m.id, n.label_id, n.nearest_id, n.confidence, n.clips,
                   coalesce(rt.split, CASE WHEN ts.split = 'excluded' THEN ts.split END, 'new'), rt.label_id
              FROM unnest(CAST(:track_id AS bigint[]), CAST(:label_id AS bigint[]), CAST(:nearest_id AS bigint[]),
                          CAST(:confidence AS float8[]), CAST(:clips AS bigint[]))
                   AS n (track_id, label_id, nearest_id, confidence, clips)
              JOIN models m ON m.id = :model
              LEFT JOIN training_run_tracks rt
                     ON rt.training_run_id = m.training_run_id AND rt.track_id = n.track_id
              LEFT JOIN track_splits ts ON ts.track_id = n.track_id
             ORDER BY n.track_id
            ON CONFLICT (track_id, model_id) DO NOTHING
            RETURNING id, track_id
        """),
        arrays(rows, "track_id", "label_id", "nearest_id", "confidence", "clips") | {"model": model_id},
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
