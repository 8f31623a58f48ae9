"""The networks and the classical baseline against each other, by three protocols; all figures as rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pebble import ProcessPool
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from flows.prefect_tools.progress import progress_bar
from flows.training.metric_rows import comparison_row, confusion_rows, metric_rows
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

Rows = list[dict[str, Any]]


@task(name="contest", cache_policy=NO_CACHE)
def contest(
    crate: Dataset,
    chosen: Mapping[str, Hyperparameters],
    folds: int,
    repeats: int,
    seed: int,
    label_ids: Sequence[int],
    workers: int,
) -> tuple[Rows, Rows]:
    """Metrics and confusions by all protocols; see db.models.evaluations for the rows.

    Trains (folds x repeats + 1) models of each kind, and one for each label that is left out.
    """
    learners: dict[str, Learner] = {name: NetworkLearner(values) for name, values in chosen.items()}
    learners[BASELINE] = BaselineLearner(features_of(crate.examples))
    trainings = len(learners) * (folds * repeats + 1) + len(crate.labels)
    with progress_bar("Evaluating, in trainings", trainings) as advance, training_processes(workers) as pool:

        def done() -> None:
            advance(1)

        metrics, confusions = _grouped(crate, learners, folds, repeats, seed, label_ids, pool, done)
        at_random = crate.split(crate.random_split(seed))
        for name, learner in learners.items():
            (answers,) = in_pool(pool, learner, [(crate, at_random, seed)], done)
            more = _rows(evaluate("holdout", answers), "seed_protocol", name, label_ids)
            metrics, confusions = metrics + more[0], confusions + more[1]
        return metrics + _unknown(crate, chosen[OURS], folds, seed, label_ids, pool, done), confusions


def _grouped(
    crate: Dataset,
    learners: Mapping[str, Learner],
    folds: int,
    repeats: int,
    seed: int,
    label_ids: Sequence[int],
    pool: ProcessPool,
    done: Callable[[], None],
) -> tuple[Rows, Rows]:
    """Repeated cross-validation by groups, and by how much ours is better than each of the others."""
    metrics: Rows = []
    confusions: Rows = []
    said = {}
    for name, learner in learners.items():
        answers = cross_validate(crate, learner, folds, repeats, seed, pool=pool, on_fold=done)
        evaluation = evaluate("holdout", pooled(answers))
        more = _rows(evaluation, "grouped", name, label_ids)
        for row in more[0]:
            row["count"] //= repeats  # each item answers once a repeat
        metrics, confusions = metrics + more[0], confusions + more[1]
        said[name] = probabilities_of_tracks(answers)
        tracks = tracks_of(answers[0])
        get_run_logger().info(
            "%s: balanced accuracy of tracks %.3f", name, evaluation.value("track", "balanced_accuracy")
        )
    for name in learners.keys() - {OURS}:
        found = compare(said[OURS], said[name], tracks.true, tracks.group.tolist())
        metrics.append(_of_protocol(comparison_row(found, name), "grouped", OURS))
    return metrics, confusions


def _unknown(
    crate: Dataset,
    hyperparameters: Hyperparameters,
    folds: int,
    seed: int,
    label_ids: Sequence[int],
    pool: ProcessPool,
    done: Callable[[], None],
) -> Rows:
    """How well models tell tracks of labels that they know from those of one that they never met.

    Of two labels no model could be trained without one.
    """
    if len(crate.labels) < 3:
        return []
    found = leave_one_label_out(crate, hyperparameters, folds, seed, pool=pool, on_label=done)
    areas = {
        label: auroc(one.known, one.unknown, one.known_group, one.unknown_group, crate.group_of.values())
        for label, one in zip(label_ids, found, strict=True)
        if len(one.known) and len(one.unknown)
    }
    if not areas:
        return []
    rows = [_auroc_row(label, area) for label, area in areas.items()]
    return [_auroc_row(None, mean_auroc(list(areas.values()))), *rows]


def _auroc_row(label_id: int | None, area: Auroc) -> dict[str, Any]:
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
) -> tuple[Rows, Rows]:
    metrics, confusions = metric_rows([evaluation], label_ids), confusion_rows([evaluation], label_ids)
    return (
        [_of_protocol(row, protocol, architecture) for row in metrics],
        [_of_protocol(row, protocol, architecture) for row in confusions],
    )


def _of_protocol(row: dict[str, Any], protocol: str, architecture: str) -> dict[str, Any]:
    """A row of a model's figures as one of an evaluation's, which has a protocol in place of a split."""
    return {name: value for name, value in row.items() if name != "split"} | {
        "protocol": protocol,
        "architecture": architecture,
    }
