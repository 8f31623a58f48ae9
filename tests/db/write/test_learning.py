"""Models, their promotion, and their predictions."""

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from db import read, write
from tests.db.trainings import (
    ALLOWED,
    FINGERPRINT_VERSION,
    LABELS,
    figure,
    model_rows,
    prediction,
    start,
    train,
)

OTHER_RECIPE = 99  # one by which no clip has a spectrogram yet


def claimed(
    connection: Connection, clips: list[int], recipe: int = 1, version: int = FINGERPRINT_VERSION
) -> list[int]:
    return [clip.id for clip in write.clips.claim_clips(connection, clips, recipe, version)]


def test_there_is_one_champion_and_those_before_it_are_kept_with_all_reasons(crate: Engine) -> None:
    first, second = train(crate), train(crate)
    with crate.begin() as connection:
        write.learning.promote(connection, first, "No other model was in use.")
        write.learning.reject(connection, second, "No better.")
        write.learning.promote(connection, second, "In use because: it is.")
    with crate.connect() as connection:
        models = connection.execute(text("SELECT id, status, reason FROM models ORDER BY id")).all()
        champion = read.learning.champion(connection)
    assert [tuple(model) for model in models] == [
        (first, "retired", f"No other model was in use. Retired for model {second}."),
        (second, "champion", "No better. In use because: it is."),
    ]
    assert champion is not None and champion.track_accuracy == 0.75
    with pytest.raises(IntegrityError), crate.begin() as connection:
        connection.execute(text("UPDATE models SET status = 'champion'"))


def test_predictions_are_written_once(crate: Engine) -> None:
    model = train(crate)
    rows = [prediction(1, drumcode=0.25, kompakt=0.75), prediction(2, drumcode=0.9, kompakt=0.1)]
    for expected in (2, 0):
        with crate.begin() as connection:
            assert write.learning.save_predictions(connection, model, rows) == expected
    with crate.connect() as connection:
        assert read.learning.tracks_to_predict(connection, model, 1, ALLOWED) == [3, 4]
        stored = connection.execute(
            text("SELECT track_id, label_id, confidence FROM predictions ORDER BY 1")
        ).all()
        assert connection.scalar(text("SELECT count(*) FROM prediction_scores")) == 4
    assert [tuple(row) for row in stored] == [(1, 2, 0.75), (2, 1, 0.9)]


