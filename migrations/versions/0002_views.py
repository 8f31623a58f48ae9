"""Views for people."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

VIEWS = {
    "track_labels": """
        SELECT pt.track_id,
               CASE WHEN count(DISTINCT p.label_id) = 1 THEN min(p.label_id) END AS label_id,
               count(DISTINCT p.label_id) > 1 AS ambiguous
          FROM playlist_tracks pt
          JOIN playlists p ON p.id = pt.playlist_id
         WHERE pt.removed_at IS NULL
         GROUP BY pt.track_id
    """,
    "playlist_coverage": """
        WITH track_audio AS (
            SELECT pt.playlist_id, pt.track_id, tl.ambiguous,
                   bool_or(c.status = 'ready') AS ready,
                   bool_or(c.status = 'new') AS waiting,
                   bool_or(c.status = 'too_short') AS too_short,
                   bool_or(c.status = 'rejected') AS rejected
              FROM playlist_tracks pt
              JOIN track_labels tl ON tl.track_id = pt.track_id
              LEFT JOIN clips c ON c.track_id = pt.track_id
             WHERE pt.removed_at IS NULL
             GROUP BY pt.playlist_id, pt.track_id, tl.ambiguous
        ), counted AS (
            SELECT playlist_id,
                   count(*) AS tracks,
                   count(*) FILTER (WHERE ready) AS with_audio,
                   count(*) FILTER (WHERE waiting AND NOT ready) AS waiting,
                   count(*) FILTER (WHERE too_short AND NOT ready) AS too_short,
                   count(*) FILTER (WHERE rejected AND NOT ready) AS rejected_audio,
                   count(*) FILTER (WHERE ready IS NULL) AS without_audio,
                   count(*) FILTER (WHERE ambiguous) AS ambiguous
              FROM track_audio GROUP BY playlist_id
        )
        SELECT l.name AS label, p.provider, p.name AS playlist,
               coalesce(c.tracks, 0) AS tracks, coalesce(c.with_audio, 0) AS with_audio,
               coalesce(c.waiting, 0) AS waiting, coalesce(c.too_short, 0) AS too_short,
               coalesce(c.rejected_audio, 0) AS rejected_audio,
               coalesce(c.without_audio, 0) AS without_audio,
               coalesce(c.ambiguous, 0) AS ambiguous,
               (SELECT count(*) FROM rejected_records r
                 WHERE r.playlist_id = p.id AND r.resolved_at IS NULL) AS rejected_records,
               p.status, p.last_seen_at
          FROM playlists p
          JOIN labels l ON l.id = p.label_id
          LEFT JOIN counted c ON c.playlist_id = p.id
         ORDER BY l.id, p.id
    """,
    "champion": """
        SELECT m.id AS model_id, m.training_run_id, t.architecture, m.path, m.sha256, t.recipe_id, t.labels,
               t.dataset_fingerprint, m.promoted_at, m.reason,
               (SELECT value FROM metrics WHERE model_id = m.id AND split = 'holdout' AND level = 'track'
                   AND name = 'accuracy' AND label_id IS NULL) AS track_accuracy,
               (SELECT value FROM metrics WHERE model_id = m.id AND split = 'holdout' AND level = 'track'
                   AND name = 'majority' AND label_id IS NULL) AS majority
          FROM models m
          JOIN training_runs t ON t.id = m.training_run_id
         WHERE m.status = 'champion'
    """,
    "track_predictions": """
        SELECT t.id AS track_id, t.title,
               (SELECT string_agg(a.name, ', ' ORDER BY ta.position)
                  FROM track_artists ta JOIN artists a ON a.id = ta.artist_id
                 WHERE ta.track_id = t.id) AS artists,
               t.album, truth.name AS label, guess.name AS predicted, p.confidence,
               p.label_id = tl.label_id AS correct,
               coalesce(rt.split, 'new') AS split,
               p.model_id
          FROM predictions p
          JOIN models m ON m.id = p.model_id AND m.status = 'champion'
          JOIN tracks t ON t.id = p.track_id
          JOIN labels guess ON guess.id = p.label_id
          LEFT JOIN track_labels tl ON tl.track_id = t.id
          LEFT JOIN labels truth ON truth.id = tl.label_id
          LEFT JOIN training_run_tracks rt
                 ON rt.training_run_id = m.training_run_id AND rt.track_id = t.id
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
    "label_accuracy": """
        WITH cells AS (
            SELECT c.true_label_id, c.predicted_label_id, c.count
              FROM confusions c JOIN models m ON m.id = c.model_id AND m.status = 'champion'
             WHERE c.split = 'holdout' AND c.level = 'track'
        ), trained AS (
            SELECT rt.label_id, count(*) AS tracks
              FROM training_run_tracks rt
              JOIN models m ON m.training_run_id = rt.training_run_id AND m.status = 'champion'
             GROUP BY rt.label_id
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
               round(mistaken.count / held_out.tracks, 3)::float8 AS taken_for_share
          FROM trained
          JOIN labels l ON l.id = trained.label_id
          LEFT JOIN held_out ON held_out.true_label_id = l.id
          LEFT JOIN mistaken ON mistaken.true_label_id = l.id
          LEFT JOIN labels other ON other.id = mistaken.predicted_label_id
         ORDER BY l.id
    """,
    "training_history": """
        SELECT t.id AS training_run_id, t.started_at, t.why, t.status, t.architecture,
               (SELECT count(*) FROM training_run_tracks WHERE training_run_id = t.id) AS tracks,
               jsonb_array_length(t.history) AS epochs, t.seconds,
               (SELECT value FROM metrics WHERE model_id = m.id AND split = 'holdout' AND level = 'track'
                   AND name = 'accuracy' AND label_id IS NULL) AS track_accuracy,
               (SELECT value FROM metrics WHERE model_id = m.id AND split = 'holdout' AND level = 'track'
                   AND name = 'balanced_accuracy' AND label_id IS NULL) AS balanced_accuracy,
               m.id AS model_id, m.status AS model_status, coalesce(m.reason, t.error) AS reason
          FROM training_runs t
          LEFT JOIN models m ON m.training_run_id = t.id
         ORDER BY t.id DESC
    """,
}

COMMENTS = {
    "track_labels": "The label of each track that is in a playlist now; null where its playlists disagree.",
    "playlist_coverage": "Per playlist: tracks, tracks with usable audio, and why the rest have none.",
    "champion": "The model in use, with its accuracy on held-out tracks and the share of the largest label.",
    "track_predictions": "What the champion says of each track. It has learnt from those of split train.",
    "confusion_matrix": "The champion on held-out tracks: how often which label was taken for which.",
    "label_accuracy": "Per label: accuracy of the champion on held-out tracks, and what it is mistaken for.",
    "training_history": "All trainings, newest first.",
}


def upgrade() -> None:
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")
        op.execute(f"COMMENT ON VIEW {name} IS '{COMMENTS[name]}'")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
