"""One training after its start: fit the models, compare them with the champion, and store both with the decision."""

from dataclasses import asdict

from sqlalchemy import Engine

from db import write
from flows.home.crashed_trainings import delete_leftovers, describe_error
from flows.training.fit import Fitted, fit
from flows.training.promotion import Decision, judge
from flows.training_data.context import TrainingContext
from flows.training_data.metric_rows import comparison_row
from flows.training_data.training_set import TrainingSet
from ml.data.hyperparameters import Hyperparameters


def train_and_judge(
    context: TrainingContext, training_set: TrainingSet, hyperparameters: Hyperparameters, run_id: int
) -> tuple[int, Decision]:
    """Train; returns the id of the network, and the decision whether it is the new champion.

    A training that fails writes the reason into its row, deletes its files, and raises the error again.
    """
    try:
        fitted = fit(context, training_set, hyperparameters, run_id)
        decision = judge(context, fitted.holdout, training_set)
        return _store(context.engine, run_id, fitted, decision), decision
    # Every kind, as also Ctrl-C and a cancelled run must end the row.
    except BaseException as error:
        with context.engine.begin() as connection:
            if write.learning.fail_training(connection, run_id, describe_error(error)):
                delete_leftovers(context.settings, [run_id])
        raise


def _store(engine: Engine, run_id: int, fitted: Fitted, decision: Decision) -> int:
    """Write all results of a training, the decision included, in one transaction; returns the network's id."""
    with engine.begin() as connection:
        model_id, *_ = write.learning.complete_training(
            connection,
            run_id,
            history=[asdict(epoch) for epoch in fitted.history],
            fit_s=fitted.seconds,
            models=fitted.models,
        )
        write.learning.save_label_checks(connection, run_id, fitted.label_checks)
        if decision.comparison is not None:
            write.learning.add_metrics(
                connection, model_id, [comparison_row(decision.comparison, "champion")]
            )
        decide = write.learning.promote if decision.promoted else write.learning.reject
        decide(connection, model_id, decision.reason)
    return model_id