def test_a_prediction_has_the_tracks_split_and_may_be_unknown(
    crate: Engine,
) -> None:
    model = train(crate)
    with crate.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO tracks (provider, external_id, title)
                SELECT 'folder', 'sha256:' || n, 'track ' || n FROM generate_series(5, 6) n
            """)
        )
        place = {
            "track_id": 6,
            "group_key": "title:6",
            "scheme": "title",
            "split": "excluded",
            "reason": "test",
        }
        write.splits.save_splits(connection, [place])
        rows = [prediction(n, known=n != 3, drumcode=0.9, kompakt=0.1) for n in (1, 3, 5, 6)]
        write.learning.save_predictions(connection, model, rows)
        stored = connection.execute(
            text("SELECT track_id, label_id, confidence, split FROM predictions ORDER BY 1")
        ).all()
    assert [tuple(row) for row in stored] == [
        (1, 1, 0.9, "train"),
        (3, None, 0.9, "holdout"),
        (5, 1, 0.9, "new"),
        (6, 1, 0.9, "excluded"),
    ]


def test_models_of_one_training_are_a_candidate_and_its_baselines(crate: Engine) -> None:
    network = train(crate, model_rows("labelscope"), model_rows("baseline"), architecture="labelscope")
    with crate.begin() as connection:
        write.learning.add_metrics(connection, network, [figure("balanced_accuracy_over_baseline", 0.1)])
        write.learning.add_metrics(connection, network, [])
        candidate, baseline = (
            read.learning.model(connection, network),
            read.learning.model(connection, network + 1),
        )
        assert read.problems.counts(connection).models == 1
        assert read.learning.model(connection, 99) is None
        last = read.learning.last_training(connection)
    assert candidate is not None and baseline is not None and last is not None
    assert (candidate.status, candidate.path, candidate.origins) == ("candidate", "1/labelscope", ["folder"])
    assert (baseline.status, baseline.path) == ("baseline", "1/baseline")
    assert last.architecture == "labelscope" and [label["slug"] for label in last.labels] == list(LABELS)


def test_a_training_that_died_is_marked_and_those_that_ended_are_not(crate: Engine) -> None:
    model = train(crate, model_rows("seed"), model_rows("baseline"))
    refused = start(crate, status="refused", error="Training needs two labels.")
    failed, dead = start(crate), start(crate)
    with crate.begin() as connection:
        write.learning.promote(connection, model, "the first")
        write.learning.fail_training(connection, failed, "The loss was no longer finite.")
        assert write.learning.mark_dead_trainings(connection) == [dead]
        assert write.learning.mark_dead_trainings(connection) == []
        last = read.learning.last_training(connection)
        runs = connection.execute(text("SELECT status, finished_at IS NULL FROM training_runs ORDER BY id"))
        assert [tuple(run) for run in runs] == [
            ("completed", False),
            ("refused", True),
            ("failed", False),
            ("crashed", False),
        ]
        models = connection.scalars(text("SELECT status FROM models ORDER BY id")).all()
    assert last is not None and last.id == refused
    assert models == ["champion", "baseline"]


def test_a_lost_spectrogram_sends_its_clip_back(crate: Engine) -> None:
    with crate.begin() as connection:
        assert read.clips.clips_to_extract(connection, 1, FINGERPRINT_VERSION) == []
        write.clips.forget_spectrograms(connection, [3], 1)
        assert read.clips.clips_to_extract(connection, 1, FINGERPRINT_VERSION) == [3]
        assert [clip.clip_id for clip in read.clips.usable_clips(connection, 1, ALLOWED)] == [1, 2, 4]


def test_two_workers_never_take_the_same_clip(crate: Engine) -> None:
    with crate.begin() as one, crate.begin() as other:
        assert claimed(one, [1, 2], OTHER_RECIPE) == [1, 2]
        assert claimed(other, [1, 2, 3], OTHER_RECIPE) == [3]


def test_clips_done_by_another_worker_are_not_claimed(crate: Engine) -> None:
    with crate.begin() as connection:
        write.clips.forget_spectrograms(connection, [2], 1)
        assert claimed(connection, [1, 2, 3, 4]) == [2]


def test_a_ready_clip_is_extracted_again_for_a_new_fingerprint_version(crate: Engine) -> None:
    def save(version: int, landmarks: bytes) -> bytes | None:
        """Returns what is kept."""
        row = {"clip_id": 1, "version": version, "landmarks": landmarks, "sketch": [7]}
        write.clips.save_extractions(connection, [], [], [row], [])
        return connection.scalar(text("SELECT landmarks FROM fingerprints WHERE clip_id = 1"))

    newer = FINGERPRINT_VERSION + 1
    with crate.begin() as connection:
        connection.execute(text("UPDATE clips SET status = 'too_short' WHERE id = 2"))
        assert read.clips.clips_to_extract(connection, 1, newer) == [1, 3, 4]
        assert claimed(connection, [1, 2, 3, 4], version=newer) == [1, 3, 4]
        assert save(FINGERPRINT_VERSION, b"again") == b""
        assert save(newer, b"new") == b"new"
        assert read.clips.clips_to_extract(connection, 1, newer) == [3, 4]
        assert claimed(connection, [1, 2, 3, 4], version=newer) == [3, 4]


def test_a_clip_whose_audio_was_lost_can_come_back_with_the_spectrogram_that_it_has(crate: Engine) -> None:
    with crate.begin() as connection:
        write.clips.reject_clips(
            connection, [{"clip_id": 1, "reason": "missing", "detail": "It is not there."}]
        )
        assert read.clips.clips_to_extract(connection, 1, FINGERPRINT_VERSION) == [1]
        assert claimed(connection, [1, 2]) == [1]


def test_a_rejected_clip_is_retried_if_that_may_cure_it(crate: Engine) -> None:
    with crate.begin() as connection:
        write.clips.forget_spectrograms(connection, [1, 2], 1)
        failures = [
            {"clip_id": 1, "reason": "missing", "detail": "It is not there."},
            {"clip_id": 2, "reason": "silent", "detail": "It is silent."},
        ]
        write.clips.reject_clips(connection, failures)
        assert read.clips.clips_to_extract(connection, 1, FINGERPRINT_VERSION) == [1]
        assert write.clips.retry_rejected(connection) == 2
        assert read.clips.clips_to_extract(connection, 1, FINGERPRINT_VERSION) == [1, 2]


def test_a_track_is_predicted_after_the_extraction_of_all_clips(crate: Engine) -> None:
    model = train(crate)
    with crate.begin() as connection:
        assert read.learning.tracks_to_predict(connection, model, 1, ALLOWED) == [1, 2, 3, 4]
        write.clips.forget_spectrograms(connection, [3], 1)
        assert read.learning.tracks_to_predict(connection, model, 1, ALLOWED) == [1, 2, 4]


def test_new_tracks_are_counted_against_those_of_a_training(crate: Engine) -> None:
    train(crate)
    with crate.begin() as connection:
        assert read.learning.count_new_tracks(connection, 1, 1, ALLOWED) == (0, 4)
        connection.execute(text("DELETE FROM training_run_tracks WHERE track_id > 2"))
        assert read.learning.count_new_tracks(connection, 1, 1, ALLOWED) == (2, 2)
        write.clips.forget_spectrograms(connection, [4], 1)
        assert read.learning.count_new_tracks(connection, 1, 1, ALLOWED) == (1, 2)


def test_no_training_uses_removed_tracks(crate: Engine) -> None:
    with crate.begin() as connection:
        connection.execute(text("UPDATE playlist_tracks SET removed_at = now() WHERE playlist_id = 1"))
        assert {clip.label_id for clip in read.clips.usable_clips(connection, 1, ALLOWED)} == {2}
