"""Write evaluations by cross-validation."""

from collections.abc import Sequence
from typing import Any, TypedDict

from sqlalchemy import Connection, func, insert, update

from db.models.evaluations import EvaluationConfusion, EvaluationMetric, EvaluationRun
from db.read.learning import TrainedLabel
from db.write.rows import ConfusionColumns, MetricColumns


class EvaluationRow(TypedDict):
    """Columns of `evaluations` at the start of an evaluation: everything that is needed to repeat it."""

    flow_run_id: str | None
    folds: int
    repeats: int
    seed: int
    config_id: int
    dataset_fingerprint: str
    labels: list[TrainedLabel]
    hyperparameters: dict[str, dict[str, Any]]
    versions: dict[str, str]
    tracks: int
    groups: int
    origins: list[str]


class EvaluationMetricRow(MetricColumns):
    """Columns of `evaluation_metrics`, without the evaluation."""

    protocol: str
    architecture: str


class EvaluationConfusionRow(ConfusionColumns):
    """Columns of `evaluation_confusions`, without the evaluation."""

    protocol: str
    architecture: str


def start_evaluation(connection: Connection, run: EvaluationRow) -> int:
    """Write the row of an evaluation that starts; returns its id."""
    begin = insert(EvaluationRun).values(**run).returning(EvaluationRun.id)
    evaluation_id: int = connection.execute(begin).scalar_one()
    return evaluation_id


def complete_evaluation(
    connection: Connection,
    evaluation_id: int,
    metrics: Sequence[EvaluationMetricRow],
    confusions: Sequence[EvaluationConfusionRow],
) -> None:
    """Write the metrics and confusion matrices of a completed evaluation."""
    _end(connection, evaluation_id, "completed", None)
    run = {"evaluation_id": evaluation_id}
    if metrics:
        connection.execute(insert(EvaluationMetric), [{**row, **run} for row in metrics])
    if confusions:
        connection.execute(insert(EvaluationConfusion), [{**row, **run} for row in confusions])


def fail_evaluation(connection: Connection, evaluation_id: int, error: str) -> None:
    """Mark an evaluation as failed, with an error."""
    _end(connection, evaluation_id, "failed", error)


def mark_dead_evaluations(connection: Connection) -> int:
    """Mark running evaluations as crashed; returns their number. Callers hold `Lock.EVALUATE`."""
    died = "The process died before the evaluation ended."
    return connection.execute(
        update(EvaluationRun)
        .where(EvaluationRun.status == "running")
        .values(status="crashed", error=died, finished_at=func.now())
    ).rowcount


def _end(connection: Connection, evaluation_id: int, status: str, error: str | None) -> None:
    connection.execute(
        update(EvaluationRun)
        .where(EvaluationRun.id == evaluation_id)
        .values(status=status, error=error, finished_at=func.now())
    )
