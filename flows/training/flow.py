"""The flow that trains a model when a training is due or requested, and promotes it if it is better."""

from dataclasses import asdict, dataclass, replace
from typing import Final

from prefect import flow, get_run_logger
from prefect.runtime import flow_run
from sqlalchemy import Connection

from config.labels import read_labels
from config.settings import Settings
from db import read, write
from db.engine import Lock, try_lock
from db.read.learning import SameData
from db.write.learning import TrainingRow
from flows.batch.refresh_track_states import refresh_track_states
from flows.home.crashed_trainings import delete_leftovers
from flows.home.environment import open_database
from flows.prefect_tools.events import PROMOTED, announce
from flows.prefect_tools.run_names import timed
from flows.training.artifacts import leave_model, leave_training
from flows.training.due import reason_to_train
from flows.training_data.context import TrainingContext, new_context
from flows.training_data.lost_spectrograms import read_verified_training_set
from flows.training_data.provenance import versions
from flows.training_data.split_assignment import assign_new_tracks
from flows.training_data.training_set import TrainingSet, held_back
from ml.data.hyperparameters import Hyperparameters, choose

SAME_AGAIN: Final = (
    ", so the same model would come out. For another one add or remove tracks, or change a setting, such as"
    " LABELSCOPE_RANDOM_SEED."
)


