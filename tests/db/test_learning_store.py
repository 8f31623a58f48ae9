"""Models, their promotion, and what they say."""

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from db import queries
from db.store import learning, sound

LABELS = ("drumcode", "kompakt")
OTHER_RECIPE = 99  # one by which no clip has a spectrogram yet

ALLOWED = ["folder"]


@pytest.fixture
def crate(engine: Engine) -> Engine:
    """Two labels, four tracks with a clip and a spectrogram each, one recipe."""
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO labels (slug, name) VALUES ('drumcode', 'Drumcode'), ('kompakt', 'Kompakt');
                INSERT INTO tracks (provider, external_id, title)
                SELECT 'folder', 'sha256:' || n, 'track ' || n FROM generate_series(1, 4) n;
                INSERT INTO playlists (provider, external_id, label_id, name)
                SELECT 'folder', slug, id, name FROM labels;
                INSERT INTO playlist_tracks (playlist_id, track_id) SELECT 1 + id % 2, id FROM tracks;
                INSERT INTO clips (track_id, provider, uri, sha256, bytes, modified_ns,
                                   offset_seconds, duration_seconds)
                SELECT id, 'folder', 'file:///' || id, repeat('0', 64), 1, 1, 0, 30 FROM tracks;
            """)
        )
        recipe = sound.register_recipe(connection, "0123456789ab", {"n_mels": 128})
        rows = [
            {
                "clip_id": n,
                "recipe_id": recipe,
                "path": f"{n}.npy",
                "sha256": "1" * 64,
                "bytes": 1,
                "frames": 1292,
            }
            for n in range(1, 5)
        ]
        sound.save_extractions(connection, rows, [], [])
    return engine


def train(engine: Engine) -> int:
    """A finished training's model."""
    run = {
        "why": "test",
        "architecture": "seed",
        "hyperparameters": {},
        "recipe_id": 1,
        "dataset_fingerprint": "f" * 64,
        "labels": [{"id": n + 1, "slug": slug} for n, slug in enumerate(LABELS)],
        "versions": {},
    }
    tracks = [
        {"track_id": n, "label_id": 1 + n % 2, "split": "holdout", "group_key": str(n), "scheme": "title"}
        for n in range(1, 5)
    ]
    figure = {
        "split": "holdout",
        "level": "track",
        "name": "accuracy",
        "label_id": None,
        "value": 0.75,
        "count": 4,
    }
    cell = {"split": "holdout", "level": "track"}
    confusions = [
        cell | {"true_label_id": 1, "predicted_label_id": 1, "count": 2},
        cell | {"true_label_id": 2, "predicted_label_id": 2, "count": 1},
        cell | {"true_label_id": 2, "predicted_label_id": 1, "count": 1},
    ]
    with engine.begin() as connection:
        run_id = learning.start_training(connection, run, tracks)
        return learning.complete_training(
            connection,
            run_id,
            history=[{"epoch": 1, "loss": 1.0}],
            seconds=1.5,
            model={"path": "1/seed.keras", "sha256": "2" * 64, "bytes": 10},
            metrics=[figure],
            confusions=confusions,
        )


def prediction(track_id: int, **scores: float) -> dict[str, Any]:
    return {"track_id": track_id, "clips": 1, "scores": dict(enumerate(scores.values(), start=1))}


def test_there_is_one_champion_and_the_one_before_it_is_kept(crate: Engine) -> None:
    first, second = train(crate), train(crate)
    with crate.begin() as connection:
        learning.promote(connection, first, "the first")
        learning.promote(connection, second, "better")
    with crate.connect() as connection:
        statuses = dict(map(tuple, connection.execute(text("SELECT id, status FROM models")).all()))
        champion = queries.champion(connection)
    assert statuses == {first: "retired", second: "champion"}
    assert champion is not None and champion.track_accuracy == 0.75
    with pytest.raises(IntegrityError), crate.begin() as connection:
        connection.execute(text("UPDATE models SET status = 'champion'"))


def test_label_accuracy_says_how_good_and_what_it_is_taken_for(crate: Engine) -> None:
    model = train(crate)
    with crate.begin() as connection:
        learning.promote(connection, model, "the first")
    with crate.connect() as connection:
        rows = [tuple(row) for row in queries.view(connection, "label_accuracy")]
    assert rows == [("Drumcode", 2, 2, 1.0, None, None), ("Kompakt", 2, 2, 0.5, "Drumcode", 0.5)]


