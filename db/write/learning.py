"""Write trainings, models with their metrics, promotions and predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from sqlalchemy import Connection, exists, func, insert, select, text, update

from common.errors import LabelscopeError
from db.models.learning import (
    Confusion,
    LabelCheck,
    Metric,
    Model,
    PredictionScore,
    TrainingRun,
    TrainingRunTrack,
)
from db.read.learning import TrainedLabel
from db.write.rows import ConfusionColumns, MetricColumns, Row, arrays


class TrainingRow(TypedDict):
    """Columns of `training_runs` at the start of a training: everything that is needed to repeat it."""

    flow_run_id: str | None
    why: str
    on_demand: bool
    architecture: str
    hyperparameters: dict[str, Any]
    config_id: int
    origins: list[str]
    dataset_fingerprint: str
    labels: list[TrainedLabel]
    versions: dict[str, str]
    remarks: list[str]
    # of a refused training
    status: NotRequired[str]
    error: NotRequired[str]


class TrainedTrackRow(TypedDict):
    """Columns of `training_run_tracks`, without the training."""

    track_id: int
    label_id: int
    split: str
    group_key: str
    scheme: str


class LabelCheckRow(TypedDict):
    """Columns of `label_checks`, without the training."""

    track_id: int
    label_id: int
    predicted_id: int
    confidence: float
    label_probability: float


class ModelRow(TypedDict):
    """Columns of `models`; the path is below models/ in the home."""

    architecture: str
    path: str
    sha256: str
    bytes: int
    calibration: dict[str, Any]


class MetricRow(MetricColumns):
    """Columns of `metrics`, without the model."""

    split: str


class ConfusionRow(ConfusionColumns):
    """Columns of `confusions`, without the model."""

    split: str


class PredictionRow(TypedDict):
    """A prediction for a track by a number of clips: the probability of each label by id.

    `known` is False for a track that is like none of the labels.
    """

    track_id: int
    clips: int
    scores: dict[int, float]
    known: bool


@dataclass(frozen=True, slots=True)
class ModelRows:
    """A trained model with its metrics and confusion matrices."""

    model: ModelRow
    metrics: Sequence[MetricRow]
    confusions: Sequence[ConfusionRow]


class TrainingLost(LabelscopeError):  # noqa: N818  (an outcome of a run, not a bug)
    """The row of a training was given up or deleted before its end. The message is a sentence with the cure."""


def start_training(connection: Connection, run: TrainingRow, tracks: Sequence[TrainedTrackRow]) -> int:
    """Write the row of a training that starts, and its tracks; returns its id."""
    begin = insert(TrainingRun).values(**run, tracks=len(tracks)).returning(TrainingRun.id)
    run_id: int = connection.execute(begin).scalar_one()
    # A refused training has no tracks, and an insert of an empty list would write a row of defaults.
    if tracks:
        connection.execute(
            insert(TrainingRunTrack), [{**track, "training_run_id": run_id} for track in tracks]
        )
        count_training_tracks(connection, [run_id])
    return run_id


def count_training_tracks(connection: Connection, training_run_ids: Sequence[int]) -> None:
    """Recount the tracks and groups of trainings by label and split. The cost grows with their tracks."""
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
    """Mark running trainings as crashed; returns their ids. None has a model. Callers hold `Lock.RETRAIN`."""
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
    """Mark a running training as failed with an error; False where it has completed with a model."""
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
    """Write the models of a completed training with their metrics; returns their ids, in order.

    The first is a candidate, which callers promote or reject in the same transaction. The others are baselines,
    trained on the same tracks.

    Raises:
        TrainingLost: another training marked this one as crashed, or its content was removed.
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
        state = {"training_run_id": training_run_id, "status": "baseline" if position else "candidate"}
        add = insert(Model).values(**rows.model, **state).returning(Model.id)
        model_id: int = connection.execute(add).scalar_one()
        add_metrics(connection, model_id, rows.metrics)
        if rows.confusions:
            connection.execute(insert(Confusion), [{**row, "model_id": model_id} for row in rows.confusions])
        ids.append(model_id)
    return ids


def add_metrics(connection: Connection, model_id: int, rows: Sequence[MetricRow]) -> None:
    """Write metrics of a model."""
    if rows:
        connection.execute(insert(Metric), [{**row, "model_id": model_id} for row in rows])


def save_label_checks(connection: Connection, training_run_id: int, checks: Sequence[LabelCheckRow]) -> None:
    """Write what baselines predict for tracks of a training that they were not trained on."""
    if checks:
        connection.execute(
            insert(LabelCheck), [{**row, "training_run_id": training_run_id} for row in checks]
        )


def promote(connection: Connection, model_id: int, reason: str) -> None:
    """Make a model the champion and retire the previous one. The reason is appended to earlier ones."""
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
    """Retire the champion if it was trained on an origin outside the allowed ones; True if so."""
    trained = select(TrainingRun.id).where(~TrainingRun.origins.contained_by(list(allowed)))
    retire = (
        update(Model)
        .where(Model.status == "champion", Model.training_run_id.in_(trained))
        .values(status="retired", reason=func.concat_ws(" ", Model.reason, reason))
    )
    return connection.execute(retire).rowcount > 0


def reject(connection: Connection, model_id: int, reason: str) -> None:
    """Reject a model, with the reason."""
    connection.execute(update(Model).where(Model.id == model_id).values(status="rejected", reason=reason))


def save_predictions(connection: Connection, model_id: int, predictions: Sequence[PredictionRow]) -> int:
    """Write a model's predictions of tracks that have none by it; returns their number."""
    rows = []
    for prediction in predictions:
        label_id, confidence = max(prediction["scores"].items(), key=lambda score: score[1])
        predicted = label_id if prediction["known"] else None
        rows.append({**prediction, "label_id": predicted, "nearest_id": label_id, "confidence": confidence})
    # Sorted: two processes that score the same tracks would deadlock otherwise.
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
