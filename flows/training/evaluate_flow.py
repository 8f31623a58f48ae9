"""Evaluate ways of learning on the whole crate by cross-validation, apart from any model that is in use."""

from dataclasses import asdict, dataclass

from prefect import flow
from prefect.runtime import flow_run

from config.labels import read_labels
from config.settings import Settings
from db import write
from db.engine import Lock, try_lock
from db.write.clips import register_spectrogram_config
from flows.home.crashed_trainings import told
from flows.home.environment import open_database, spectrogram_folder
from flows.training.artifacts import leave_evaluation
from flows.training.evaluation_protocols import NETWORKS, contest
from flows.training.lost_spectrograms import read_sound_training_set
from flows.training.provenance import versions
from flows.training.split_assignment import place_new_tracks
from flows.training.training_set import held_back
from ml.data.hyperparameters import choose
from ml.features.spectrogram import Recipe
from ml.splits.assign import TrainingRefused


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How an evaluation ended: completed, busy or refused; why; and its id where there is one."""

    outcome: str
    reason: str
    evaluation_id: int | None = None


@flow(name="evaluate")
def evaluate(folds: int = 5, repeats: int = 3) -> Evaluated:
    """Cross-validate the networks and the classical baseline over all usable tracks, by groups of artists or albums.

    - **reads** spectrogram files; trains `folds` x `repeats` models of each kind, and keeps none of them.
    - **writes** an evaluation with its figures: of the grouped cross-validation; of the notebook's own protocol, a
      random split by track; of models that one label was kept from, how well they notice that they do not know it.
    - One evaluation at a time; the models in use are not touched.
    """
    settings = Settings()
    allowed = read_labels(settings.labels).training.allow
    recipe = Recipe()
    with open_database(settings) as engine, try_lock(engine, Lock.EVALUATE) as alone:
        if not alone:
            return Evaluated("busy", "Another evaluation is running; ask it for its table when it is done.")
        with engine.begin() as connection:
            write.evaluations.mark_dead_evaluations(connection)
            config_id = register_spectrogram_config(connection, recipe.fingerprint(), recipe.to_dict())
        place_new_tracks(engine, config_id, allowed)
        folder = spectrogram_folder(settings, recipe.fingerprint())
        training_set = read_sound_training_set(engine, folder, recipe, config_id, allowed)
        if training_set.refusal:
            with engine.connect() as connection:
                not_allowed = held_back(connection, config_id, allowed)
            return Evaluated("refused", not_allowed or training_set.refusal)
        crate = training_set.crate(folder, recipe)
        chosen = {name: choose(name, settings.random_seed, settings.hyperparameters) for name in NETWORKS}
        run = {
            "flow_run_id": flow_run.get_id(),
            "folds": folds,
            "repeats": repeats,
            "seed": settings.random_seed,
            "config_id": config_id,
            "dataset_fingerprint": training_set.fingerprint,
            "labels": training_set.label_rows,
            "hyperparameters": {name: asdict(values) for name, values in chosen.items()},
            "versions": versions(),
            "tracks": len(crate.tracks),
            "groups": len(set(crate.group_of.values())),
            "origins": training_set.origins,
        }
        with engine.begin() as connection:
            evaluation_id = write.evaluations.start_evaluation(connection, run)
        try:
            label_ids = [label.id for label in training_set.labels]
            metrics, confusions = contest(
                crate, chosen, folds, repeats, settings.random_seed, label_ids, settings.workers
            )
            with engine.begin() as connection:
                write.evaluations.complete_evaluation(connection, evaluation_id, metrics, confusions)
        except BaseException as error:
            with engine.begin() as connection:
                write.evaluations.fail_evaluation(connection, evaluation_id, told(error))
            if isinstance(error, TrainingRefused):
                return Evaluated("refused", str(error), evaluation_id)
            raise
        with engine.connect() as connection:
            leave_evaluation(connection)
    return Evaluated("completed", "All figures are in evaluation_table.", evaluation_id)
