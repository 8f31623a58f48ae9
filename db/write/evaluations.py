"""Write what an evaluation by cross-validation found."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, update

from db.models.evaluations import EvaluationConfusion, EvaluationMetric, EvaluationRun
from db.write.rows import Row


def start_evaluation(connection: Connection, run: Row) -> int:
    """Leave a row of an evaluation that now begins; returns its id."""
    begin = insert(EvaluationRun).values(**run).returning(EvaluationRun.id)
    evaluation_id: int = connection.execute(begin).scalar_one()
    return evaluation_id


def complete_evaluation(
    connection: Connection, evaluation_id: int, metrics: Sequence[Row], confusions: Sequence[Row]
) -> None:
    """Write all figures of a finished evaluation at once.

    Metrics have protocol, architecture, level, name, label_id, value, count, and where known ci_low and ci_high;
    confusions have protocol, architecture, level, true_label_id, predicted_label_id and count.
    """
    _end(connection, evaluation_id, "completed", None)
    about = {"evaluation_id": evaluation_id}
    if metrics:
        connection.execute(insert(EvaluationMetric), [{**row, **about} for row in metrics])
    if confusions:
        connection.execute(insert(EvaluationConfusion), [{**row, **about} for row in confusions])


def fail_evaluation(connection: Connection, evaluation_id: int, error: str) -> None:
    """Say why an evaluation ended without figures."""
    _end(connection, evaluation_id, "failed", error)


def mark_dead_evaluations(connection: Connection) -> int:
    """Say of evaluations that did not end that they crashed; call it while holding `Lock.EVALUATE`."""
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
