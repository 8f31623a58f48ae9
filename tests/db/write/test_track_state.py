"""Track states are right at any time, before a refresh and after."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine, text

from db import read, write
from db.write.track_state import FACTS, compact_track_states, refresh_track_states
from tests.db.trainings import ALLOWED, prediction, train

COUNTED = f"""
    SELECT {", ".join(FACTS)}, sum(tracks)::bigint, sum(features)::bigint, round(sum(tempo_sum)::numeric, 6)
      FROM track_states_now GROUP BY {", ".join(FACTS)} HAVING sum(tracks) > 0
"""
WORKED_OUT = f"""
    SELECT {", ".join(FACTS)}, count(*), sum(features)::bigint, round(sum(tempo_sum)::numeric, 6)
      FROM track_facts GROUP BY {", ".join(FACTS)}
"""
# The label of each track, computed from all memberships.
LABELS = """
    WITH members AS (
        SELECT pt.track_id, p.label_id, p.provider, coalesce('isrc ' || t.isrc, 'track ' || t.id) AS recording
          FROM playlist_tracks pt JOIN playlists p ON p.id = pt.playlist_id JOIN tracks t ON t.id = pt.track_id
         WHERE pt.removed_at IS NULL
    ), recordings AS (
        SELECT recording, count(DISTINCT label_id) AS labels, min(label_id) AS label_id FROM members GROUP BY recording
    )
    SELECT m.track_id, CASE WHEN r.labels = 1 THEN r.label_id END, r.labels > 1, array_agg(DISTINCT m.provider)
      FROM members m JOIN recordings r ON r.recording = m.recording
     GROUP BY m.track_id, r.labels, r.label_id ORDER BY 1
"""
MEMBERS = "SELECT playlist_id, count(*) FROM playlist_tracks WHERE removed_at IS NULL GROUP BY 1 ORDER BY 1"
COUNTED_MEMBERS = """
    SELECT playlist_id, sum(tracks)::bigint FROM playlist_track_states_now GROUP BY 1 HAVING sum(tracks) > 0 ORDER BY 1
