"""Fill a database with made-up tracks, as after a pipeline. INSERT … SELECT takes seconds for a million rows.

It has all rows that a query of the pipeline reads. Some values are smaller than real ones, as no query reads inside
them: landmarks of fingerprints (64 bytes instead of 9 KiB), a service's `raw` record of a track (0.1 kB instead of 1 to
2.4 kB), and scores of a prediction (at most five labels instead of all). Sketches share numbers as often as those of
real clips (ml/features/fingerprint.py): 1.3 % of the pairs have one in common.

Of 100 tracks, 94 have a ready clip, one has a clip that is too short, one a silent clip, and four have no clip. One
track in 200 is also in another label's playlist, under another id.
"""

import json
from dataclasses import asdict

from sqlalchemy import Connection, Engine, text

from db.write.clips import register_spectrogram_config
from ml.data.hyperparameters import choose
from ml.features.fingerprint import FINGERPRINT_VERSION
from ml.features.spectrogram import SpectrogramConfig
from sources.synth.crate import LABELS

SKETCH_VALUES = 315_000
"""With so many equally frequent numbers, sketches share one as often as real sketches do."""
TABLES = (
    "artists",
    "track_artists",
    "tracks",
    "playlist_tracks",
    "lookups",
    "clips",
    "spectrograms",
    "audio_features",
    "fingerprints",
    "track_splits",
    "training_run_tracks",
    "predictions",
    "prediction_scores",
    "track_state_members",
    "track_states",
    "playlist_track_states",
    "holdout_predictions",
    "training_run_labels",
)


def dice(value: str, sides: str) -> str:
    """SQL of a pseudo-random number from 0 to below `sides`, the same for the same value."""
    return f"(hashint8(({value})::bigint) & 2147483647) % {sides}"


def label_of(track: str) -> str:
    """SQL of the id of a track's label. All tracks of an artist, three in a row, have the same."""
    return f"(1 + {dice(f'({track}) / 3', ':labels')})"


