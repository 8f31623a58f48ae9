"""Views of the data of models, of promotions, of mistakes, and of the history of labels."""

import importlib

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# In the order of their making; views that rest on another come after it.
VIEWS = {
    "holdout_figures": """
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
        SELECT m.id AS model_id, m.training_run_id, m.architecture, m.path, m.sha256, t.recipe_id, t.labels,
               t.dataset_fingerprint, m.promoted_at, m.reason, f.track_accuracy, f.majority,
               f.balanced_accuracy, f.ci_low, f.ci_high, f.ece,
               (SELECT max(b.balanced_accuracy) FROM models y JOIN holdout_figures b ON b.model_id = y.id
                 WHERE y.training_run_id = m.training_run_id AND y.status = 'yardstick') AS baseline_accuracy,
               m.calibration
          FROM models m
          JOIN training_runs t ON t.id = m.training_run_id
          LEFT JOIN holdout_figures f ON f.model_id = m.id
         WHERE m.status = 'champion'
    """,
    "model_list": """
        SELECT m.id, m.status, m.architecture, m.created_at, m.promoted_at, t.tracks,
               f.balanced_accuracy, f.ci_low, f.ci_high, f.ece, f.over_baseline, m.reason,
               m.training_run_id, t.why
          FROM models m
          JOIN training_runs t ON t.id = m.training_run_id
          LEFT JOIN holdout_figures f ON f.model_id = m.id
         WHERE m.status <> 'yardstick'
         ORDER BY m.id DESC
    """,
    "training_history": """
        SELECT t.id AS training_run_id, t.started_at, t.why, t.status, t.architecture, t.tracks,
               jsonb_array_length(t.history) AS epochs, t.seconds, f.track_accuracy, f.balanced_accuracy,
               m.id AS model_id, m.status AS model_status, coalesce(m.reason, t.error) AS reason,
               f.ci_low, f.ci_high,
               (SELECT max(b.balanced_accuracy) FROM models y JOIN holdout_figures b ON b.model_id = y.id
                 WHERE y.training_run_id = t.id AND y.status = 'yardstick') AS baseline_accuracy,
               t.on_demand
          FROM training_runs t
          LEFT JOIN models m ON m.training_run_id = t.id AND m.status <> 'yardstick'
          LEFT JOIN holdout_figures f ON f.model_id = m.id
         ORDER BY t.id DESC
    """,
    "model_data": """
        SELECT r.id AS training_run_id, m.id AS model_id, m.status AS model_status, m.architecture,
               l.name AS label, rt.split, count(*) AS tracks, count(DISTINCT rt.group_key) AS groups,
               r.origins, r.dataset_fingerprint, r.started_at
          FROM training_runs r
          LEFT JOIN models m ON m.training_run_id = r.id AND m.status <> 'yardstick'
          JOIN training_run_tracks rt ON rt.training_run_id = r.id
          JOIN labels l ON l.id = rt.label_id
         GROUP BY r.id, m.id, l.id, rt.split
         ORDER BY r.id DESC, l.id, array_position(ARRAY['train', 'validation', 'holdout'], rt.split)
    """,
    "label_accuracy": """
        WITH cells AS (
            SELECT c.model_id, c.true_label_id, c.predicted_label_id, c.count
              FROM confusions c JOIN models m ON m.id = c.model_id AND m.status = 'champion'
             WHERE c.split = 'holdout' AND c.level = 'track'
        ), trained AS (
            SELECT m.id AS model_id, rt.label_id, count(*) AS tracks
              FROM training_run_tracks rt
              JOIN models m ON m.training_run_id = rt.training_run_id AND m.status = 'champion'
             GROUP BY m.id, rt.label_id
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
    "label_history": """
        WITH figures AS (
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
          FROM figures f
          JOIN models m ON m.id = f.model_id AND m.status <> 'yardstick'
          JOIN training_runs t ON t.id = m.training_run_id
          JOIN labels l ON l.id = f.label_id
         ORDER BY l.id, t.id DESC
    """,
    "mistakes": """
        WITH cells AS (
            SELECT c.model_id, m.training_run_id, c.true_label_id, c.predicted_label_id, c.count,
                   c.count / sum(c.count) OVER (PARTITION BY c.true_label_id) AS share
              FROM confusions c JOIN models m ON m.id = c.model_id AND m.status = 'champion'
             WHERE c.split = 'holdout' AND c.level = 'track'
        ), said AS (
            SELECT rt.label_id AS true_label_id, avg(p.confidence) AS confidence,
                   count(*) FILTER (WHERE p.label_id IS NULL) AS unknown,
                   coalesce(p.label_id, (SELECT s.label_id FROM prediction_scores s WHERE s.prediction_id = p.id
                                          ORDER BY s.probability DESC, s.label_id LIMIT 1)) AS nearest_id
              FROM models m
              JOIN training_run_tracks rt ON rt.training_run_id = m.training_run_id AND rt.split = 'holdout'
              JOIN predictions p ON p.model_id = m.id AND p.track_id = rt.track_id
             WHERE m.status = 'champion'
             GROUP BY 1, 4
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
}

COMMENTS = {
    "holdout_figures": "Per model: its figures on held-out tracks, with the 95 % interval of the balanced "
    "accuracy, and of what it has over the baseline and over the champion that it challenged.",
    "champion": "The model in use, with its figures on held-out tracks: accuracy, the share of the largest "
    "label, balanced accuracy with its interval, calibration error, balanced accuracy of the baseline.",
    "model_list": "All models but the yardsticks, newest first: how good on held-out tracks, by how much "
    "better than the baseline, whether in use, and why.",
    "training_history": "All trainings, newest first, with the network that each made; baseline_accuracy is "
    "the balanced accuracy of the baseline on the same tracks.",
    "model_data": "Which data made each model: tracks and groups per label and side of the split, and from "
    "which origins they were.",
    "label_accuracy": "Per label: accuracy of the champion on held-out tracks with its interval, what it is "
    "mistaken for, and which share of the tracks given this label is of it (precision).",
    "label_history": "Per label and training: accuracy on held-out tracks, and its change since the last one.",
    "mistakes": "What the champion gets wrong most: held-out tracks by what they are and what they were taken "
    "for, the share of the label, its mean confidence, and how many of them it called unknown in the end.",
    "track_predictions": "What the champion says of each track; unknown where it is like none of the labels, "
    "and then correct is null. It has learnt from those of split train.",
    "evaluation_table": "The last complete evaluation: figures over all labels, per protocol and architecture.",
}

REPLACED = ("track_predictions", "label_accuracy", "training_history", "champion")


def upgrade() -> None:
    for name in REPLACED:
        op.execute(f"DROP VIEW {name}")
    _create(VIEWS, COMMENTS)


def downgrade() -> None:
    before = importlib.import_module("migrations.versions.0002_views")
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
    names = tuple(reversed(REPLACED))
    _create({name: before.VIEWS[name] for name in names}, before.COMMENTS)


def _create(views: dict[str, str], comments: dict[str, str]) -> None:
    for name, query in views.items():
        op.execute(f"CREATE VIEW {name} AS {query}")
        op.execute(f"COMMENT ON VIEW {name} IS '{comments[name]}'")
