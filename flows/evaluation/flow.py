"""The flow that cross-validates networks and baseline on all usable tracks, apart from the models in use."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from prefect import flow
from prefect.runtime import flow_run

from config.labels import read_labels
from config.settings import Settings
from db import write
from db.engine import Lock, try_lock
from db.write.evaluations import EvaluationRow
from flows.evaluation.artifacts import leave_evaluation
from flows.evaluation.protocols import NETWORKS, Protocol, contest
from flows.home.crashed_trainings import describe_error
from flows.home.environment import open_database
from flows.prefect_tools.run_names import timed
from flows.training_data.context import TrainingContext, new_context
from flows.training_data.lost_spectrograms import read_verified_training_set
from flows.training_data.provenance import versions
from flows.training_data.split_assignment import assign_new_tracks
from flows.training_data.training_set import TrainingSet, held_back
from ml.data.hyperparameters import Hyperparameters, choose
from ml.splits.requirements import TrainingRefused


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How an evaluation ended: completed, busy or refused; why; and its id where there is one."""

    outcome: str
    reason: str
    evaluation_id: int | None = None


@flow(name="evaluate", flow_run_name=timed("evaluate"))
def evaluate(folds: int = 5, repeats: int = 3) -> Evaluated:
    """Cross-validate the networks and the classical baseline on all usable tracks, by groups of artists or albums.

    - **reads** spectrogram files. Trains `folds` x `repeats` models of each kind, and keeps none of them.
    - **writes** an evaluation with its metrics: of the grouped cross-validation; of the notebook's own protocol, a
      random split by track; and of leave-one-label-out models, how well they recognise that a label is unknown.
    - One evaluation at a time. The models in use are not touched.
    """
    settings = Settings()
    allowed = read_labels(settings.labels).training.allow
    with open_database(settings) as engine, try_lock(engine, Lock.EVALUATE) as alone:
        if not alone:
            return Evaluated("busy", "Another evaluation is running; see its table when it is done.")
        with engine.begin() as connection:
            write.evaluations.mark_dead_evaluations(connection)
            context = new_context(engine, connection, settings, allowed)
        assign_new_tracks(engine, context.config_id, allowed)
        training_set = read_verified_training_set(context)
        if training_set.refusal:
            with engine.connect() as connection:
                not_allowed = held_back(connection, context.config_id, allowed)
            return Evaluated("refused", not_allowed or training_set.refusal)
        protocol = Protocol(
            training_set.dataset(context.spectrograms, context.config),
            [label.id for label in training_set.labels],
            folds,
            repeats,
            settings.random_seed,
        )
        evaluated = _evaluate(context, training_set, protocol)
        if evaluated.outcome == "completed":
            with engine.connect() as connection:
                leave_evaluation(connection)
    return evaluated


def _evaluate(context: TrainingContext, training_set: TrainingSet, protocol: Protocol) -> Evaluated:
    """Run the evaluation and write it; an evaluation that fails writes the reason into its row."""
    settings = context.settings
    chosen = {name: choose(name, settings.random_seed, settings.hyperparameters) for name in NETWORKS}
    with context.engine.begin() as connection:
        row = _row(context, training_set, protocol, chosen)
        evaluation_id = write.evaluations.start_evaluation(connection, row)
    try:
        metrics, confusions = contest(protocol, chosen, settings.workers)
        with context.engine.begin() as connection:
            write.evaluations.complete_evaluation(connection, evaluation_id, metrics, confusions)
    # Every kind, as also Ctrl-C and a cancelled run must end the row.
    except BaseException as error:
        with context.engine.begin() as connection:
            write.evaluations.fail_evaluation(connection, evaluation_id, describe_error(error))
        if isinstance(error, TrainingRefused):
            return Evaluated("refused", str(error), evaluation_id)
        raise
    return Evaluated("completed", "All metrics are in evaluation_table.", evaluation_id)


def _row(
    context: TrainingContext,
    training_set: TrainingSet,
    protocol: Protocol,
    chosen: Mapping[str, Hyperparameters],
) -> EvaluationRow:
    """Everything that is needed to repeat an evaluation, as columns of evaluations."""
    return {
        "flow_run_id": flow_run.get_id(),
        "folds": protocol.folds,
        "repeats": protocol.repeats,
        "seed": protocol.seed,
        "config_id": context.config_id,
        "dataset_fingerprint": training_set.fingerprint,
        "labels": training_set.label_rows,
        "hyperparameters": {name: asdict(values) for name, values in chosen.items()},
        "versions": versions(),
        "tracks": len(protocol.dataset.tracks),
        "groups": len(set(training_set.group_of.values())),
        "origins": training_set.origins,
    }
