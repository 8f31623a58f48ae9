"""Train a network and a baseline on one training set, and evaluate both."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from db.write.learning import LabelCheckRow, MetricRow, ModelRow, ModelRows
from flows.home.environment import model_folder
from flows.prefect_tools.progress import progress_bar
from flows.training_data.context import TrainingContext
from flows.training_data.lost_spectrograms import send_back
from flows.training_data.metric_rows import comparison_row, confusion_rows, metric_rows
from flows.training_data.training_set import SPLITS, TrainingSet
from ml.crossvalidation.contenders import baseline_predictions, features_of, fit_baseline, network_predictions
from ml.crossvalidation.label_checks import LabelCheck, check_labels
from ml.data.crops import Crops, load_crops
from ml.data.hyperparameters import Hyperparameters
from ml.evaluation.calibration import Calibration
from ml.evaluation.evaluate import Evaluation, evaluate
from ml.evaluation.paired_bootstrap import compare
from ml.evaluation.predictions import Predictions, tracks_of
from ml.models.baseline import save_baseline
from ml.models.model_file import save_model
from ml.models.train import Epoch, Trained, TrainingFailed, most_epochs, train


@dataclass(frozen=True, slots=True)
class Fitted:
    """The result of a training: its files are written, its rows are not yet."""

    models: tuple[ModelRows, ...]  # the network, then the baseline
    history: tuple[Epoch, ...]
    seconds: float
    holdout: Predictions  # of the network, at track level
    label_checks: tuple[LabelCheckRow, ...]


@task(name="fit", task_run_name="training of network and baseline", cache_policy=NO_CACHE)
def fit(
    context: TrainingContext, training_set: TrainingSet, hyperparameters: Hyperparameters, run_id: int
) -> Fitted:
    """Train the network and the baseline, evaluate both on all splits, and write their files below `models/<run>/`."""
    crops = _load_crops(context, training_set, hyperparameters.crop_frames)
    group_of = training_set.group_of
    trained = _train_network(context, training_set, crops, hyperparameters)
    network_predicted = {
        split: network_predictions(trained.scorer, of_split, group_of) for split, of_split in crops.items()
    }
    examples = {split: of_split.examples for split, of_split in crops.items()}
    all_examples = [example for split in SPLITS for example in examples[split]]
    features = features_of(all_examples)
    baseline = fit_baseline(
        examples["train"],
        examples["validation"],
        features,
        training_set.slugs,
        context.config.to_dict(),
        seed=hyperparameters.seed,
    )
    baseline_predicted = {
        split: baseline_predictions(baseline, examples[split], features, group_of) for split in SPLITS
    }
    files = model_folder(context.settings)
    network_path = Path(str(run_id)) / f"{hyperparameters.architecture}.keras"
    baseline_path = Path(str(run_id)) / "baseline.skops"
    network_sha256 = save_model(trained.scorer.network, trained.scorer.card, files / network_path)
    baseline_sha256 = save_baseline(baseline, files / baseline_path)

    calibration = trained.scorer.card.calibration
    label_ids = [label.id for label in training_set.labels]
    network_rows = _rows(
        _model_row(files, network_path, network_sha256, asdict(calibration)),
        [evaluate(split, some, _known(some, calibration)) for split, some in network_predicted.items()],
        label_ids,
    )
    temperatures = {"temperatures": baseline.card["temperatures"]}
    baseline_rows = _rows(
        _model_row(files, baseline_path, baseline_sha256, temperatures),
        [evaluate(split, some) for split, some in baseline_predicted.items()],
        label_ids,
    )
    holdout = tracks_of(network_predicted["holdout"])
    over_baseline = _comparison(holdout, tracks_of(baseline_predicted["holdout"]))
    network_rows = replace(network_rows, metrics=[*network_rows.metrics, over_baseline])
    checks = check_labels(all_examples, features, baseline, group_of)
    return Fitted(
        (network_rows, baseline_rows),
        trained.history,
        trained.seconds,
        holdout,
        tuple(_check_row(check, label_ids) for check in checks),
    )


def _load_crops(context: TrainingContext, training_set: TrainingSet, crop_frames: int) -> dict[str, Crops]:
    """The crops of each split. Raises TrainingFailed where a spectrogram was lost since the training set was read."""
    crops = {
        split: load_crops(training_set.examples(context.spectrograms, split), crop_frames=crop_frames)
        for split in SPLITS
    }
    if lost := [clip for of_split in crops.values() for clip in of_split.unreadable]:
        send_back(context.engine, lost, context.config_id)
        raise TrainingFailed(f"{len(lost)} spectrograms were lost just now: extract, then retrain.")
    return crops


def _train_network(
    context: TrainingContext,
    training_set: TrainingSet,
    crops: dict[str, Crops],
    hyperparameters: Hyperparameters,
) -> Trained:
    with progress_bar("Training, in epochs", most_epochs(crops["train"], hyperparameters)) as advance:
        return train(
            crops["train"],
            crops["validation"],
            training_set.slugs,
            context.config.to_dict(),
            hyperparameters,
            on_epoch=lambda epoch: _record(epoch, advance),
        )


def _check_row(check: LabelCheck, label_ids: Sequence[int]) -> LabelCheckRow:
    """A row of label_checks; `label_ids` are those of the positions."""
    return {
        "track_id": check.track_id,
        "label_id": label_ids[check.label],
        "predicted_id": label_ids[check.predicted],
        "confidence": check.confidence,
        "label_probability": check.label_probability,
    }


def _model_row(files: Path, path: Path, sha256: str, calibration: dict[str, object]) -> ModelRow:
    """Columns of models; `path` is relative to `files`."""
    return {
        "architecture": path.stem,
        "path": str(path),
        "calibration": calibration,
        "sha256": sha256,
        "bytes": (files / path).stat().st_size,
    }


def _rows(model: ModelRow, evaluations: Sequence[Evaluation], label_ids: Sequence[int]) -> ModelRows:
    return ModelRows(model, metric_rows(evaluations, label_ids), confusion_rows(evaluations, label_ids))


def _comparison(network: Predictions, baseline: Predictions) -> MetricRow:
    """By how much the network is better than the baseline on the same tracks, as a row of metrics."""
    groups = network.group.tolist()
    comparison = compare(network.probabilities, baseline.probabilities, network.true, groups)
    return comparison_row(comparison, "baseline")


def _known(levels: tuple[Predictions, ...], calibration: Calibration) -> dict[int, bool]:
    """Of each track id, whether the model would name a label."""
    if not levels:
        return {}
    tracks = tracks_of(levels)
    known = tracks.probabilities.max(axis=1) >= calibration.unknown_below
    return dict(zip(tracks.item_id.tolist(), known.tolist(), strict=True))


def _record(epoch: Epoch, advance: Callable[[int], None]) -> None:
    advance(1)
    line = (
        f"Network {epoch.member}, epoch {epoch.epoch}: loss {epoch.loss:.3f}, accuracy {epoch.accuracy:.3f}"
    )
    if epoch.validation_loss is not None:
        line += f"; validation loss {epoch.validation_loss:.3f}, accuracy {epoch.validation_accuracy:.3f}"
    get_run_logger().info(line)
