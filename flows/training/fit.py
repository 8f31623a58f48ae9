"""Train a network and its yardstick on one training set, and see how good they are."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from config.settings import Settings
from db.write.learning import ModelRows
from flows.home.environment import model_folder, spectrogram_folder
from flows.prefect_tools.progress import progress_bar
from flows.training.lost_spectrograms import send_back
from flows.training.metric_rows import comparison_row, confusion_rows, metric_rows
from flows.training.training_set import SIDES, TrainingSet
from ml.crossvalidation.contenders import baseline_answers, features_of, fit_baseline, network_answers
from ml.data.crops import load_crops
from ml.data.hyperparameters import Hyperparameters
from ml.evaluation.calibration import Calibration
from ml.evaluation.evaluate import Evaluation, evaluate
from ml.evaluation.paired_bootstrap import compare
from ml.evaluation.predictions import Answers, tracks_of
from ml.features.spectrogram import Recipe
from ml.models.baseline import save_baseline
from ml.models.model_file import save_model
from ml.models.train import Epoch, TrainingFailed, most_epochs, train

ByLevel = tuple[Answers, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a training brought: files that are written, rows that are not yet."""

    models: tuple[ModelRows, ...]  # the network, then the yardstick
    history: tuple[Epoch, ...]
    seconds: float
    holdout: Answers  # what the network says of the held-out tracks


@task(name="fit", cache_policy=NO_CACHE)
def fit(
    engine: Engine,
    settings: Settings,
    training_set: TrainingSet,
    hyperparameters: Hyperparameters,
    recipe: Recipe,
    config_id: int,
    run_id: int,
) -> Fitted:
    """Train the network and the baseline, evaluate both on all sides, and write their files below `models/<run>/`."""
    folder = spectrogram_folder(settings, recipe.fingerprint())
    sides = {
        side: load_crops(training_set.examples(folder, side), crop_frames=hyperparameters.crop_frames)
        for side in SIDES
    }
    if lost := [clip for crops in sides.values() for clip in crops.unreadable]:  # since they were looked at
        send_back(engine, lost, config_id)
        raise TrainingFailed(f"{len(lost)} spectrograms were lost just now: extract, then retrain.")
    slugs = [label.slug for label in training_set.labels]
    with progress_bar("Training, in epochs", most_epochs(sides["train"], hyperparameters)) as advance:
        trained = train(
            sides["train"],
            sides["validation"],
            slugs,
            recipe.to_dict(),
            hyperparameters,
            on_epoch=lambda epoch: _record(epoch, advance),
        )
    group_of = training_set.group_of
    answers = {side: network_answers(trained.scorer, crops, group_of) for side, crops in sides.items()}
    clips = {side: crops.examples for side, crops in sides.items()}
    features = features_of([clip for side in SIDES for clip in clips[side]])
    baseline = fit_baseline(
        clips["train"], clips["validation"], features, slugs, recipe.to_dict(), hyperparameters.seed
    )
    its_answers = {side: baseline_answers(baseline, clips[side], features, group_of) for side in SIDES}

    here = model_folder(settings)
    network_path = Path(str(run_id)) / f"{hyperparameters.architecture}.keras"
    baseline_path = Path(str(run_id)) / "baseline.skops"
    network_sha256 = save_model(trained.scorer.network, trained.scorer.card, here / network_path)
    baseline_sha256 = save_baseline(baseline, here / baseline_path)

    calibration = trained.scorer.card.calibration
    mine, its = tracks_of(answers["holdout"]), tracks_of(its_answers["holdout"])
    over_baseline = compare(mine.probabilities, its.probabilities, mine.true, mine.group.tolist())
    label_ids = [label.id for label in training_set.labels]

    def rows(
        path: Path, sha256: str, evaluations: Sequence[Evaluation], calibrated: dict[str, Any]
    ) -> ModelRows:
        about = {"architecture": path.stem, "path": str(path), "calibration": calibrated}
        return ModelRows(
            about | {"sha256": sha256, "bytes": (here / path).stat().st_size},
            metric_rows(evaluations, label_ids),
            confusion_rows(evaluations, label_ids),
        )

    network = rows(
        network_path,
        network_sha256,
        [evaluate(side, some, _known(some, calibration)) for side, some in answers.items()],
        asdict(calibration),
    )
    yardstick = rows(
        baseline_path,
        baseline_sha256,
        [evaluate(side, some) for side, some in its_answers.items()],
        {"temperatures": baseline.card["temperatures"]},
    )
    compared = replace(network, metrics=[*network.metrics, comparison_row(over_baseline, "baseline")])
    return Fitted((compared, yardstick), trained.history, trained.seconds, mine)


def _known(answers: ByLevel, calibration: Calibration) -> dict[int, bool]:
    """Of each track, whether the model would name a label."""
    if not answers:
        return {}
    tracks = tracks_of(answers)
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
