"""Audio features of tracks and the usual range of labels; similar tracks of one label."""

import pytest
from sqlalchemy import Engine, text

from db import read, write
from db.read.clips import TrackFeatures
from db.write.embeddings import as_vector, save_embeddings
from tests.db.trainings import prediction, train

KOMPAKT = 2


@pytest.fixture
def measured(crate: Engine) -> Engine:
    """Tracks 1, 3, 5, 6 and 7 of Kompakt with tempi of 100, 110, 120, 130 and 200 BPM; track 2 of Drumcode has none.

    Track 1 has a second clip of 104 BPM and a third without a tempo, and a service has measured it, too.
    """
    with crate.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO tracks (provider, external_id, title)
                SELECT 'folder', 'sha256:' || n, 'track ' || n FROM generate_series(5, 7) n;
                INSERT INTO playlist_tracks (playlist_id, track_id)
                SELECT (SELECT playlist_id FROM playlist_tracks WHERE track_id = 1), n FROM generate_series(5, 7) n;
                INSERT INTO clips (track_id, provider, uri, sha256, bytes, modified_ns, offset_s, duration_s)
                SELECT n, 'folder', 'file:///' || n, repeat('0', 64), 1, 1, 0, 30 FROM generate_series(5, 7) n
                UNION ALL
                SELECT 1, 'folder', 'file:///1', repeat('0', 64), 1, 1, 30 * n, 30 FROM generate_series(1, 2) n;
                INSERT INTO audio_features (track_id, clip_id, origin, extractor_version, tempo_bpm)
                SELECT track_id, id, 'librosa', '1',
                       CASE WHEN offset_s = 60 THEN NULL WHEN offset_s = 30 THEN 104
                            ELSE (ARRAY[100, NULL, 110, NULL, 120, 130, 200])[track_id] END
                  FROM clips;
                INSERT INTO audio_features (track_id, origin, extractor_version, tempo_bpm)
                VALUES (1, 'spotify', '1', 999);
            """)
        )
    return crate


def test_a_track_has_the_medians_of_its_clips_and_a_label_quantiles_of_its_other_tracks(
    measured: Engine,
) -> None:
    with measured.connect() as connection:
        nothing = TrackFeatures(*[None] * 7)
        assert read.clips.features_of_track(connection, 1) == nothing._replace(tempo_bpm=102)
        assert read.clips.features_of_track(connection, 2) == nothing

        usual = read.clips.features_of_label(connection, KOMPAKT, None, (0.0, 0.5, 1.0))
        assert (usual.tracks, usual.tempo_bpm, usual.loudness_lufs) == (5, [102, 120, 200], None)
        others = read.clips.features_of_label(connection, KOMPAKT, 7, (0.0, 0.5, 1.0))
        assert (others.tracks, others.tempo_bpm) == (4, [102, 115, 130])
        assert read.clips.features_of_label(connection, 99, None, (0.1, 0.9)).tracks == 0


def test_similar_tracks_of_a_label_come_first_and_exclude_a_track(crate: Engine) -> None:
    model = train(crate)
    vectors = {1: [1.0], 2: [1.0], 3: [1.0, 0.5], 4: [0.0, 1.0]}
    with crate.begin() as connection:
        write.learning.promote(connection, model, "It is the first.")
        predictions = [prediction(track, drumcode=0.9, kompakt=0.1) for track in (1, 2, 4)]
        write.learning.save_predictions(connection, model, predictions)
        save_embeddings(
            connection, model, {track: [*part, *[0.0] * (256 - len(part))] for track, part in vectors.items()}
        )
        place = as_vector([1.0, *[0.0] * 255])

        def near(other_than: int | None, number: int = 9) -> list[tuple[int, float]]:
            found = read.embeddings.similar_of_label(connection, place, KOMPAKT, other_than, number)
            return [(row.track_id, round(row.distance, 3)) for row in found]

        assert near(None) == [(1, 0.0), (3, 0.106)] and near(None, 1) == [(1, 0.0)]
        assert near(1) == [(3, 0.106)]
        first, second = read.embeddings.similar_of_label(connection, place, KOMPAKT, None, 9)
        assert (first.label, first.predicted, second.predicted) == ("Kompakt", "Drumcode", None)
