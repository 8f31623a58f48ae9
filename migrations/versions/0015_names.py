"""Tables, views, columns and stored words get the names of the field, one unit suffix for each quantity.

All rows stay. Views are dropped and made again, because a view cannot rename a column of its own by its query.
"""

import importlib
import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

Pairs = Sequence[tuple[str, str]]

TABLES = (
    ("former_places", "former_splits"),
    ("holdout_answers", "holdout_predictions"),
    ("playlist_standings", "playlist_track_states"),
    ("spectrogram_recipes", "spectrogram_configs"),
    ("track_standings", "track_state_members"),
    ("standings", "track_states"),
)
COLUMNS = {  # by the new name of the table
    "audio_features": (("tempo", "tempo_bpm"),),
    "clips": (("offset_seconds", "offset_s"), ("duration_seconds", "duration_s")),
    "evaluations": (("recipe_id", "config_id"),),
    "mix_segments": (("start_seconds", "start_s"), ("end_seconds", "end_s")),
    "mix_windows": (("start_seconds", "start_s"),),
    "mixes": (
        ("duration_seconds", "duration_s"),
        ("seconds", "analysis_s"),
        ("uniformity", "concentration"),
        ("unlike", "unknown_share"),
    ),
    "playlist_track_states": (("standing_id", "state_id"),),
    "spectrograms": (("recipe_id", "config_id"),),
    "track_state_members": (("standing_id", "state_id"),),
    "track_states": (("recipes", "config_ids"),),
    "tracks": (("duration_seconds", "duration_s"),),
    "training_runs": (("recipe_id", "config_id"), ("seconds", "fit_s")),
}
# Parts of the names of constraints, indexes and sequences, in this order, since some contain others.
PARTS = (
    *TABLES,
    ("standing_id", "state_id"),
    ("recipe_id", "config_id"),
    ("duration_seconds", "duration_s"),
    ("offset_seconds", "offset_s"),
    ("start_seconds", "start_s"),
    ("end_seconds", "end_s"),
    ("uniformity", "concentration"),
    ("unlike", "unknown_share"),
    ("ck_mixes_figures", "ck_mixes_metrics"),
    ("ix_track_splits_aside", "ix_track_splits_excluded"),
)
SPLITS = {  # table, and the words that its column `split` may hold besides this one
    "former_splits": ("train", "validation", "holdout"),
    "predictions": ("train", "validation", "holdout", "new"),
    "track_splits": ("train", "validation", "holdout"),
}
STATUSES = ("candidate", "champion", "retired", "rejected")

COUNT_PREDICTIONS = """
    BEGIN
        INSERT INTO {table} (model_id, true_label_id, nearest_id, tracks, unknown, confidence)
        SELECT p.model_id, p.trained_label_id, p.nearest_id, sign * count(*),
               sign * count(*) FILTER (WHERE p.label_id IS NULL), sign * sum(p.confidence)
          FROM changed p
          JOIN models m ON m.id = p.model_id
         CROSS JOIN (SELECT CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END AS sign) AS way
         WHERE p.split = 'holdout' AND p.trained_label_id IS NOT NULL
         GROUP BY p.model_id, p.trained_label_id, p.nearest_id, sign;
        RETURN NULL;
    END
"""

FACTS = (
    "provider, label_id, ambiguous, origins, clips, clips_ready, clips_new, to_extract, config_ids, "
    "fingerprint_version, audio, without_audio, asked, ask_again, library_version, measured, features_asked, "
    "split, trained_in, scored_by"
)
SUMS = "features, tempo_count, tempo_sum, loudness_count, loudness_sum, onset_count, onset_sum"
NEGATED = ", ".join(f"-ts.{name}" for name in SUMS.split(", "))