@dataclass(frozen=True, slots=True)
class Retrained:
    """How a retraining ended: not_due, not_allowed, busy, refused, promoted or rejected; and why, in a sentence."""

    outcome: str
    reason: str
    remarks: tuple[str, ...] = ()
    model_id: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A training that is due or requested: its reason and its data."""

    why: str
    on_demand: bool
    training_set: TrainingSet


@flow(name="retrain", flow_run_name=timed("retrain"))
def retrain(why: str = "") -> Retrained:
    """Train the network on all usable tracks that have exactly one label, and promote it if it is better.

    - It never trains twice on the same data with the same settings, since the same model would come out.
    - Without a reason (`why`) it trains only when a training is due: the first one, after a change of the spectrogram
      configuration, the architecture or the set of labels, or when enough new tracks have come in.
    - **reads** spectrogram files. The split of a track is assigned once and never changes.
    - **writes** the splits of new tracks, a training run with its exact tracks, the files of the network and of a
      classical baseline, metrics and confusions of both at crop, clip and track level, and whether the network is the
      new champion, with the reason.
    - One training at a time: a second one ends at once as busy.
    """
    settings = Settings()
    allowed = read_labels(settings.labels).training.allow
    hyperparameters = choose(settings.architecture, settings.random_seed, settings.hyperparameters)
    with open_database(settings) as engine, try_lock(engine, Lock.RETRAIN) as alone:
        if not alone:
            return Retrained("busy", "Another training is running; its result will count.")
        with engine.begin() as connection:
            context = new_context(engine, connection, settings, allowed)
            _clean_up(connection, context)
        _assign_splits(context)
        plan = _plan(context, why, hyperparameters)
        if isinstance(plan, Retrained):
            return plan
        run_id = _start(context, plan, hyperparameters)
        if run_id is None:
            return Retrained("refused", str(plan.training_set.refusal), plan.training_set.remarks)
        retrained = _train(context, plan.training_set, hyperparameters, run_id)
    if retrained.outcome == "promoted" and retrained.model_id is not None:
        announce(PROMOTED, model=retrained.model_id)
    return retrained


def _clean_up(connection: Connection, context: TrainingContext) -> None:
    """Mark trainings whose process died, and retire a champion trained on content that is no longer allowed."""
    # Files are deleted before the commit: after a crash in between, the next run sees the same rows again.
    delete_leftovers(context.settings, write.learning.mark_dead_trainings(connection))
    reason = "It was trained on origins that training.allow no longer lists."
    write.learning.retire_champion(connection, context.allowed, reason)


def _assign_splits(context: TrainingContext) -> None:
    """Assign new tracks to splits. Track states are refreshed before and after: one is input, the other result."""
    refresh_track_states(context.engine)
    assign_new_tracks(context.engine, context.config_id, context.allowed)
    refresh_track_states(context.engine)


def _plan(context: TrainingContext, why: str, hyperparameters: Hyperparameters) -> Plan | Retrained:
    """What to train on and why; or, where no training is needed or possible, the result of the flow."""
    with context.engine.connect() as connection:
        not_allowed = held_back(connection, context.config_id, context.allowed)
        remarks: tuple[str, ...] = (not_allowed,) if not_allowed else ()
        reason = why or reason_to_train(connection, context)
        if reason is None:
            return Retrained("not_due", _nothing_new(connection), remarks)
    training_set = read_verified_training_set(context)
    if not training_set.clips and not_allowed:
        return Retrained("not_allowed", not_allowed)
    if earlier := _trained_before(context, training_set, hyperparameters):
        repeated = f"Training {earlier.training_run_id} used exactly these data"
        if earlier.same_settings:
            return Retrained("not_due", f"{repeated} and settings{SAME_AGAIN}", remarks)
        if not why:
            return Retrained("not_due", f"{repeated}; see `labelscope models`.", remarks)
        remarks += (f"{repeated}, with other settings.",)
    training_set = replace(training_set, remarks=training_set.remarks + remarks)
    return Plan(reason, bool(why), training_set)


def _nothing_new(connection: Connection) -> str:
    """Why no training is due; where the last one was refused, with the cure from its refusal."""
    last = read.learning.last_training(connection)
    if last is None or last.error is None:
        return "Nothing has changed enough since the last training."
    return f"Nothing has changed since training {last.id} was refused. {last.error}"


def _trained_before(
    context: TrainingContext, training_set: TrainingSet, hyperparameters: Hyperparameters
) -> SameData | None:
    """The training that used exactly these data, if the champion has the same labels; else None."""
    with context.engine.connect() as connection:
        same = read.learning.training_on(connection, training_set.fingerprint, asdict(hyperparameters))
        champion = read.learning.champion(connection)
    if same is None or champion is None or champion.labels != training_set.label_rows:
        return None
    return same


def _start(context: TrainingContext, plan: Plan, hyperparameters: Hyperparameters) -> int | None:
    """Write the row of the training; returns its id, or None where the training set is refused."""
    row = _row(context, plan, hyperparameters)
    with context.engine.begin() as connection:
        if plan.training_set.refusal:
            refused: TrainingRow = {**row, "status": "refused", "error": plan.training_set.refusal}
            write.learning.start_training(connection, refused, [])
            return None
        return write.learning.start_training(connection, row, plan.training_set.track_rows())


def _row(context: TrainingContext, plan: Plan, hyperparameters: Hyperparameters) -> TrainingRow:
    """Everything that is needed to repeat a training, as columns of training_runs."""
    return {
        "flow_run_id": flow_run.get_id(),
        "why": plan.why,
        "on_demand": plan.on_demand,
        "architecture": hyperparameters.architecture,
        "hyperparameters": asdict(hyperparameters),
        "config_id": context.config_id,
        "origins": plan.training_set.origins,
        "dataset_fingerprint": plan.training_set.fingerprint,
        "labels": plan.training_set.label_rows,
        "versions": versions(),
        "remarks": list(plan.training_set.remarks),
    }


def _train(
    context: TrainingContext, training_set: TrainingSet, hyperparameters: Hyperparameters, run_id: int
) -> Retrained:
    """Train, compare with the champion, and leave the artifacts."""
    # Keras takes seconds to import, and most runs train nothing.
    from flows.training.run import train_and_judge

    for remark in training_set.remarks:
        get_run_logger().warning(remark)
    model_id, decision = train_and_judge(context, training_set, hyperparameters, run_id)
    with context.engine.connect() as connection:
        leave_model(connection)
        leave_training(connection, run_id)
    outcome = "promoted" if decision.promoted else "rejected"
    return Retrained(outcome, decision.reason, training_set.remarks, model_id)