def test_predictions_are_written_once(crate: Engine) -> None:
    model = train(crate)
    rows = [prediction(1, drumcode=0.25, kompakt=0.75), prediction(2, drumcode=0.9, kompakt=0.1)]
    for expected in (2, 0):
        with crate.begin() as connection:
            assert learning.save_predictions(connection, model, rows) == expected
    with crate.connect() as connection:
        assert queries.tracks_to_predict(connection, model, 1, ALLOWED) == [3, 4]
        said = connection.execute(
            text("SELECT track_id, label_id, confidence FROM predictions ORDER BY 1")
        ).all()
        assert connection.scalar(text("SELECT count(*) FROM prediction_scores")) == 4
    assert [tuple(row) for row in said] == [(1, 2, 0.75), (2, 1, 0.9)]


def test_a_training_that_died_is_marked_and_one_that_ended_is_not(crate: Engine) -> None:
    model = train(crate)
    with crate.begin() as connection:
        learning.promote(connection, model, "the first")
        connection.execute(
            text("""
                INSERT INTO training_runs (why, architecture, hyperparameters, recipe_id, dataset_fingerprint, labels,
                                           versions) VALUES ('test', 'seed', '{}', 1, repeat('f', 64), '[]', '{}')
            """)
        )
        assert learning.mark_dead_trainings(connection) == 1
        assert learning.mark_dead_trainings(connection) == 0
    with crate.connect() as connection:
        statuses = connection.scalars(text("SELECT status FROM training_runs ORDER BY id")).all()
    assert statuses == ["completed", "crashed"]


def test_a_lost_spectrogram_sends_its_clip_back(crate: Engine) -> None:
    with crate.begin() as connection:
        assert queries.clips_to_extract(connection, 1) == []
        sound.forget_spectrograms(connection, [3], 1)
        assert queries.clips_to_extract(connection, 1) == [3]
        assert [clip.clip_id for clip in queries.usable_clips(connection, 1, ALLOWED)] == [1, 2, 4]


def test_two_workers_never_take_the_same_clip(crate: Engine) -> None:
    with crate.begin() as one, crate.begin() as other:
        assert [clip.id for clip in sound.claim_clips(one, [1, 2], OTHER_RECIPE)] == [1, 2]
        assert [clip.id for clip in sound.claim_clips(other, [1, 2, 3], OTHER_RECIPE)] == [3]


def test_what_another_worker_has_done_is_not_taken_again(crate: Engine) -> None:
    with crate.begin() as connection:
        sound.forget_spectrograms(connection, [2], 1)
        assert [clip.id for clip in sound.claim_clips(connection, [1, 2, 3, 4], 1)] == [2]


def test_a_rejected_clip_is_tried_again_where_its_mishap_may_have_passed(crate: Engine) -> None:
    with crate.begin() as connection:
        sound.forget_spectrograms(connection, [1, 2], 1)
        failures = [
            {"clip_id": 1, "reason": "missing", "detail": "It is not there."},
            {"clip_id": 2, "reason": "silent", "detail": "It is silent."},
        ]
        sound.reject_clips(connection, failures)
        assert queries.clips_to_extract(connection, 1) == [1]
        assert sound.retry_rejected(connection) == 2
        assert queries.clips_to_extract(connection, 1) == [1, 2]


def test_a_track_is_predicted_once_all_its_clips_were_heard(crate: Engine) -> None:
    model = train(crate)
    with crate.begin() as connection:
        assert queries.tracks_to_predict(connection, model, 1, ALLOWED) == [1, 2, 3, 4]
        sound.forget_spectrograms(connection, [3], 1)
        assert queries.tracks_to_predict(connection, model, 1, ALLOWED) == [1, 2, 4]


def test_a_model_that_was_never_judged_is_not_taken_for_a_finished_training(crate: Engine) -> None:
    train(crate)
    with crate.begin() as connection:
        assert queries.last_training(connection) is not None
        assert learning.mark_dead_trainings(connection) == 1
        assert queries.last_training(connection) is None
        assert connection.scalar(text("SELECT status FROM models")) == "rejected"


def test_new_tracks_are_counted_against_what_a_training_has_seen(crate: Engine) -> None:
    train(crate)
    with crate.begin() as connection:
        assert queries.count_new_tracks(connection, 1, 1, ALLOWED) == (0, 4)
        connection.execute(text("DELETE FROM training_run_tracks WHERE track_id > 2"))
        assert queries.count_new_tracks(connection, 1, 1, ALLOWED) == (2, 2)
        sound.forget_spectrograms(connection, [4], 1)
        assert queries.count_new_tracks(connection, 1, 1, ALLOWED) == (1, 2)


def test_removed_tracks_are_not_learnt_from(crate: Engine) -> None:
    with crate.begin() as connection:
        connection.execute(text("UPDATE playlist_tracks SET removed_at = now() WHERE playlist_id = 1"))
        assert {clip.label_id for clip in queries.usable_clips(connection, 1, ALLOWED)} == {2}
