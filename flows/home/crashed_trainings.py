"""Trainings and evaluations whose process died without saying so, and what a training leaves when it ends early."""

import shutil
from collections.abc import Iterable

from sqlalchemy import Engine

from config.settings import Settings
from db import write
from db.engine import Lock, try_lock
from flows.home.environment import model_folder


def end_crashed_runs(engine: Engine, settings: Settings) -> int:
    """Say in their rows that they have failed; returns how many. One that is alive holds its lock."""
    died = 0
    with try_lock(engine, Lock.RETRAIN) as alone, engine.begin() as connection:
        if alone:
            # Files go before the commit: whoever is killed in between finds the rows again.
            dead = write.learning.mark_dead_trainings(connection)
            delete_leftovers(settings, dead)
            died += len(dead)
    with try_lock(engine, Lock.EVALUATE) as alone, engine.begin() as connection:
        if alone:
            died += write.evaluations.mark_dead_evaluations(connection)
    return died


def delete_leftovers(settings: Settings, run_ids: Iterable[int]) -> None:
    """Remove what trainings that ended without a model have left of files."""
    for run_id in run_ids:
        shutil.rmtree(model_folder(settings) / str(run_id), ignore_errors=True)


def describe_error(error: BaseException) -> str:
    """Why it ended, for its row."""
    return "Stopped by hand." if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"
