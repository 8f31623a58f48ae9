"""Metrics of models as rows: positions of labels become ids."""

from collections.abc import Iterable, Sequence

from db.write.learning import ConfusionRow, MetricRow
from ml.evaluation.evaluate import Evaluation
from ml.evaluation.paired_bootstrap import Comparison


def metric_rows(evaluations: Iterable[Evaluation], label_ids: Sequence[int]) -> list[MetricRow]:
    """Rows for the table metrics."""
    return [
        {
            "split": metric.split,
            "level": metric.level,
            "name": metric.name,
            "label_id": None if metric.label is None else label_ids[metric.label],
            "value": metric.value,
            "ci_low": metric.ci_low,
            "ci_high": metric.ci_high,
            "count": metric.count,
        }
        for evaluation in evaluations
        for metric in evaluation.metrics
    ]


def confusion_rows(evaluations: Iterable[Evaluation], label_ids: Sequence[int]) -> list[ConfusionRow]:
    """Rows for the table confusions, without cells of 0."""
    return [
        {
            "split": cell.split,
            "level": cell.level,
            "true_label_id": label_ids[cell.true],
            "predicted_label_id": label_ids[cell.predicted],
            "count": cell.count,
        }
        for evaluation in evaluations
        for cell in evaluation.confusions
        if cell.count
    ]


def comparison_row(comparison: Comparison, other: str) -> MetricRow:
    """A row for the table metrics: the difference in balanced accuracy to another model on held-out tracks."""
    return {
        "split": "holdout",
        "level": "track",
        "name": f"balanced_accuracy_over_{other}",
        "label_id": None,
        "value": comparison.difference,
        "ci_low": comparison.low,
        "ci_high": comparison.high,
        "count": comparison.tracks,
    }
