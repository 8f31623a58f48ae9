"""Removal of a provider, and what is trained on its content."""

import pytest
from sqlalchemy import Engine, text

from db import write
from tests.db.trainings import figure, model_rows, start, train
from tests.db.write.test_evaluations import RUN


def test_a_purge_takes_trainings_with_all_their_models_and_evaluations(crate: Engine) -> None:
    train(crate, origins=["synth"])
    train(crate, model_rows("labelscope"), model_rows("baseline"), origins=["folder", "synth"])
    with crate.begin() as connection:
        write.evaluations.start_evaluation(connection, RUN)
        write.evaluations.start_evaluation(connection, RUN | {"origins": ["synth"]})
        gone = write.removal.remove_provider(connection, "folder")
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
        write.removal.remove_provider(connection, "folder")
    with pytest.raises(write.learning.TrainingLost, match="retrain"), crate.begin() as connection:
        rows = [model_rows("seed", [figure("accuracy", 0.5)])]
        write.learning.complete_training(connection, run_id, history=[], fit_s=1.0, models=rows)


def test_a_track_that_returns_has_its_former_split(crate: Engine) -> None:
    with crate.begin() as connection:
        connection.execute(text("UPDATE tracks SET last_seen_at = now() - interval '99 days' WHERE id = 3"))
        connection.execute(text("UPDATE playlists SET last_seen_at = now() - interval '99 days'"))
        assert write.removal.remove_unconfirmed_tracks(connection, "folder", 30).tracks == 1
        places = connection.execute(text("SELECT length(track_key), split FROM former_splits")).all()
    assert [tuple(place) for place in places] == [(64, "holdout")]


def test_a_training_marked_as_crashed_cannot_end_with_a_model(crate: Engine) -> None:
    run_id = start(crate)
    with crate.begin() as connection:
        assert write.learning.mark_dead_trainings(connection) == [run_id]
    with pytest.raises(write.learning.TrainingLost), crate.begin() as connection:
        write.learning.complete_training(
            connection, run_id, history=[], fit_s=1.0, models=[model_rows("seed", [])]
        )
    with crate.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM models")) == 0
