"""Track states up to date: triggers that record changed tracks, and views that include them at once.

Triggers record which tracks a statement has changed. They only insert, so that two writers never wait for each other.
The view `track_facts` computes the state of a track from the other tables; `db/write/track_state.py` counts states
later, and the views ending in `_now` correct these counts by the changes since.
"""

import importlib

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Each runs once a statement; `changed` holds the inserted, updated or deleted rows, `was` those before an update.
FUNCTIONS = {
    "note_tracks": """
        INSERT INTO changed_tracks (track_id) SELECT DISTINCT track_id FROM changed;
    """,
    "note_tracks_of_clips": """
        INSERT INTO changed_tracks (track_id)
        SELECT DISTINCT c.track_id FROM changed JOIN clips c ON c.id = changed.clip_id;
    """,
    "note_members": """
        INSERT INTO changed_tracks (track_id)
        SELECT track_id FROM changed
         UNION
        SELECT o.id FROM changed JOIN tracks t ON t.id = changed.track_id JOIN tracks o ON o.isrc = t.isrc;
    """,
    "note_new_tracks": """
        INSERT INTO changed_tracks (track_id) SELECT id FROM changed;
    """,
    "note_gone_tracks": """
        INSERT INTO changed_tracks (track_id)
        SELECT id FROM changed
         UNION
        SELECT o.id FROM changed JOIN tracks o ON o.isrc = changed.isrc;
    """,
    "note_other_recordings": """
        INSERT INTO changed_tracks (track_id)
        SELECT unnest(changed.id || ARRAY(SELECT o.id FROM tracks o WHERE o.isrc IN (was.isrc, changed.isrc)))
          FROM changed JOIN was ON was.id = changed.id
         WHERE (changed.isrc, changed.provider) IS DISTINCT FROM (was.isrc, was.provider);
    """,
    "note_tracks_of_playlists": """
        INSERT INTO changed_tracks (track_id)
        SELECT unnest(pt.track_id || ARRAY(SELECT o.id FROM tracks o WHERE o.isrc = t.isrc))
          FROM changed JOIN was ON was.id = changed.id AND was.label_id <> changed.label_id
          JOIN playlist_tracks pt ON pt.playlist_id = changed.id
          JOIN tracks t ON t.id = pt.track_id;
    """,
    "note_tracks_of_trainings": """
        INSERT INTO changed_tracks (track_id)
        SELECT rt.track_id
          FROM changed JOIN was ON was.id = changed.id AND was.status <> changed.status
          JOIN training_run_tracks rt ON rt.training_run_id = changed.id
         WHERE 'completed' IN (was.status, changed.status);
    """,
    "note_tracks_of_models": """
        INSERT INTO changed_tracks (track_id)
        SELECT p.track_id
          FROM changed JOIN was ON was.id = changed.id AND was.status <> changed.status
          JOIN predictions p ON p.model_id = changed.id
         WHERE changed.status = 'champion';
    """,
    "enter_answers": """
        INSERT INTO holdout_answers (model_id, true_label_id, nearest_id, tracks, unknown, confidence)
        SELECT p.model_id, p.trained_label_id, p.nearest_id, sign * count(*),
               sign * count(*) FILTER (WHERE p.label_id IS NULL), sign * sum(p.confidence)
          FROM changed p
          JOIN models m ON m.id = p.model_id
         CROSS JOIN (SELECT CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END AS sign) AS way
         WHERE p.split = 'holdout' AND p.trained_label_id IS NOT NULL
         GROUP BY p.model_id, p.trained_label_id, p.nearest_id, sign;
    """,
}

