"""Trainings and evaluations whose process has died, and files of trainings that ended without a model."""

from collections.abc import Iterable

from sqlalchemy import Engine

from common.files import delete_folder
from config.settings import Settings
from db.engine import Lock, try_lock
from flows.home.environment import model_folder


def end_crashed_runs(engine: Engine, settings: Settings) -> int:
    """Mark trainings and evaluations whose process has died as failed; returns how many.

    One that is alive holds its lock, and then none of its kind is marked.
    """
    from db import write  # not above: mapping the tables takes 0.7 s, and most commands only read

    crashed = 0
    with try_lock(engine, Lock.RETRAIN) as locked, engine.begin() as connection:
        if locked:
            # Delete files before the commit: if this process is killed in between, the next run finds the rows again.
            run_ids = write.learning.mark_dead_trainings(connection)
            delete_leftovers(settings, run_ids)
            crashed += len(run_ids)
    with try_lock(engine, Lock.EVALUATE) as locked, engine.begin() as connection:
        if locked:
            crashed += write.evaluations.mark_dead_evaluations(connection)
    return crashed


def delete_leftovers(settings: Settings, run_ids: Iterable[int]) -> None:
    """Delete the model folders of trainings that ended without a model."""
    for run_id in run_ids:
        delete_folder(model_folder(settings) / str(run_id))


def describe_error(error: BaseException) -> str:
    """Why a training or an evaluation ended, as a sentence for its row."""
    return "Stopped by hand." if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"