# Every 200th track is the same recording as the one 100 before it.
AMBIGUOUS = f"""
    (track_id % 200 = 0 AND {label_of("track_id")} <> {label_of("track_id - 100")}
     OR track_id % 200 = 100 AND {label_of("track_id")} <> {label_of("track_id + 100")})
"""
FILL = (
    """
        INSERT INTO playlists (provider, external_id, label_id, name, listed_by, snapshot_id, status)
        SELECT 'deezer', id::text, id, name, 'bench', '1', 'ok' FROM labels ORDER BY labels.id
    """,
    """
        INSERT INTO artists (provider, external_id, name)
        SELECT 'deezer', i::text, 'Artist ' || i FROM generate_series(1, :tracks / 3 + 1) i
    """,
    """
        INSERT INTO tracks (provider, external_id, title, album, isrc, duration_s, release_date, raw)
        SELECT 'deezer', i::text, 'Track ' || i, 'Album ' || i / 9,
               'QZ' || lpad((i - 100 * (i % 200 = 0)::int)::text, 10, '0'), 200 + i % 300, '2024-02-07',
               jsonb_build_object('id', i, 'preview_url', 'https://cdnt-preview.dzcdn.net/' || md5(i::text))
          FROM generate_series(1, :tracks) i
    """,
    "INSERT INTO track_artists (track_id, artist_id, position) SELECT id, 1 + id / 3, 0 FROM tracks",
    """
        INSERT INTO track_artists (track_id, artist_id, position)
        SELECT id, 1 + id / 9, 1 FROM tracks WHERE id % 3 = 0 AND id / 9 <> id / 3
    """,
    f"INSERT INTO playlist_tracks (playlist_id, track_id) SELECT {label_of('id')}, id FROM tracks",
    """
        INSERT INTO lookups (track_id, kind, source, reason, detail, again)
        SELECT id, 'audio', source, 'no_preview', 'There is no preview of it.', false
          FROM tracks, unnest(ARRAY['own', 'deezer']) source WHERE id % 100 < 4
    """,
    """
        INSERT INTO clips (track_id, provider, licence, reference, uri, sha256, bytes, modified_ns, offset_s,
                           duration_s, status, reason, detail)
        SELECT id, 'deezer', 'Deezer preview: personal use', 'deezer:track:' || id,
               'store:audio/' || left(md5(id::text), 2) || '/' || md5(id::text) || md5(id::text) || '.mp3',
               md5(id::text) || md5(id::text), 480000, 1, 0, 30,
               CASE id % 100 WHEN 4 THEN 'rejected' WHEN 5 THEN 'too_short' ELSE 'ready' END,
               CASE id % 100 WHEN 4 THEN 'silent' END, CASE id % 100 WHEN 4 THEN 'It is silent.' END
          FROM tracks WHERE id % 100 >= 4
    """,
    """
        INSERT INTO spectrograms (clip_id, config_id, path, sha256, bytes, frames)
        SELECT id, :recipe, left(sha256, 2) || '/' || sha256 || '.npy', sha256, 330880, 1292
          FROM clips WHERE status <> 'rejected'
    """,
    """
        INSERT INTO audio_features (track_id, clip_id, origin, extractor_version, tempo_bpm, key, mode, key_confidence,
                                    loudness_lufs, onset_rate, spectral_centroid_hz, spectral_rolloff_hz,
                                    spectral_flatness, zero_crossing_rate)
        SELECT track_id, id, 'librosa', '1', 115 + 25 * random(), id % 12, id % 2, random(), -14 + 6 * random(),
               4 + 4 * random(), 3000 * random(), 6000 * random(), random(), random()
          FROM clips WHERE status <> 'rejected'
    """,
    """
        INSERT INTO fingerprints (clip_id, version, landmarks, sketch)
        SELECT id, :version, decode(md5(id::text) || md5(uri) || md5(id::text) || md5(uri), 'hex'),
               ARRAY(SELECT (random() * :values)::bigint * 29280000000000 FROM generate_series(1, 64) WHERE c.id > 0)
          FROM clips c WHERE status = 'ready'
    """,
    f"""
        INSERT INTO track_splits (track_id, group_key, scheme, split, reason)
        SELECT track_id, 'artist:' || track_id / 3, 'artist',
               (ARRAY['train', 'train', 'train', 'validation', 'holdout'])[1 + {dice("1000 + track_id / 3", "5")}],
               'its group was assigned by quota'
          FROM clips
         WHERE status = 'ready' AND NOT {AMBIGUOUS}
    """,
    """
        INSERT INTO training_runs (why, status, architecture, hyperparameters, config_id, dataset_fingerprint, labels,
                                   versions, origins, tracks, history, fit_s, finished_at)
        SELECT 'the first training', 'completed', :architecture, CAST(:hyperparameters AS jsonb), :recipe,
               repeat('f', 64), (SELECT jsonb_agg(jsonb_build_object('id', id, 'slug', slug) ORDER BY id) FROM labels),
               '{}', '["deezer"]', (SELECT count(*) FROM track_splits), '[]', 1, now()
    """,
    f"""
        INSERT INTO training_run_tracks (training_run_id, track_id, label_id, split, group_key, scheme)
        SELECT 1, track_id, {label_of("track_id")}, split, group_key, scheme FROM track_splits
    """,
    """
        INSERT INTO training_run_labels (training_run_id, label_id, split, tracks, groups)
        SELECT training_run_id, label_id, split, count(*), count(DISTINCT group_key)
          FROM training_run_tracks GROUP BY 1, 2, 3
    """,
    """
        INSERT INTO models (training_run_id, architecture, path, sha256, bytes, status, reason, promoted_at,
                            embedded_at)
        VALUES (1, :architecture, '1/labelscope.keras', repeat('1', 64), 1, 'champion', 'No other model was in use.',
                now(), now()),
               (1, 'baseline', '1/baseline.skops', repeat('2', 64), 1, 'baseline', NULL, NULL, NULL)
    """,
    """
        INSERT INTO metrics (model_id, split, level, name, label_id, value, ci_low, ci_high, count)
        SELECT m.id, 'holdout', 'track', figure, NULL, 0.8, 0.7, 0.9, :tracks / 5
          FROM models m, unnest(ARRAY['accuracy', 'balanced_accuracy', 'majority', 'ece',
                                      'balanced_accuracy_over_baseline']) figure
    """,
    """
        INSERT INTO metrics (model_id, split, level, name, label_id, value, ci_low, ci_high, count)
        SELECT m.id, split, 'track', figure, l.id, 0.8, 0.7, 0.9, :tracks / :labels / 5
          FROM models m, labels l, unnest(ARRAY['train', 'validation', 'holdout']) split,
               unnest(ARRAY['recall', 'precision']) figure
    """,
    # Eight of ten predictions are right, the others are one of the next two labels; one in twenty is unknown.
    f"""
        INSERT INTO predictions (track_id, model_id, label_id, nearest_id, confidence, split, trained_label_id, clips)
        SELECT guess.track_id, 1, CASE WHEN guess.track_id % 20 > 0 THEN guess.nearest_id END, guess.nearest_id,
               0.5 + random() / 2, coalesce(rt.split, 'new'), rt.label_id, 1
          FROM (SELECT track_id,
                       1 + ({label_of("track_id")} - 1 + (ARRAY[0, 0, 0, 0, 0, 0, 0, 0, 1, 2])[
                            1 + {dice("track_id", "10")}]) % :labels AS nearest_id
                  FROM clips WHERE status = 'ready') AS guess
          LEFT JOIN training_run_tracks rt ON rt.training_run_id = 1 AND rt.track_id = guess.track_id
    """,
    """
        INSERT INTO prediction_scores (prediction_id, label_id, probability)
        SELECT p.id, 1 + (p.nearest_id - 1 + step) % :labels, (ARRAY[0.6, 0.2, 0.1, 0.05, 0.05])[1 + step]
          FROM predictions p, generate_series(0, least(5, :labels) - 1) step
    """,
    """
        INSERT INTO confusions (model_id, split, level, true_label_id, predicted_label_id, count)
        SELECT 1, 'holdout', 'track', trained_label_id, nearest_id, count(*)
          FROM predictions WHERE split = 'holdout' GROUP BY trained_label_id, nearest_id
    """,
    """
        INSERT INTO holdout_predictions (model_id, true_label_id, nearest_id, tracks, unknown, confidence)
        SELECT 1, trained_label_id, nearest_id, count(*), count(*) FILTER (WHERE label_id IS NULL), sum(confidence)
          FROM predictions WHERE split = 'holdout' GROUP BY trained_label_id, nearest_id
    """,
    "INSERT INTO changed_tracks (track_id) SELECT id FROM tracks",
)