# A view comes after those that it reads.
VIEWS = {
    "track_facts": """
        SELECT t.id AS track_id, md5(fact::text)::uuid AS state_id, fact.*, member.playlists,
               CASE WHEN clip.clips = 0 THEN lookup.asked_at END AS asked_at, lookup.features_asked_at,
               sound.features, sound.tempo_count, sound.tempo_sum, sound.loudness_count, sound.loudness_sum,
               sound.onset_count, sound.onset_sum
          FROM tracks t
         CROSS JOIN LATERAL (
               SELECT coalesce(array_agg(p.id ORDER BY p.id), '{}') AS playlists,
                      coalesce(array_agg(DISTINCT p.provider), '{}') AS origins
                 FROM playlist_tracks pt JOIN playlists p ON p.id = pt.playlist_id
                WHERE pt.track_id = t.id AND pt.removed_at IS NULL) AS member
         CROSS JOIN LATERAL (
               SELECT count(DISTINCT p.label_id) AS labels, min(p.label_id) AS label_id
                 FROM playlist_tracks pt JOIN playlists p ON p.id = pt.playlist_id
                WHERE pt.track_id = ANY (t.id || ARRAY(SELECT o.id FROM tracks o WHERE o.isrc = t.isrc))
                  AND pt.removed_at IS NULL) AS recording
         CROSS JOIN LATERAL (
               SELECT count(*) AS clips,
                      count(*) FILTER (WHERE c.status = 'ready') AS ready,
                      count(*) FILTER (WHERE c.status = 'new') AS new,
                      count(*) FILTER (WHERE c.status IN ('ready', 'too_short')) AS extracted,
                      coalesce(bool_or(c.status = 'new' OR c.reason IN ('missing', 'unreadable', 'decoder_crashed')),
                               false) AS to_extract,
                      min(coalesce(c.reason, c.status)) FILTER (WHERE c.status IN ('rejected', 'too_short')) AS reason,
                      CASE WHEN count(*) FILTER (WHERE c.status = 'ready' AND f.version IS NULL) = 0
                            AND min(f.version) FILTER (WHERE c.status = 'ready')
                              = max(f.version) FILTER (WHERE c.status = 'ready')
                           THEN min(f.version) FILTER (WHERE c.status = 'ready') END AS fingerprint_version
                 FROM clips c LEFT JOIN fingerprints f ON f.clip_id = c.id
                WHERE c.track_id = t.id) AS clip
         CROSS JOIN LATERAL (
               SELECT coalesce(array_agg(l.source ORDER BY l.source) FILTER (WHERE l.kind = 'audio'), '{}') AS asked,
                      coalesce(bool_or(l.again AND (l.tries < 5 OR l.reason IN ('unreachable', 'no_folder')))
                               FILTER (WHERE l.kind = 'audio'), false) AS ask_again,
                      min(l.version) FILTER (WHERE l.kind = 'audio' AND l.source = 'library') AS library_version,
                      min(l.checked_at) FILTER (WHERE l.kind = 'audio') AS asked_at,
                      coalesce(array_agg(l.source ORDER BY l.source) FILTER (WHERE l.kind = 'features'), '{}')
                          AS features_asked,
                      min(l.checked_at) FILTER (WHERE l.kind = 'features') AS features_asked_at
                 FROM lookups l WHERE l.track_id = t.id) AS lookup
         CROSS JOIN LATERAL (
               SELECT count(*) AS features,
                      coalesce(array_agg(f.origin ORDER BY f.origin) FILTER (WHERE f.clip_id IS NULL), '{}')
                          AS measured,
                      count(f.tempo_bpm) AS tempo_count, coalesce(sum(f.tempo_bpm), 0) AS tempo_sum,
                      count(f.loudness_lufs) AS loudness_count, coalesce(sum(f.loudness_lufs), 0) AS loudness_sum,
                      count(f.onset_rate) AS onset_count, coalesce(sum(f.onset_rate), 0) AS onset_sum
                 FROM audio_features f WHERE f.track_id = t.id) AS sound
         CROSS JOIN LATERAL (
               SELECT t.provider,
                      CASE WHEN recording.labels = 1 AND member.playlists <> '{}'
                           THEN recording.label_id END AS label_id,
                      recording.labels > 1 AND member.playlists <> '{}' AS ambiguous,
                      member.origins,
                      clip.clips, clip.ready AS clips_ready, clip.new AS clips_new, clip.to_extract,
                      CASE WHEN clip.extracted > 0 THEN ARRAY(
                           SELECT s.config_id FROM clips c JOIN spectrograms s ON s.clip_id = c.id
                            WHERE c.track_id = t.id AND c.status IN ('ready', 'too_short')
                            GROUP BY s.config_id HAVING count(*) = clip.extracted
                            ORDER BY s.config_id) END AS config_ids,
                      clip.fingerprint_version,
                      ARRAY(SELECT c.provider || ' ' || s.config_id
                              FROM clips c JOIN spectrograms s ON s.clip_id = c.id
                             WHERE c.track_id = t.id AND c.status = 'ready' ORDER BY 1) AS audio,
                      CASE WHEN clip.ready + clip.new = 0 AND member.playlists <> '{}' THEN coalesce(
                           clip.reason,
                           (SELECT l.source || ': ' || l.reason FROM lookups l
                             WHERE l.track_id = t.id AND l.kind = 'audio' AND clip.clips = 0
                             ORDER BY l.checked_at DESC, l.source LIMIT 1),
                           'not looked for yet') END AS without_audio,
                      CASE WHEN clip.clips = 0 THEN lookup.asked ELSE '{}' END AS asked,
                      clip.clips = 0 AND lookup.ask_again AS ask_again,
                      CASE WHEN clip.clips = 0 THEN lookup.library_version END AS library_version,
                      sound.measured,
                      lookup.features_asked,
                      (SELECT ts.split FROM track_splits ts WHERE ts.track_id = t.id) AS split,
                      (SELECT max(r.id) FROM training_run_tracks rt
                         JOIN training_runs r ON r.id = rt.training_run_id AND r.status = 'completed'
                        WHERE rt.track_id = t.id) AS trained_in,
                      (SELECT m.id FROM predictions p JOIN models m ON m.id = p.model_id
                        WHERE p.track_id = t.id
                        ORDER BY m.status = 'champion' DESC, m.id DESC LIMIT 1) AS scored_by) AS fact
    """,
    "track_states_now": f"""
        WITH changed AS (SELECT DISTINCT track_id FROM changed_tracks)
        SELECT {FACTS}, tracks, {SUMS} FROM track_states
         UNION ALL
        SELECT {", ".join(f"s.{name}" for name in FACTS.split(", "))}, -1, {NEGATED}
          FROM changed
          JOIN track_state_members ts ON ts.track_id = changed.track_id
          JOIN track_states s ON s.id = ts.state_id
         UNION ALL
        SELECT {FACTS}, 1, {SUMS} FROM changed JOIN track_facts f ON f.track_id = changed.track_id
    """,
    "playlist_track_states_now": """
        WITH changed AS (SELECT DISTINCT track_id FROM changed_tracks)
        SELECT ps.playlist_id, s.clips_ready, s.ambiguous, s.without_audio, ps.tracks
          FROM playlist_track_states ps JOIN track_states s ON s.id = ps.state_id
         UNION ALL
        SELECT unnest(ts.playlists), s.clips_ready, s.ambiguous, s.without_audio, -1
          FROM changed
          JOIN track_state_members ts ON ts.track_id = changed.track_id
          JOIN track_states s ON s.id = ts.state_id
         UNION ALL
        SELECT unnest(f.playlists), f.clips_ready, f.ambiguous, f.without_audio, 1
          FROM changed JOIN track_facts f ON f.track_id = changed.track_id
    """,
    "track_labels": """
        SELECT ts.track_id, s.label_id, s.ambiguous, s.origins
          FROM track_state_members ts JOIN track_states s ON s.id = ts.state_id
         WHERE s.origins <> '{}'
           AND NOT EXISTS (SELECT FROM changed_tracks changed WHERE changed.track_id = ts.track_id)
         UNION ALL
        SELECT f.track_id, f.label_id, f.ambiguous, f.origins
          FROM (SELECT DISTINCT track_id FROM changed_tracks) AS changed
          JOIN track_facts f ON f.track_id = changed.track_id
         WHERE f.origins <> '{}'
    """,
    "playlist_coverage": """
        WITH counted AS (
            SELECT playlist_id, sum(tracks)::bigint AS tracks,
                   (sum(tracks) FILTER (WHERE without_audio IS NULL))::bigint AS with_audio,
                   (sum(tracks) FILTER (WHERE clips_ready > 0))::bigint AS ready,
                   (sum(tracks) FILTER (WHERE ambiguous))::bigint AS ambiguous
              FROM playlist_track_states_now GROUP BY playlist_id
        ), reasons AS (
            SELECT playlist_id, string_agg(reason || ' ' || n, ', ' ORDER BY n DESC, reason) AS without_audio
              FROM (SELECT playlist_id, without_audio AS reason, sum(tracks) AS n FROM playlist_track_states_now
                     WHERE without_audio IS NOT NULL GROUP BY playlist_id, without_audio) AS by_reason
             WHERE n > 0
             GROUP BY playlist_id
        ), refused AS (
            SELECT playlist_id, sum(n)::bigint AS records,
                   string_agg(reason || ' ' || n, ', ' ORDER BY n DESC, reason) AS reasons
              FROM (SELECT playlist_id, reason, count(*) AS n FROM rejected_records
                     WHERE resolved_at IS NULL GROUP BY playlist_id, reason) AS by_reason
             GROUP BY playlist_id
        )
        SELECT l.name AS label, p.provider, p.name AS playlist,
               coalesce(c.tracks, 0) + coalesce(f.records, 0) AS entries,
               coalesce(c.tracks, 0) AS tracks,
               coalesce(c.with_audio, 0) AS with_audio,
               coalesce(c.ready, 0) AS ready,
               r.without_audio,
               coalesce(c.ambiguous, 0) AS ambiguous,
               f.reasons AS left_out,
               p.status, p.status_reason, p.last_seen_at
          FROM playlists p
          JOIN labels l ON l.id = p.label_id
          LEFT JOIN counted c ON c.playlist_id = p.id
          LEFT JOIN reasons r ON r.playlist_id = p.id
          LEFT JOIN refused f ON f.playlist_id = p.id
         ORDER BY l.id, p.id
    """,
    "model_data": """
        SELECT r.id AS training_run_id, m.id AS model_id, m.status AS model_status, m.architecture,
               l.name AS label, rl.split, rl.tracks, rl.groups,
               r.origins, r.dataset_fingerprint, r.started_at
          FROM training_runs r
          LEFT JOIN models m ON m.training_run_id = r.id AND m.status <> 'baseline'
          JOIN training_run_labels rl ON rl.training_run_id = r.id
          JOIN labels l ON l.id = rl.label_id
         ORDER BY r.id DESC, l.id, array_position(ARRAY['train', 'validation', 'holdout'], rl.split)
    """,
    "label_accuracy": """
        WITH cells AS (
            SELECT c.model_id, c.true_label_id, c.predicted_label_id, c.count
              FROM confusions c JOIN models m ON m.id = c.model_id AND m.status = 'champion'
             WHERE c.split = 'holdout' AND c.level = 'track'
        ), trained AS (
            SELECT m.id AS model_id, rl.label_id, sum(rl.tracks)::bigint AS tracks
              FROM training_run_labels rl
              JOIN models m ON m.training_run_id = rl.training_run_id AND m.status = 'champion'
             GROUP BY m.id, rl.label_id
        ), held_out AS (
            SELECT true_label_id, sum(count) AS tracks,
                   sum(count) FILTER (WHERE true_label_id = predicted_label_id) AS right_ones
              FROM cells GROUP BY true_label_id
        ), mistaken AS (
            SELECT DISTINCT ON (true_label_id) true_label_id, predicted_label_id, count
              FROM cells WHERE true_label_id <> predicted_label_id
             ORDER BY true_label_id, count DESC, predicted_label_id
        )
        SELECT l.name AS label, trained.tracks, coalesce(held_out.tracks, 0)::bigint AS holdout_tracks,
               round(coalesce(held_out.right_ones, 0) / held_out.tracks, 3)::float8 AS accuracy,
               other.name AS most_often_taken_for,
               round(mistaken.count / held_out.tracks, 3)::float8 AS taken_for_share,
               recall.ci_low, recall.ci_high, exact.value AS precision
          FROM trained
          JOIN labels l ON l.id = trained.label_id
          LEFT JOIN held_out ON held_out.true_label_id = l.id
          LEFT JOIN mistaken ON mistaken.true_label_id = l.id
          LEFT JOIN labels other ON other.id = mistaken.predicted_label_id
          LEFT JOIN metrics recall
                 ON (recall.model_id, recall.label_id) = (trained.model_id, l.id) AND recall.name = 'recall'
                AND recall.split = 'holdout' AND recall.level = 'track'
          LEFT JOIN metrics exact
                 ON (exact.model_id, exact.label_id) = (trained.model_id, l.id) AND exact.name = 'precision'
                AND exact.split = 'holdout' AND exact.level = 'track'
         ORDER BY l.id
    """,
    "mistakes": """
        WITH cells AS (
            SELECT c.model_id, c.true_label_id, c.predicted_label_id, c.count,
                   c.count / sum(c.count) OVER (PARTITION BY c.true_label_id) AS share
              FROM confusions c JOIN models m ON m.id = c.model_id AND m.status = 'champion'
             WHERE c.split = 'holdout' AND c.level = 'track'
        ), predicted AS (
            SELECT a.true_label_id, a.nearest_id, sum(a.confidence) / sum(a.tracks)::float8 AS confidence,
                   sum(a.unknown)::bigint AS unknown
              FROM holdout_predictions a JOIN models m ON m.id = a.model_id AND m.status = 'champion'
             GROUP BY a.true_label_id, a.nearest_id HAVING sum(a.tracks) > 0
        )
        SELECT truth.name AS true_label, guess.name AS taken_for, c.count AS tracks,
               round(c.share, 3)::float8 AS share, predicted.confidence AS mean_confidence,
               coalesce(predicted.unknown, 0) AS called_unknown
          FROM cells c
          JOIN labels truth ON truth.id = c.true_label_id
          JOIN labels guess ON guess.id = c.predicted_label_id
          LEFT JOIN predicted
                 ON (predicted.true_label_id, predicted.nearest_id) = (c.true_label_id, c.predicted_label_id)
         WHERE c.true_label_id <> c.predicted_label_id
         ORDER BY c.count DESC, c.share DESC, truth.id, guess.id
    """,
    "label_sound": """
        SELECT l.name AS label, sum(s.features)::bigint AS clips,
               sum(s.tempo_sum) / nullif(sum(s.tempo_count), 0)::float8 AS tempo_bpm,
               sum(s.loudness_sum) / nullif(sum(s.loudness_count), 0)::float8 AS loudness_lufs,
               sum(s.onset_sum) / nullif(sum(s.onset_count), 0)::float8 AS onset_rate
          FROM track_states_now s
          JOIN models m ON m.id = s.scored_by AND m.status = 'champion'
          LEFT JOIN labels l ON l.id = s.label_id
         GROUP BY l.name HAVING sum(s.features) > 0
         ORDER BY l.name
    """,
    "mix_timeline": """
        SELECT m.id AS mix_id, m.title, s.number,
               to_char(make_interval(secs => floor(s.start_s)::float8), 'FMHH24:MI:SS') AS starts,
               to_char(make_interval(secs => floor(s.end_s)::float8), 'FMHH24:MI:SS') AS ends,
               coalesce(l.name, 'unknown') AS label, s.confidence, s.tempo_bpm,
               s.start_s, s.end_s, m.model_id
          FROM mix_segments s
          JOIN mixes m ON m.id = s.mix_id
          LEFT JOIN labels l ON l.id = s.label_id
         ORDER BY m.id DESC, s.number
    """,
    "mix_shares": """
        SELECT m.id AS mix_id, m.title, coalesce(l.name, 'unknown') AS label,
               sum(s.end_s - s.start_s) AS duration_s,
               (sum(s.end_s - s.start_s) / m.duration_s)::float8 AS share, m.model_id
          FROM mix_segments s
          JOIN mixes m ON m.id = s.mix_id
          LEFT JOIN labels l ON l.id = s.label_id
         GROUP BY m.id, l.id
         ORDER BY m.id DESC, share DESC, l.id
    """,
    "holdout_metrics": """
        SELECT model_id,
               max(value) FILTER (WHERE name = 'accuracy') AS track_accuracy,
               max(value) FILTER (WHERE name = 'majority') AS majority,
               max(value) FILTER (WHERE name = 'balanced_accuracy') AS balanced_accuracy,
               max(ci_low) FILTER (WHERE name = 'balanced_accuracy') AS ci_low,
               max(ci_high) FILTER (WHERE name = 'balanced_accuracy') AS ci_high,
               max(value) FILTER (WHERE name = 'ece') AS ece,
               max(value) FILTER (WHERE name = 'known_share') AS known_share,
               max(value) FILTER (WHERE name = 'balanced_accuracy_over_baseline') AS over_baseline,
               max(ci_low) FILTER (WHERE name = 'balanced_accuracy_over_baseline') AS over_baseline_low,
               max(ci_high) FILTER (WHERE name = 'balanced_accuracy_over_baseline') AS over_baseline_high,
               max(value) FILTER (WHERE name = 'balanced_accuracy_over_champion') AS over_champion,
               max(ci_low) FILTER (WHERE name = 'balanced_accuracy_over_champion') AS over_champion_low,
               max(ci_high) FILTER (WHERE name = 'balanced_accuracy_over_champion') AS over_champion_high
          FROM metrics
         WHERE split = 'holdout' AND level = 'track' AND label_id IS NULL
         GROUP BY model_id
    """,
    "champion": """
        SELECT m.id AS model_id, m.training_run_id, m.architecture, m.path, m.sha256, t.config_id, t.labels,
               t.dataset_fingerprint, m.promoted_at, m.reason, f.track_accuracy, f.majority,
               f.balanced_accuracy, f.ci_low, f.ci_high, f.ece,
               (SELECT max(b.balanced_accuracy) FROM models y JOIN holdout_metrics b ON b.model_id = y.id
                 WHERE y.training_run_id = m.training_run_id AND y.status = 'baseline') AS baseline_accuracy,
               m.calibration
          FROM models m
          JOIN training_runs t ON t.id = m.training_run_id
          LEFT JOIN holdout_metrics f ON f.model_id = m.id
         WHERE m.status = 'champion'
    """,
    "model_list": """
        SELECT m.id, m.status, m.architecture, m.created_at, m.promoted_at, t.tracks,
               f.balanced_accuracy, f.ci_low, f.ci_high, f.ece, f.over_baseline, m.reason,
               m.training_run_id, t.why
          FROM models m
          JOIN training_runs t ON t.id = m.training_run_id
          LEFT JOIN holdout_metrics f ON f.model_id = m.id
         WHERE m.status <> 'baseline'
         ORDER BY m.id DESC
    """,
    "training_history": """
        SELECT t.id AS training_run_id, t.started_at, t.why, t.status, t.architecture, t.tracks,
               jsonb_array_length(t.history) AS epochs, t.fit_s, f.track_accuracy, f.balanced_accuracy,
               m.id AS model_id, m.status AS model_status, coalesce(m.reason, t.error) AS reason,
               f.ci_low, f.ci_high,
               (SELECT max(b.balanced_accuracy) FROM models y JOIN holdout_metrics b ON b.model_id = y.id
                 WHERE y.training_run_id = t.id AND y.status = 'baseline') AS baseline_accuracy,
               t.on_demand
          FROM training_runs t
          LEFT JOIN models m ON m.training_run_id = t.id AND m.status <> 'baseline'
          LEFT JOIN holdout_metrics f ON f.model_id = m.id
         ORDER BY t.id DESC
    """,
    "label_history": """
        WITH recalls AS (
            SELECT model_id, label_id, sum(count)::bigint AS tracks,
                   max(count) FILTER (WHERE split = 'holdout') AS holdout_tracks,
                   max(value) FILTER (WHERE split = 'holdout') AS accuracy,
                   max(ci_low) FILTER (WHERE split = 'holdout') AS ci_low,
                   max(ci_high) FILTER (WHERE split = 'holdout') AS ci_high
              FROM metrics
             WHERE level = 'track' AND name = 'recall' AND label_id IS NOT NULL
             GROUP BY model_id, label_id
        )
        SELECT l.name AS label, t.id AS training_run_id, t.started_at, f.tracks, f.holdout_tracks,
               f.accuracy, f.ci_low, f.ci_high,
               f.accuracy - lag(f.accuracy) OVER (PARTITION BY l.id ORDER BY t.id) AS change,
               m.id AS model_id, m.architecture, m.status
          FROM recalls f
          JOIN models m ON m.id = f.model_id AND m.status <> 'baseline'
          JOIN training_runs t ON t.id = m.training_run_id
          JOIN labels l ON l.id = f.label_id
         ORDER BY l.id, t.id DESC
    """,
    "track_predictions": """
        SELECT t.id AS track_id, t.title,
               (SELECT string_agg(a.name, ', ' ORDER BY ta.position)
                  FROM track_artists ta JOIN artists a ON a.id = ta.artist_id
                 WHERE ta.track_id = t.id) AS artists,
               t.album, truth.name AS label, coalesce(guess.name, 'unknown') AS predicted, p.confidence,
               p.label_id = tl.label_id AS correct, p.split, p.model_id,
               coalesce(guess.name,
                        (SELECT l.name FROM prediction_scores s JOIN labels l ON l.id = s.label_id
                          WHERE s.prediction_id = p.id ORDER BY s.probability DESC, l.id LIMIT 1)) AS nearest
          FROM predictions p
          JOIN models m ON m.id = p.model_id AND m.status = 'champion'
          JOIN tracks t ON t.id = p.track_id
          LEFT JOIN labels guess ON guess.id = p.label_id
          LEFT JOIN track_labels tl ON tl.track_id = t.id
          LEFT JOIN labels truth ON truth.id = tl.label_id
    """,
    "evaluation_table": """
        SELECT e.id AS evaluation_id, v.protocol, v.architecture, v.level, v.name,
               v.value, v.ci_low, v.ci_high, v.count
          FROM evaluation_metrics v
          JOIN evaluations e ON e.id = v.evaluation_id
         WHERE v.label_id IS NULL
           AND e.id = (SELECT max(id) FROM evaluations WHERE status = 'completed')
         ORDER BY array_position(ARRAY['grouped', 'seed_protocol', 'leave_one_label_out'], v.protocol),
                  v.architecture, array_position(ARRAY['track', 'clip', 'crop'], v.level), v.name
    """,
    "audio_not_found": """
        SELECT DISTINCT ON (l.track_id) l.track_id, l.source, l.reason, l.detail, l.again, l.checked_at
          FROM lookups l
         WHERE l.kind = 'audio'
           AND NOT EXISTS (SELECT FROM clips c WHERE c.track_id = l.track_id)
           AND EXISTS (SELECT FROM playlist_tracks pt
                        WHERE pt.track_id = l.track_id AND pt.removed_at IS NULL)
         ORDER BY l.track_id, l.checked_at DESC, l.source
    """,
    "best_audio_features": """
        SELECT DISTINCT ON (f.track_id)
               f.track_id, f.origin, f.clip_id, f.extractor_version,
               coalesce(f.licence, c.licence) AS licence,
               f.tempo_bpm, f.key, f.mode, f.loudness_lufs, f.loudness_db, f.onset_rate,
               f.danceability, f.energy, f.speechiness, f.acousticness, f.instrumentalness, f.liveness,
               f.valence, f.time_signature, f.spectral_centroid_hz, f.created_at
          FROM audio_features f
          LEFT JOIN clips c ON c.id = f.clip_id
         ORDER BY f.track_id, array_position(ARRAY['spotify', 'reccobeats'], f.origin) NULLS LAST,
                  c.offset_s, f.id DESC
    """,
    "confusion_matrix": """
        SELECT truth.name AS true_label, guess.name AS predicted_label, c.count,
               c.count / sum(c.count) OVER (PARTITION BY c.true_label_id) AS share
          FROM confusions c
          JOIN models m ON m.id = c.model_id AND m.status = 'champion'
          JOIN labels truth ON truth.id = c.true_label_id
          JOIN labels guess ON guess.id = c.predicted_label_id
         WHERE c.split = 'holdout' AND c.level = 'track'
         ORDER BY truth.id, guess.id
    """,
}