ALL = ("INSERT", "UPDATE", "DELETE")
TRIGGERS = (  # function, table, upon what
    *(
        ("note_tracks", table, ALL)
        for table in (
            "audio_features",
            "clips",
            "lookups",
            "predictions",
            "track_splits",
            "training_run_tracks",
        )
    ),
    ("note_tracks_of_clips", "fingerprints", ALL),
    ("note_tracks_of_clips", "spectrograms", ALL),
    ("note_members", "playlist_tracks", ALL),
    ("note_new_tracks", "tracks", ("INSERT",)),
    ("note_other_recordings", "tracks", ("UPDATE",)),
    ("note_gone_tracks", "tracks", ("DELETE",)),
    ("note_tracks_of_playlists", "playlists", ("UPDATE",)),
    ("note_tracks_of_trainings", "training_runs", ("UPDATE",)),
    ("note_tracks_of_models", "models", ("UPDATE",)),
    ("enter_answers", "predictions", ("INSERT", "DELETE")),
)
ROWS = {
    "INSERT": "NEW TABLE AS changed",
    "UPDATE": "OLD TABLE AS was NEW TABLE AS changed",
    "DELETE": "OLD TABLE AS changed",
}

FACTS = (
    "provider, label_id, ambiguous, origins, clips, clips_ready, clips_new, to_extract, recipes, "
    "fingerprint_version, audio, without_audio, asked, ask_again, library_version, measured, features_asked, "
    "split, trained_in, scored_by"
)
SUMS = "features, tempo_count, tempo_sum, loudness_count, loudness_sum, onset_count, onset_sum"
LESS = ", ".join(f"-ts.{name}" for name in SUMS.split(", "))