def fill(engine: Engine, tracks: int, labels: int) -> None:
    """Fill an empty, migrated database. The first labels are those of the synthetic crate.

    Triggers and foreign keys are off meanwhile; rows that triggers would write are written here.
    """
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
        _fill(connection, tracks, labels)


def vacuum(engine: Engine) -> None:
    """Vacuum and analyse all tables, as PostgreSQL does by itself some minutes later."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))


def _fill(connection: Connection, tracks: int, labels: int) -> None:
    # A killed fill has advanced the sequences of ids.
    connection.execute(
        text("TRUNCATE labels, artists, tracks, spectrogram_configs, changed_tracks RESTART IDENTITY CASCADE")
    )
    recipe = SpectrogramConfig()
    hyperparameters = choose("labelscope", 1, {})
    names = {
        "tracks": tracks,
        "labels": labels,
        "recipe": register_spectrogram_config(connection, recipe.fingerprint(), recipe.to_dict()),
        "version": FINGERPRINT_VERSION,
        "values": SKETCH_VALUES,
        "architecture": hyperparameters.architecture,
        "hyperparameters": json.dumps(asdict(hyperparameters)),
    }
    synthetic = [{"slug": slug, "name": label.name} for slug, label in LABELS.items()]
    made_up = [
        {"slug": f"made-up-{n}", "name": f"Made-up {n}"} for n in range(len(synthetic) + 1, labels + 1)
    ]
    connection.execute(text("INSERT INTO labels (slug, name) VALUES (:slug, :name)"), synthetic + made_up)
    # The index of sketches is built at the end, as when a dump is restored.
    connection.execute(text("DROP INDEX ix_fingerprints_sketch"))
    for statement in FILL:
        parameters = {name: value for name, value in names.items() if f":{name}" in statement}
        connection.execute(text(statement), parameters)
        connection.execute(text("ANALYZE tracks, clips, track_splits, training_run_tracks, predictions"))
    connection.execute(
        text("CREATE INDEX ix_fingerprints_sketch ON fingerprints USING gin (sketch) WITH (fastupdate = off)")
    )


NEWCOMERS = (
    """
        INSERT INTO tracks (provider, external_id, title, isrc)
        SELECT 'deezer', 'new ' || i, 'New ' || i, 'QX' || i FROM generate_series(1, 3 * :number) i
    """,
    """
        INSERT INTO playlist_tracks (playlist_id, track_id)
        SELECT 1 + id % 5, id FROM tracks WHERE external_id LIKE 'new %'
    """,
    """
        INSERT INTO clips (track_id, provider, uri, sha256, bytes, modified_ns, offset_s, duration_s,
                           status)
        SELECT id, 'deezer', 'store:audio/' || id, repeat('0', 64), 1, 1, 0, 30,
               CASE WHEN id % 3 = 1 THEN 'new' ELSE 'ready' END
          FROM tracks WHERE external_id LIKE 'new %' AND id % 3 > 0
    """,
    """
        INSERT INTO spectrograms (clip_id, config_id, path, sha256, bytes, frames)
        SELECT c.id, r.id, c.id || '.npy', repeat('0', 64), 1, 1292
          FROM clips c JOIN tracks t ON t.id = c.track_id AND t.external_id LIKE 'new %', spectrogram_configs r
         WHERE c.status = 'ready'
    """,
    """
        INSERT INTO fingerprints (clip_id, version, landmarks, sketch)
        SELECT c.id, :version, '',
               ARRAY(SELECT (random() * :values)::bigint * 29280000000000 FROM generate_series(1, 64) WHERE c.id > 0)
          FROM clips c JOIN tracks t ON t.id = c.track_id AND t.external_id LIKE 'new %' WHERE c.status = 'ready'
    """,
)


def add_newcomers(connection: Connection, number: int) -> list[int]:
    """Add `number` tracks without audio, as many to extract and as many to assign to a split; the ids of the last."""
    names = {"number": number, "version": FINGERPRINT_VERSION, "values": SKETCH_VALUES}
    for statement in NEWCOMERS:
        connection.execute(
            text(statement), {name: value for name, value in names.items() if f":{name}" in statement}
        )
    ready = "SELECT id FROM tracks WHERE external_id LIKE 'new %' AND id % 3 = 2 ORDER BY id"
    return list(connection.scalars(text(ready)))
