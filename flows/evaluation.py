"""Figures of a model on one side of the split, and their rows."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from flows.training_set import TrainingSet
from ml.dataset import Crops
from ml.evaluate import Evaluation, evaluate
from ml.predict import Scorer


def evaluate_side(scorer: Scorer, split: str, crops: Crops, training_set: TrainingSet) -> Evaluation:
    """All figures of a model on the crops of one side."""
    groups = [training_set.placements[int(track_id)].group for track_id in crops.track_id]
    return evaluate(split, scorer.score_crops(crops), crops.label, crops.clip_id, crops.track_id, groups)


def metric_rows(evaluations: Iterable[Evaluation], label_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Rows for the table metrics: positions of labels become ids."""
    rows = [asdict(metric) for evaluation in evaluations for metric in evaluation.metrics]
    for row in rows:
        label = row.pop("label")
        row["label_id"] = None if label is None else label_ids[label]
    return rows


def confusion_rows(evaluations: Iterable[Evaluation], label_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Rows for the table confusions, those that count something."""
    rows = [asdict(cell) for evaluation in evaluations for cell in evaluation.confusions if cell.count]
    for row in rows:
        row["true_label_id"] = label_ids[row.pop("true")]
        row["predicted_label_id"] = label_ids[row.pop("predicted")]
    return rows
