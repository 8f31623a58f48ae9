"""Metrics of models as rows: positions of labels become ids."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from ml.evaluation.evaluate import Evaluation
from ml.evaluation.paired_bootstrap import Comparison


def metric_rows(evaluations: Iterable[Evaluation], label_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Rows for the table metrics."""
    rows = [asdict(metric) for evaluation in evaluations for metric in evaluation.metrics]
    for row in rows:
        label = row.pop("label")
        row["label_id"] = None if label is None else label_ids[label]
    return rows


def confusion_rows(evaluations: Iterable[Evaluation], label_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Rows for the table confusions, without cells of 0."""
    rows = [asdict(cell) for evaluation in evaluations for cell in evaluation.confusions if cell.count]
    for row in rows:
        row["true_label_id"] = label_ids[row.pop("true")]
        row["predicted_label_id"] = label_ids[row.pop("predicted")]
    return rows


def comparison_row(comparison: Comparison, other: str) -> dict[str, Any]:
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
