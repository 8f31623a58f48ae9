"""Train the network when that is due, or because somebody says so."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from prefect import flow, get_run_logger
from prefect.runtime import flow_run
from sqlalchemy import Connection

from config.labels import read_labels
from config.settings import Settings
from db import read, write
from db.engine import Lock, try_lock
from db.write.clips import register_spectrogram_config
from flows.batch.settle_track_states import settle
from flows.home.crashed_trainings import sweep
from flows.home.environment import open_database, spectrogram_folder
from flows.prefect_tools.events import PROMOTED, announce
from flows.training.artifacts import leave_model, leave_training
from flows.training.due import reason_to_train
from flows.training.lost_spectrograms import read_sound_training_set
from flows.training.provenance import versions
from flows.training.split_assignment import place_new_tracks
from flows.training.training_set import TrainingSet, held_back
from ml.data.hyperparameters import Hyperparameters, choose
from ml.features.spectrogram import Recipe


@dataclass(frozen=True, slots=True)
class Retrained:
    """How a retraining ended: not_due, not_allowed, busy, refused, promoted or rejected; and why, in a sentence."""

    outcome: str
    reason: str
    remarks: tuple[str, ...] = ()
    model_id: int | None = None


@flow(name="retrain")
def retrain(why: str = "") -> Retrained:
    """Train the network on all usable tracks that have exactly one label, and promote it if it is better.

    - Without a reason (`why`) it trains only when that is due: for the first time, with a changed recipe, architecture
      or set of labels, or when enough new tracks have come in; and never twice on the same data.
    - **reads** spectrogram files; each track stands on one side of the split, where it was placed when it was new.
    - **writes** the places of new tracks, a training run with its exact tracks, the files of the network and of a
      classical baseline, metrics and confusions of both at crop, clip and track level, and whether the network is the
      new champion, with the reason.
    - Two trainings at once are impossible: the second ends at once as busy.
    """
    settings = Settings()
    allowed = read_labels(settings.labels).training.allow
    recipe = Recipe()
    hyperparameters = choose(settings.architecture, settings.random_seed, settings.hyperparameters)
    with open_database(settings) as engine, try_lock(engine, Lock.RETRAIN) as alone:
        if not alone:
            return Retrained("busy", "Another training is running; its result will count.")
        with engine.begin() as connection:
            # Files go before the commit: whoever is killed in between finds the rows again.
            sweep(settings, write.learning.mark_dead_trainings(connection))
            write.learning.retire_champion(
                connection, allowed, "It learnt from what training.allow no longer lists."
            )
            config_id = register_spectrogram_config(connection, recipe.fingerprint(), recipe.to_dict())
        settle(engine)
        place_new_tracks(engine, config_id, allowed)
        settle(engine)
        with engine.connect() as connection:
            left_out = held_back(connection, config_id, allowed)
            remarks: tuple[str, ...] = (left_out,) if left_out else ()
            due = why or reason_to_train(connection, config_id, recipe, settings, allowed)
            if due is None:
                return Retrained("not_due", _nothing_new(connection), remarks)
        folder = spectrogram_folder(settings, recipe.fingerprint())
        training_set = read_sound_training_set(engine, folder, recipe, config_id, allowed)
        if not training_set.clips and left_out:
            return Retrained("not_allowed", left_out)
        with engine.connect() as connection:
            twin = read.learning.training_on(connection, training_set.fingerprint, settings.architecture)
            champion = read.learning.champion(connection)
            known = champion is not None and champion.labels == training_set.label_rows
            if twin is not None and known:
                learnt = f"Training {twin} has learnt from exactly these data"
                if not why:
                    return Retrained("not_due", f"{learnt}; see `labelscope models`.", remarks)
                remarks += (f"{learnt}: only another setting can make this one differ.",)
        training_set = replace(training_set, remarks=training_set.remarks + remarks)
        run = _row(training_set, hyperparameters, config_id) | {"why": due, "on_demand": bool(why)}
        with engine.begin() as connection:
            if training_set.refusal:
                refused = run | {"status": "refused", "error": training_set.refusal}
                write.learning.start_training(connection, refused, [])
                return Retrained("refused", training_set.refusal, training_set.remarks)
            run_id = write.learning.start_training(connection, run, training_set.track_rows())
        for remark in training_set.remarks:
            get_run_logger().warning(remark)
        from flows.training.run import train_and_judge  # Keras takes seconds, and most runs train nothing

        model_id, decision = train_and_judge(
            engine, settings, training_set, hyperparameters, recipe, config_id, run_id
        )
        with engine.connect() as connection:
            leave_model(connection)
            leave_training(connection, run_id)
    if decision.promoted:
        announce(PROMOTED, model=model_id)
    outcome = "promoted" if decision.promoted else "rejected"
    return Retrained(outcome, decision.reason, training_set.remarks, model_id)


def _nothing_new(connection: Connection) -> str:
    """Why no training is due; where the last one was refused, what helps stands there once more."""
    last = read.learning.last_training(connection)
    if last is None or last.error is None:
        return "Nothing has changed enough since the last training."
    return f"Nothing has changed since training {last.id} was refused. {last.error}"


def _row(training_set: TrainingSet, hyperparameters: Hyperparameters, config_id: int) -> dict[str, Any]:
    """Everything that is needed to repeat a training."""
    return {
        "flow_run_id": flow_run.get_id(),
        "architecture": hyperparameters.architecture,
        "hyperparameters": asdict(hyperparameters),
        "config_id": config_id,
        "origins": training_set.origins,
        "dataset_fingerprint": training_set.fingerprint,
        "labels": training_set.label_rows,
        "versions": versions(),
        "remarks": list(training_set.remarks),
    }