"""
CHANGES = (
    "UPDATE tracks SET isrc = 'DE1' WHERE id IN (1, 2)",  # one recording in playlists of two labels
    "UPDATE tracks SET isrc = 'DE2' WHERE id = 2",
    "UPDATE tracks SET isrc = NULL WHERE id = 1",
    "INSERT INTO playlist_tracks (playlist_id, track_id) VALUES (1, 1), (2, 2)",
    "UPDATE playlist_tracks SET removed_at = now() WHERE playlist_id = 1 AND track_id IN (1, 4)",
    "UPDATE playlists SET label_id = 2 WHERE id = 1",
    "UPDATE clips SET status = 'rejected', reason = 'missing', detail = 'gone' WHERE id = 3",
    "UPDATE clips SET status = 'too_short' WHERE id = 4",
    "DELETE FROM clips WHERE id IN (3, 4)",
    """INSERT INTO lookups (track_id, kind, source, reason, detail, again)
       VALUES (3, 'audio', 'own', 'no_preview', 'none', false), (3, 'audio', 'deezer', 'busy', 'later', true),
              (4, 'features', 'spotify', 'unknown', 'none', false)""",
    "UPDATE lookups SET again = false, tries = 1 WHERE source = 'deezer'",
    """INSERT INTO audio_features (track_id, clip_id, origin, extractor_version, tempo_bpm, loudness_lufs)
       VALUES (1, 1, 'librosa', '1', 128.5, -9), (2, 2, 'librosa', '1', NULL, -8), (2, NULL, 'spotify', '1', 126, NULL)
    """,
    "DELETE FROM audio_features WHERE clip_id = 1",
    "DELETE FROM fingerprints WHERE clip_id = 1",
    "DELETE FROM spectrograms WHERE clip_id = 2",
    "DELETE FROM track_splits WHERE track_id = 1",
    "UPDATE training_runs SET status = 'failed' WHERE id = 1",
    "DELETE FROM training_run_tracks WHERE track_id = 2",
    "INSERT INTO tracks (provider, external_id, title, isrc) VALUES ('deezer', '5', 'five', 'DE2')",
    "DELETE FROM tracks WHERE id = 2",
)


def rows(connection: Connection, query: str) -> list[str]:
    return sorted(str(tuple(row)) for row in connection.execute(text(query)))


def refresh(connection: Connection) -> None:
    while refresh_track_states(connection, 3):  # several at a time, and some tracks twice
        pass
    compact_track_states(connection)


def assert_right(connection: Connection) -> None:
    assert rows(connection, COUNTED) == rows(connection, WORKED_OUT)
    assert rows(connection, "SELECT * FROM track_labels") == rows(connection, LABELS)
    assert rows(connection, COUNTED_MEMBERS) == rows(connection, MEMBERS)


def after_each_change(engine: Engine, between: Callable[[Connection], None]) -> None:
    model = train(engine)
    with engine.begin() as connection:
        write.learning.promote(connection, model, "the first")
        write.learning.save_predictions(
            connection, model, [prediction(n, drumcode=0.8, kompakt=0.2) for n in (1, 3)]
        )
        between(connection)
        for change in CHANGES:
            connection.execute(text(change))
            assert_right(connection)
            between(connection)
            assert_right(connection)


def test_counts_are_right_without_a_refresh(crate: Engine) -> None:
    after_each_change(crate, lambda connection: None)


def test_counts_are_right_when_each_change_is_refreshed(crate: Engine) -> None:
    after_each_change(crate, refresh)
    with crate.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM changed_tracks")) == 0
        assert connection.scalar(text("SELECT min(tracks) FROM track_states")) == 1
        assert connection.scalar(text("SELECT count(*) FROM track_state_members")) == 4


def test_queries_have_the_same_result_before_and_after_a_refresh(crate: Engine) -> None:
    def answers(connection: Connection) -> list[object]:
        return [
            read.clips.clips_to_extract(connection, 1, 1),
            read.clips.clips_to_extract(connection, 99, 1),
            read.clips.clips_to_fingerprint(connection, 1, 99),
            read.learning.tracks_to_predict(connection, model, 1, ALLOWED),
            read.clips.held_back(connection, 1, ["deezer"]),
            read.learning.count_new_tracks(connection, 1, 1, ALLOWED),
            read.splits.trainable_labels(connection, 1, ALLOWED),
            read.splits.tracks_without_split(connection, 1, ALLOWED),
            read.problems.counts(connection),
        ]

    model = train(crate)
    with crate.begin() as connection:
        write.clips.forget_spectrograms(connection, [4], 1)
        connection.execute(text("DELETE FROM track_splits WHERE track_id = 2"))
        before = answers(connection)
        refresh(connection)
        assert answers(connection) == before
    assert before[0] == [4] and before[3] == [1, 2, 3] and before[4] == [("folder", "folder", 3)]


def test_a_champion_that_comes_back_has_its_scores_still(crate: Engine) -> None:
    first, second = train(crate), train(crate)
    predictions = [prediction(n, drumcode=0.8, kompakt=0.2) for n in (1, 2)]
    with crate.begin() as connection:
        for model in (first, second):
            write.learning.promote(connection, model, "next")
            write.learning.save_predictions(connection, model, predictions)
            refresh(connection)
        write.learning.promote(connection, first, "back again")
        for _ in range(2):
            assert read.learning.tracks_to_predict(connection, first, 1, ALLOWED) == [3, 4]
            assert read.problems.counts(connection).tracks_predicted == 2
            refresh(connection)


def test_label_sound_is_the_mean_over_audio_features(crate: Engine) -> None:
    means = """
        SELECT label, count(*) AS clips, avg(f.tempo_bpm) AS tempo_bpm, avg(loudness_lufs) AS loudness_lufs,
               avg(onset_rate) AS onset_rate
          FROM track_predictions JOIN audio_features f USING (track_id) GROUP BY label ORDER BY label
    """
    model = train(crate)
    with crate.begin() as connection:
        write.learning.promote(connection, model, "the first")
        predictions = [prediction(n, drumcode=0.8, kompakt=0.2) for n in (1, 2, 4)]
        write.learning.save_predictions(connection, model, predictions)
        connection.execute(
            text("""
                INSERT INTO audio_features (track_id, clip_id, origin, extractor_version, tempo_bpm, loudness_lufs)
                SELECT id, id, 'librosa', '1', 120 + id, CASE WHEN id > 2 THEN -8 END FROM tracks
            """)
        )
        for _ in range(2):
            assert rows(connection, "SELECT * FROM label_sound") == rows(connection, means)
            refresh(connection)


def test_deleted_tracks_leave_all_counts(crate: Engine) -> None:
    model = train(crate)
    with crate.begin() as connection:
        write.learning.promote(connection, model, "the first")
        predictions = [prediction(n, known=n != 3, drumcode=0.8, kompakt=0.2) for n in range(1, 5)]
        write.learning.save_predictions(connection, model, predictions)
        refresh(connection)
        [mistake] = read.views.mistakes(connection)
        assert (mistake.mean_confidence, mistake.called_unknown) == (0.8, 1)
        connection.execute(text("UPDATE tracks SET provider = 'deezer' WHERE id = 3"))
        write.removal.remove_provider(connection, "deezer")
        for _ in range(2):
            [mistake] = read.views.mistakes(connection)
            assert (mistake.mean_confidence, mistake.called_unknown) == (None, 0)
            data = rows(connection, "SELECT label, split, tracks FROM model_data")
            assert "('Kompakt', 'holdout', 1)" not in data and "('Drumcode', 'holdout', 1)" in data
            assert read.problems.counts(connection).tracks == 3
            refresh(connection)
