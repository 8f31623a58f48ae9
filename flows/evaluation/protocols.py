"""Networks and classical baseline compared by three protocols; all metrics as rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pebble import ProcessPool
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from db.write.evaluations import EvaluationConfusionRow, EvaluationMetricRow
from db.write.learning import ConfusionRow, MetricRow
from flows.prefect_tools.progress import progress_bar
from flows.training_data.metric_rows import comparison_row, confusion_rows, metric_rows
from ml.crossvalidation.contenders import features_of
from ml.crossvalidation.crossvalidation import (
    BaselineLearner,
    Learner,
    NetworkLearner,
    cross_validate,
    leave_one_label_out,
    probabilities_of_tracks,
)
from ml.crossvalidation.parallel import in_pool, training_processes
from ml.data.dataset import Dataset
from ml.data.hyperparameters import Hyperparameters
from ml.evaluation.auroc import Auroc, auroc, mean_auroc
from ml.evaluation.evaluate import Evaluation, evaluate
from ml.evaluation.paired_bootstrap import compare
from ml.evaluation.predictions import pooled, tracks_of

OURS, SEED, BASELINE = "labelscope", "seed", "baseline"
NETWORKS = (OURS, SEED)

Metrics = list[EvaluationMetricRow]
Confusions = list[EvaluationConfusionRow]


@dataclass(frozen=True, slots=True)
class Protocol:
    """The data of an evaluation, and how it splits them."""

    dataset: Dataset
    label_ids: Sequence[int]  # in the order of the dataset's labels
    folds: int
    repeats: int
    seed: int


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes that train, and a function to call after each training."""

    pool: ProcessPool
    advance: Callable[[], None]


@task(name="contest", task_run_name="cross-validation", cache_policy=NO_CACHE)
def contest(
    protocol: Protocol, chosen: Mapping[str, Hyperparameters], workers: int
) -> tuple[Metrics, Confusions]:
    """Metrics and confusions by all protocols; see db.models.evaluations for the rows.

    Trains (folds x repeats + 1) models of each kind, and one for each label that is left out. `chosen` has the
    hyperparameters of each network by its name.
    """
    learners: dict[str, Learner] = {name: NetworkLearner(values) for name, values in chosen.items()}
    learners[BASELINE] = BaselineLearner(features_of(protocol.dataset.examples))
    trainings = len(learners) * (protocol.folds * protocol.repeats + 1) + len(protocol.dataset.labels)
    with progress_bar("Evaluating, in trainings", trainings) as advance, training_processes(workers) as pool:
        processes = Workers(pool, lambda: advance(1))
        metrics, confusions = _grouped(protocol, learners, processes)
        at_random = _at_random(protocol, learners, processes)
        unknown = _unknown(protocol, chosen[OURS], processes)
    return metrics + at_random[0] + unknown, confusions + at_random[1]


def _grouped(
    protocol: Protocol, learners: Mapping[str, Learner], workers: Workers
) -> tuple[Metrics, Confusions]:
    """Repeated cross-validation by groups, and how much better our network is than each of the others."""
    metrics: Metrics = []
    confusions: Confusions = []
    probabilities = {}
    for name, learner in learners.items():
        predictions = cross_validate(
            protocol.dataset,
            learner,
            protocol.folds,
            protocol.repeats,
            protocol.seed,
            pool=workers.pool,
            on_fold=workers.advance,
        )
        evaluation = evaluate("holdout", pooled(predictions))
        more_metrics, more_confusions = _rows(evaluation, "grouped", name, protocol.label_ids)
        for row in more_metrics:
            # Each item is counted once in each repeat.
            row["count"] //= protocol.repeats
        metrics, confusions = metrics + more_metrics, confusions + more_confusions
        probabilities[name] = probabilities_of_tracks(predictions)
        tracks = tracks_of(predictions[0])
        get_run_logger().info(
            "%s: balanced accuracy of tracks %.3f", name, evaluation.value("track", "balanced_accuracy")
        )
    for name in learners.keys() - {OURS}:
        comparison = compare(probabilities[OURS], probabilities[name], tracks.true, tracks.group.tolist())
        metrics.append(_metric(comparison_row(comparison, name), "grouped", OURS))
    return metrics, confusions


def _at_random(
    protocol: Protocol, learners: Mapping[str, Learner], workers: Workers
) -> tuple[Metrics, Confusions]:
    """The notebook's own protocol: one random split by track."""
    metrics: Metrics = []
    confusions: Confusions = []
    dataset, seed = protocol.dataset, protocol.seed
    splits = dataset.split(dataset.random_split(seed))
    for name, learner in learners.items():
        (predictions,) = in_pool(workers.pool, learner, [(dataset, splits, seed)], workers.advance)
        evaluation = evaluate("holdout", predictions)
        more_metrics, more_confusions = _rows(evaluation, "seed_protocol", name, protocol.label_ids)
        metrics, confusions = metrics + more_metrics, confusions + more_confusions
    return metrics, confusions


def _unknown(protocol: Protocol, hyperparameters: Hyperparameters, workers: Workers) -> Metrics:
    """How well models separate tracks of their labels from those of a label that they were not trained on.

    Empty for two labels: no model can be trained on one.
    """
    if len(protocol.dataset.labels) < 3:
        return []
    confidences = leave_one_label_out(
        protocol.dataset,
        hyperparameters,
        protocol.folds,
        protocol.seed,
        pool=workers.pool,
        on_label=workers.advance,
    )
    group_of_all = protocol.dataset.group_of.values()
    areas = {
        label: auroc(
            of_label.known, of_label.unknown, of_label.known_group, of_label.unknown_group, group_of_all
        )
        for label, of_label in zip(protocol.label_ids, confidences, strict=True)
        if len(of_label.known) and len(of_label.unknown)
    }
    if not areas:
        return []
    rows = [_auroc_row(label, area) for label, area in areas.items()]
    return [_auroc_row(None, mean_auroc(list(areas.values()))), *rows]


def _auroc_row(label_id: int | None, area: Auroc) -> EvaluationMetricRow:
    return {
        "protocol": "leave_one_label_out",
        "architecture": OURS,
        "level": "track",
        "name": "auroc",
        "label_id": label_id,
        "value": area.value,
        "ci_low": area.low,
        "ci_high": area.high,
        "count": area.tracks,
    }


def _rows(
    evaluation: Evaluation, protocol: str, architecture: str, label_ids: Sequence[int]
) -> tuple[Metrics, Confusions]:
    metrics, confusions = metric_rows([evaluation], label_ids), confusion_rows([evaluation], label_ids)
    return (
        [_metric(row, protocol, architecture) for row in metrics],
        [_confusion(row, protocol, architecture) for row in confusions],
    )


def _metric(row: MetricRow, protocol: str, architecture: str) -> EvaluationMetricRow:
    """A metric of a model as one of an evaluation: with a protocol in place of a split."""
    return {
        "protocol": protocol,
        "architecture": architecture,
        "level": row["level"],
        "name": row["name"],
        "label_id": row["label_id"],
        "value": row["value"],
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
        "count": row["count"],
    }


def _confusion(row: ConfusionRow, protocol: str, architecture: str) -> EvaluationConfusionRow:
    """A confusion of a model as one of an evaluation: with a protocol in place of a split."""
    return {
        "protocol": protocol,
        "architecture": architecture,
        "level": row["level"],
        "true_label_id": row["true_label_id"],
        "predicted_label_id": row["predicted_label_id"],
        "count": row["count"],
    }