# In the order of their making; views that rest on another come after it.
VIEWS = {
    "track_facts": """
        SELECT t.id AS track_id, md5(fact::text)::uuid AS standing_id, fact.*, member.playlists,
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
                      count(*) FILTER (WHERE c.status IN ('ready', 'too_short')) AS heard,
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
                      count(f.tempo) AS tempo_count, coalesce(sum(f.tempo), 0) AS tempo_sum,
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
                      CASE WHEN clip.heard > 0 THEN ARRAY(
                           SELECT s.recipe_id FROM clips c JOIN spectrograms s ON s.clip_id = c.id
                            WHERE c.track_id = t.id AND c.status IN ('ready', 'too_short')
                            GROUP BY s.recipe_id HAVING count(*) = clip.heard ORDER BY s.recipe_id) END AS recipes,
                      clip.fingerprint_version,
                      ARRAY(SELECT c.provider || ' ' || s.recipe_id
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
    "standings_now": f"""
        WITH changed AS (SELECT DISTINCT track_id FROM changed_tracks)
        SELECT {FACTS}, tracks, {SUMS} FROM standings
         UNION ALL
        SELECT {", ".join(f"s.{name}" for name in FACTS.split(", "))}, -1, {LESS}
          FROM changed
          JOIN track_standings ts ON ts.track_id = changed.track_id
          JOIN standings s ON s.id = ts.standing_id
         UNION ALL
        SELECT {FACTS}, 1, {SUMS} FROM changed JOIN track_facts f ON f.track_id = changed.track_id
    """,
    "playlist_standings_now": """
        WITH changed AS (SELECT DISTINCT track_id FROM changed_tracks)
        SELECT ps.playlist_id, s.clips_ready, s.ambiguous, s.without_audio, ps.tracks
          FROM playlist_standings ps JOIN standings s ON s.id = ps.standing_id
         UNION ALL
        SELECT unnest(ts.playlists), s.clips_ready, s.ambiguous, s.without_audio, -1
          FROM changed
          JOIN track_standings ts ON ts.track_id = changed.track_id
          JOIN standings s ON s.id = ts.standing_id
         UNION ALL
        SELECT unnest(f.playlists), f.clips_ready, f.ambiguous, f.without_audio, 1
          FROM changed JOIN track_facts f ON f.track_id = changed.track_id
    """,
    "track_labels": """
        SELECT ts.track_id, s.label_id, s.ambiguous, s.origins
          FROM track_standings ts JOIN standings s ON s.id = ts.standing_id
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
              FROM playlist_standings_now GROUP BY playlist_id
        ), reasons AS (
            SELECT playlist_id, string_agg(reason || ' ' || n, ', ' ORDER BY n DESC, reason) AS without_audio
              FROM (SELECT playlist_id, without_audio AS reason, sum(tracks) AS n FROM playlist_standings_now
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
          LEFT JOIN models m ON m.training_run_id = r.id AND m.status <> 'yardstick'
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
        ), said AS (
            SELECT a.true_label_id, a.nearest_id, sum(a.confidence) / sum(a.tracks)::float8 AS confidence,
                   sum(a.unknown)::bigint AS unknown
              FROM holdout_answers a JOIN models m ON m.id = a.model_id AND m.status = 'champion'
             GROUP BY a.true_label_id, a.nearest_id HAVING sum(a.tracks) > 0
        )
        SELECT truth.name AS true_label, guess.name AS taken_for, c.count AS tracks,
               round(c.share, 3)::float8 AS share, said.confidence AS mean_confidence,
               coalesce(said.unknown, 0) AS called_unknown
          FROM cells c
          JOIN labels truth ON truth.id = c.true_label_id
          JOIN labels guess ON guess.id = c.predicted_label_id
          LEFT JOIN said ON (said.true_label_id, said.nearest_id) = (c.true_label_id, c.predicted_label_id)
         WHERE c.true_label_id <> c.predicted_label_id
         ORDER BY c.count DESC, c.share DESC, truth.id, guess.id
    """,
    "label_sound": """
        SELECT l.name AS label, sum(s.features)::bigint AS clips,
               sum(s.tempo_sum) / nullif(sum(s.tempo_count), 0)::float8 AS tempo,
               sum(s.loudness_sum) / nullif(sum(s.loudness_count), 0)::float8 AS loudness,
               sum(s.onset_sum) / nullif(sum(s.onset_count), 0)::float8 AS onsets
          FROM standings_now s
          JOIN models m ON m.id = s.scored_by AND m.status = 'champion'
          LEFT JOIN labels l ON l.id = s.label_id
         GROUP BY l.name HAVING sum(s.features) > 0
         ORDER BY l.name
    """,
}
NEW = (
    "label_sound",
    "playlist_standings_now",
    "standings_now",
    "track_facts",
)  # each before what it rests on

COMMENTS = {
    "track_facts": "How each track stands, worked out from the other tables: quick for few tracks, slow for all.",
    "standings_now": "The counts of standings, with entries of -1 and +1 for tracks that have changed since: to be "
    "added up.",
    "playlist_standings_now": "The same for the tracks of each playlist.",
    "label_sound": "What makes a label, in numbers: means over all rows of audio features of the tracks that the "
    "champion has scored.",
}


def upgrade() -> None:
    # The first run computes the states of the existing tracks.
    op.execute("INSERT INTO changed_tracks (track_id) SELECT id FROM tracks")
    for name, body in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
        )
    for function, table, events in TRIGGERS:
        for event in events:
            op.execute(f"""
                CREATE TRIGGER {function}_{event.lower()} AFTER {event} ON {table}
                REFERENCING {ROWS[event]} FOR EACH STATEMENT EXECUTE FUNCTION {function}()
            """)
    for name, query in VIEWS.items():
        op.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
    for name, comment in COMMENTS.items():
        op.execute(f"COMMENT ON VIEW {name} IS '{comment}'")


def downgrade() -> None:
    before: dict[str, str] = {}
    for module in ("0004_views", "0006_views"):
        before |= importlib.import_module(f"migrations.versions.{module}").VIEWS
    for name in VIEWS.keys() - NEW:
        op.execute(f"CREATE OR REPLACE VIEW {name} AS {before[name]}")
    for name in NEW:
        op.execute(f"DROP VIEW {name}")
    for function, table, events in TRIGGERS:
        for event in events:
            op.execute(f"DROP TRIGGER {function}_{event.lower()} ON {table}")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}")