def upgrade() -> None:
    op.execute(f"DROP VIEW {', '.join(_earlier('VIEWS'))}")
    for old, new in TABLES:
        op.execute(f"ALTER TABLE {old} RENAME TO {new}")
    for table, columns in COLUMNS.items():
        for old, new in columns:
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    _rename_parts(PARTS)
    _replace_words("aside", "excluded", "yardstick", "baseline")
    _rename_function("enter_answers", "count_holdout_predictions", "holdout_predictions")
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def downgrade() -> None:
    op.execute(f"DROP VIEW {', '.join(VIEWS)}")
    _replace_words("excluded", "aside", "baseline", "yardstick")
    _rename_function("count_holdout_predictions", "enter_answers", "holdout_answers")
    for table, columns in COLUMNS.items():
        for old, new in columns:
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")
    for old, new in TABLES:
        op.execute(f"ALTER TABLE {new} RENAME TO {old}")
    _rename_parts([(new, old) for old, new in PARTS])
    comments = _earlier("COMMENTS")
    for name, query in _earlier("VIEWS").items():
        op.execute(f"CREATE VIEW {name} AS {query}")
        op.execute(f"COMMENT ON VIEW {name} IS '{comments[name]}'")


def _earlier(what: str) -> dict[str, str]:
    """The views as migration 0014 leaves them, or their comments; a view comes after those that it reads."""
    latest: dict[str, str] = {}
    for module in ("0009_standings", "0011_mixes", "0006_views", "0004_views", "0002_views"):
        latest = latest | {
            name: value
            for name, value in getattr(importlib.import_module(f"migrations.versions.{module}"), what).items()
            if name not in latest
        }
    return latest


