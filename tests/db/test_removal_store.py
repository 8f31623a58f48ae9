"""What a purge takes along of what was learnt."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from db.store import evaluations, learning, removal
from tests.db.test_evaluation_store import RUN
from tests.db.trainings import figure, model_rows, start, train


def test_a_purge_takes_trainings_with_all_their_models_and_evaluations(crate: Engine) -> None:
    train(crate, origins=["synth"])
    train(crate, model_rows("labelscope"), model_rows("baseline"), origins=["folder", "synth"])
    with crate.begin() as connection:
        evaluations.start_evaluation(connection, RUN)
        evaluations.start_evaluation(connection, RUN | {"origins": ["synth"]})
        gone = removal.remove_provider(connection, "folder")
        left = {
            table: connection.scalar(text(f"SELECT count(*) FROM {table}"))
            for table in ("training_runs", "models", "evaluations", "track_splits", "fingerprints", "metrics")
        }
    assert (gone.tracks, gone.models, gone.trainings) == (4, 2, (2,))
    assert left == {
        "training_runs": 1,
        "models": 1,
        "evaluations": 1,
        "track_splits": 0,
        "fingerprints": 0,
        "metrics": 1,
    }


def test_a_training_that_was_purged_while_it_ran_leaves_no_model(crate: Engine) -> None:
    run_id = start(crate)
    with crate.begin() as connection:
        removal.remove_provider(connection, "folder")
    with pytest.raises(IntegrityError), crate.begin() as connection:
        rows = [model_rows("seed", [figure("accuracy", 0.5)])]
        learning.complete_training(connection, run_id, history=[], seconds=1.0, models=rows)
