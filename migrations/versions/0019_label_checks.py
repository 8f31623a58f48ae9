"""Predictions for tracks of a training by models that were not trained on them, which reveal wrong labels."""

import importlib

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

EARLIER = importlib.import_module("migrations.versions.0017_track_views")
VIEW = "suspected_mislabelled"
QUERY = f"""
    WITH answers AS (
        SELECT p.track_id, tl.label_id, p.label_id AS predicted_id, p.confidence,
               own.probability AS label_probability, false AS learnt
          FROM predictions p
          JOIN models m ON m.id = p.model_id AND m.status = 'champion'
          JOIN track_labels tl ON tl.track_id = p.track_id
          JOIN prediction_scores own ON own.prediction_id = p.id AND own.label_id = tl.label_id
         WHERE p.split IS DISTINCT FROM 'train'
         UNION ALL
        SELECT c.track_id, c.label_id, c.predicted_id, c.confidence, c.label_probability, true
          FROM label_checks c
          JOIN models m ON m.training_run_id = c.training_run_id AND m.status = 'champion'
          JOIN training_run_tracks r
            ON (r.training_run_id, r.track_id) = (c.training_run_id, c.track_id) AND r.split = 'train'
          JOIN track_labels tl ON tl.track_id = c.track_id AND tl.label_id = c.label_id
    )
    SELECT t.id AS track_id, t.title, {EARLIER.ARTISTS} AS artists, truth.name AS label, guess.name AS predicted,
           a.confidence, a.label_probability, a.learnt, {EARLIER.PATH} AS path
      FROM answers a
      JOIN tracks t ON t.id = a.track_id
      JOIN labels truth ON truth.id = a.label_id
      JOIN labels guess ON guess.id = a.predicted_id
     WHERE a.predicted_id <> a.label_id AND a.confidence >= 0.5
     ORDER BY a.label_probability - a.confidence, t.id
"""
COMMENTS = {
    "": (
        "Tracks that sound like another label than that of their playlists with a probability of a half or more;"
        " the surest first."
    ),
    "learnt": (
        "True if the champion was trained on the track and would repeat its label: the prediction is then by a"
        " baseline that was not."
    ),
}


def upgrade() -> None:
    op.create_table(
        "label_checks",
        sa.Column("training_run_id", sa.BigInteger(), nullable=False, comment="The training."),
        sa.Column("track_id", sa.BigInteger(), nullable=False, comment="The track."),
        sa.Column("label_id", sa.BigInteger(), nullable=False, comment="Label of the track in the training."),
        sa.Column("predicted_id", sa.BigInteger(), nullable=False, comment="Most probable label."),
        sa.Column(
            "confidence",
            sa.Float(),
            nullable=False,
            comment="Probability of the most probable label, 0 to 1.",
        ),
        sa.Column(
            "label_probability",
            sa.Float(),
            nullable=False,
            comment="Probability of the label of the track, 0 to 1.",
        ),
        sa.ForeignKeyConstraint(["label_id"], ["labels.id"], name=op.f("fk_label_checks_label_id_labels")),
        sa.ForeignKeyConstraint(
            ["predicted_id"], ["labels.id"], name=op.f("fk_label_checks_predicted_id_labels")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_label_checks_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["training_run_id"],
            ["training_runs.id"],
            name=op.f("fk_label_checks_training_run_id_training_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("training_run_id", "track_id", name=op.f("pk_label_checks")),
        comment="Predictions for tracks of a training by baselines that were trained without the track's group.",
    )
    op.create_index(op.f("ix_label_checks_track_id"), "label_checks", ["track_id"], unique=False)
    op.execute(f"CREATE OR REPLACE VIEW {VIEW} AS {QUERY}")
    EARLIER._comment(VIEW, COMMENTS)


def downgrade() -> None:
    op.execute(f"CREATE OR REPLACE VIEW {VIEW} AS {EARLIER.VIEWS[VIEW]}")
    EARLIER._comment(VIEW, EARLIER.COMMENTS[VIEW])
    op.drop_table("label_checks")
