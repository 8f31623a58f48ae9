"""One training, once it is decided: the network learns, is judged, and is kept with its verdict."""

from dataclasses import asdict

from sqlalchemy import Engine

from config.settings import Settings
from db import write
from flows.home.crashed_trainings import sweep, told
from flows.training.fit import Fitted, fit
from flows.training.metric_rows import comparison_row
from flows.training.promotion import Decision, judge
from flows.training.training_set import TrainingSet
from ml.data.hyperparameters import Hyperparameters
from ml.features.spectrogram import Recipe


def train_and_judge(
    engine: Engine,
    settings: Settings,
    training_set: TrainingSet,
    hyperparameters: Hyperparameters,
    recipe: Recipe,
    config_id: int,
    run_id: int,
) -> tuple[int, Decision]:
    """The id of the network that came of it, and whether it is the new champion; a training that fails leaves no file,
    and its row the reason.
    """
    try:
        fitted = fit(engine, settings, training_set, hyperparameters, recipe, config_id, run_id)
        decision = judge(engine, settings, fitted.holdout, training_set, recipe, config_id)
        return _keep(engine, run_id, fitted, decision), decision
    except BaseException as error:
        with engine.begin() as connection:
            if write.learning.fail_training(connection, run_id, told(error)):
                sweep(settings, [run_id])
        raise


def _keep(engine: Engine, run_id: int, fitted: Fitted, decision: Decision) -> int:
    """Write all that a training brought, its verdict included, in one transaction; returns the network's id."""
    with engine.begin() as connection:
        model_id, *_ = write.learning.complete_training(
            connection,
            run_id,
            history=[asdict(epoch) for epoch in fitted.history],
            fit_s=fitted.seconds,
            models=fitted.models,
        )
        if decision.comparison is not None:
            write.learning.add_metrics(
                connection, model_id, [comparison_row(decision.comparison, "champion")]
            )
        (write.learning.promote if decision.promoted else write.learning.reject)(
            connection, model_id, decision.reason
        )
    return model_id
