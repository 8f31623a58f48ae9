"""Train the network when that is due, or because somebody says so."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from sqlalchemy import Connection, Engine

from config.labels import read_labels
from config.settings import Settings
from db import queries
from db.engine import Lock, try_lock
from db.store import learning as store
from db.store.sound import forget_spectrograms, register_recipe
from flows.evaluation import confusion_rows, evaluate_side, metric_rows
from flows.home import model_folder, open_database, spectrogram_folder
from flows.progress import progress_bar
from flows.promotion import decide
from flows.training_set import TrainingSet, held_back, read_training_set
from flows.versions import versions
from ml.dataset import Crops, load_crops
from ml.model import save_model
from ml.predict import Scorer
from ml.spectrogram import Recipe
from ml.train import Epoch, Hyperparameters, TrainingFailed, train


@dataclass(frozen=True, slots=True)
class Retrained:
    """How a retraining ended: not_due, not_allowed, busy, refused, promoted or rejected; and why, in a sentence."""

    outcome: str
    reason: str
    remarks: tuple[str, ...] = ()
    model_id: int | None = None


@flow(name="retrain")
def retrain(why: str | None = None) -> Retrained:
    """Train the network on all usable tracks that have exactly one label, and promote it if it is better.

    - Without a reason (`why`) it trains only when that is due: for the first time, with a new recipe, or when enough
      new tracks have come in.
    - **reads** spectrogram files; a group of tracks by artist or by album is never on two sides of the split.
    - **writes** a training run with its exact tracks, a model file, metrics and confusions at crop, clip and track
      level, and whether the model is the new champion, with the reason.
    - Two trainings at once are impossible: the second ends at once as busy.
    """
    settings = Settings()
    allowed = read_labels(settings.labels).training.allow
    recipe = Recipe()
    with open_database(settings) as engine, try_lock(engine, Lock.RETRAIN) as alone:
        if not alone:
            return Retrained("busy", "Another training is running; its result will count.")
        with engine.begin() as connection:
            store.mark_dead_trainings(connection)
            store.retire_champion(connection, allowed, "It learnt from what training.allow no longer lists.")
            recipe_id = register_recipe(connection, recipe.fingerprint(), recipe.to_dict())
        with engine.connect() as connection:
            why = why or reason_to_train(connection, recipe_id, recipe, settings, allowed)
            training_set = read_training_set(connection, recipe_id, recipe, allowed) if why else None
            not_allowed = held_back(connection, recipe_id, allowed)
        remarks = (not_allowed,) if not_allowed else ()
        if training_set is None or why is None:
            return Retrained("not_due", "Nothing has changed enough since the last training.", remarks)
        if not training_set.clips and not_allowed:
            return Retrained("not_allowed", not_allowed)
        training_set = replace(training_set, remarks=training_set.remarks + remarks)
        hyperparameters = Hyperparameters(seed=settings.random_seed)
        run = {
            "flow_run_id": flow_run.get_id(),
            "why": why,
            "architecture": hyperparameters.architecture,
            "hyperparameters": asdict(hyperparameters),
            "recipe_id": recipe_id,
            "origins": training_set.origins,
            "dataset_fingerprint": training_set.fingerprint,
            "labels": [{"id": label.id, "slug": label.slug} for label in training_set.labels],
            "versions": versions(),
            "remarks": list(training_set.remarks),
        }
        with engine.begin() as connection:
            if training_set.refusal:
                refused = run | {"status": "refused", "error": training_set.refusal}
                store.start_training(connection, refused, [])
                return Retrained("refused", training_set.refusal, training_set.remarks)
            run_id = store.start_training(connection, run, training_set.track_rows())
        for remark in training_set.remarks:
            get_run_logger().warning(remark)
        try:
            model_id = fit(engine, settings, training_set, hyperparameters, recipe, recipe_id, run_id)
            promoted, reason = decide(engine, settings, model_id, training_set, recipe, recipe_id)
        except BaseException as error:
            with engine.begin() as connection:
                store.fail_training(connection, run_id, f"{type(error).__name__}: {error}")
            raise
    return Retrained("promoted" if promoted else "rejected", reason, training_set.remarks, model_id)


def reason_to_train(
    connection: Connection, recipe_id: int, recipe: Recipe, settings: Settings, allowed: Sequence[str]
) -> str | None:
    """Why a training is due, or None. Mostly one count; a crate that was refused is looked at again in full."""
    last = queries.last_training(connection)
    if last is None:
        return "the first training"
    if last.status == "refused":
        now = read_training_set(connection, recipe_id, recipe, allowed)
        changed = last.dataset_fingerprint != now.fingerprint
        return "the tracks have changed since a training was refused" if changed else None
    if queries.champion(connection) is None:
        return "no model is in use"
    if last.recipe_id != recipe_id:
        return "the recipe of the spectrograms has changed"
    new, seen = queries.count_new_tracks(connection, recipe_id, last.id, allowed)
    if new >= settings.retrain_new_tracks and new >= settings.retrain_new_share * seen:
        return f"{new} new tracks beside the {seen} known"
    return None


@task(name="fit", cache_policy=NO_CACHE)
def fit(
    engine: Engine,
    settings: Settings,
    training_set: TrainingSet,
    hyperparameters: Hyperparameters,
    recipe: Recipe,
    recipe_id: int,
    run_id: int,
) -> int:
    """Train and evaluate; write the model's file, its row and all its figures; returns the model's id."""
    folder = spectrogram_folder(settings, recipe.fingerprint())
    sides = {
        split: load_crops(training_set.examples(split, folder))
        for split in ("train", "validation", "holdout")
    }
    _send_back_unreadable(engine, sides.values(), recipe_id)
    if not len(sides["holdout"]):
        raise TrainingFailed(
            "No held-out spectrogram can be read, so nothing could be tested: extract, then retrain."
        )
    labels = [label.slug for label in training_set.labels]
    with progress_bar("Training, in epochs", hyperparameters.epochs) as advance:
        trained = train(
            sides["train"],
            sides["validation"],
            labels,
            recipe.to_dict(),
            hyperparameters,
            on_epoch=lambda epoch: _record(epoch, advance),
        )
    scorer = Scorer(trained.network, trained.card)
    evaluations = [evaluate_side(scorer, split, crops, training_set) for split, crops in sides.items()]

    path = Path(str(run_id)) / f"{hyperparameters.architecture}.keras"
    file = model_folder(settings) / path
    sha256 = save_model(trained.network, trained.card, file)
    label_ids = [label.id for label in training_set.labels]
    with engine.begin() as connection:
        return store.complete_training(
            connection,
            run_id,
            history=[asdict(epoch) for epoch in trained.history],
            seconds=trained.seconds,
            model={"path": str(path), "sha256": sha256, "bytes": file.stat().st_size},
            metrics=metric_rows(evaluations, label_ids),
            confusions=confusion_rows(evaluations, label_ids),
        )


def _send_back_unreadable(engine: Engine, sides: Iterable[Crops], recipe_id: int) -> None:
    """Clips whose spectrogram file is gone or damaged are extracted anew by the next run."""
    unreadable = [clip for crops in sides for clip in crops.unreadable]
    for _, sentence in unreadable:
        get_run_logger().warning(sentence)
    if unreadable:
        with engine.begin() as connection:
            forget_spectrograms(connection, [clip_id for clip_id, _ in unreadable], recipe_id)


def _record(epoch: Epoch, advance: Callable[[int], None]) -> None:
    advance(1)
    message = "Epoch %d: loss %.3f, accuracy %.3f; validation loss %s, accuracy %s"
    validation = (
        "none" if value is None else f"{value:.3f}"
        for value in (epoch.validation_loss, epoch.validation_accuracy)
    )
    get_run_logger().info(message, epoch.epoch, epoch.loss, epoch.accuracy, *validation)