def _rename_parts(parts: Pairs) -> None:
    """Rename constraints, and the indexes and sequences that no constraint owns, where a name has an old part."""
    connection = op.get_bind()
    constraints = connection.execute(
        sa.text("""
            SELECT conrelid::regclass::text AS owner, conname AS name FROM pg_constraint
             WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
        """)
    ).all()
    for owner, old in constraints:
        if (new := _replaced(old, parts)) != old:
            op.execute(f"ALTER TABLE {owner} RENAME CONSTRAINT {old} TO {new}")
    relations = connection.execute(
        sa.text("""
            SELECT CASE relkind WHEN 'i' THEN 'INDEX' ELSE 'SEQUENCE' END AS kind, relname AS name FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('i', 'S')
        """)
    ).all()
    for kind, old in relations:
        if (new := _replaced(old, parts)) != old:
            op.execute(f"ALTER {kind} {old} RENAME TO {new}")


def _replaced(name: str, parts: Pairs) -> str:
    for old, new in parts:
        name = re.sub(f"(?<![a-z]){old}(?![a-z])", new, name)
    return name


def _replace_words(split: str, new_split: str, status: str, new_status: str) -> None:
    """Replace a word of the columns `split` and one of `models.status`, in rows and in what is allowed."""
    for table, others in SPLITS.items():
        _replace_word(table, "split", split, new_split, others)
    _replace_word("models", "status", status, new_status, STATUSES)
    # Triggers have noted the tracks of these rows: the next refresh moves them to a state with the new word.
    op.execute(f"UPDATE track_states SET split = '{new_split}' WHERE split = '{split}'")
    op.execute("DROP INDEX ix_track_splits_excluded")
    op.execute(
        f"CREATE INDEX ix_track_splits_excluded ON track_splits (track_id) WHERE split = '{new_split}'"
    )


def _replace_word(table: str, column: str, old: str, new: str, others: Sequence[str]) -> None:
    check = f"ck_{table}_{column}"
    allowed = ", ".join(f"'{word}'" for word in (*others, new))
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {check}")
    op.execute(f"UPDATE {table} SET {column} = '{new}' WHERE {column} = '{old}'")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IN ({allowed}))")


def _rename_function(old: str, new: str, table: str) -> None:
    """Rename the trigger function that counts predictions of held-out tracks; from now on it fills `table`."""
    for event in ("insert", "delete"):
        op.execute(f"ALTER TRIGGER {old}_{event} ON predictions RENAME TO {new}_{event}")
    op.execute(f"ALTER FUNCTION {old}() RENAME TO {new}")
    body = COUNT_PREDICTIONS.format(table=table)
    op.execute(f"CREATE OR REPLACE FUNCTION {new}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
