"""Permanent splits of tracks, fingerprints, baselines, unknown tracks, and evaluations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evaluations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("flow_run_id", sa.Text(), nullable=True, comment="The Prefect flow run that did it."),
        sa.Column(
            "folds", sa.BigInteger(), nullable=False, comment="Into how many parts the groups are dealt."
        ),
        sa.Column("repeats", sa.BigInteger(), nullable=False, comment="How often they are dealt anew."),
        sa.Column("seed", sa.BigInteger(), nullable=False, comment="The random seed of the first of these."),
        sa.Column("recipe_id", sa.BigInteger(), nullable=False, comment="What is learnt from."),
        sa.Column(
            "dataset_fingerprint",
            sa.String(length=64),
            nullable=False,
            comment="Hash over spectrograms, labels and groups.",
        ),
        sa.Column(
            "labels",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Ids and slugs in the order of the outputs.",
        ),
        sa.Column(
            "hyperparameters",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="All of them, for each architecture.",
        ),
        sa.Column(
            "versions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Python, libraries, backend, and code revision.",
        ),
        sa.Column("tracks", sa.BigInteger(), nullable=False, comment="How many tracks it rests on."),
        sa.Column("groups", sa.BigInteger(), nullable=False, comment="How many groups these make."),
        sa.Column(
            "origins",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
            comment="Whose content it used: providers of audio, and of playlists that gave labels.",
        ),
        sa.Column(
            "status", sa.Text(), server_default="running", nullable=False, comment="How it stands or ended."
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="Why it failed."),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it began.",
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True, comment="When it ended."),
        sa.CheckConstraint(
            "status IN ('running', 'completed', 'failed', 'crashed')", name=op.f("ck_evaluations_status")
        ),
        sa.ForeignKeyConstraint(
            ["recipe_id"],
            ["spectrogram_recipes.id"],
            name=op.f("fk_evaluations_recipe_id_spectrogram_recipes"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
        comment="One evaluation of architectures by cross-validation, with all that repeats it.",
    )
    op.create_index(op.f("ix_evaluations_recipe_id"), "evaluations", ["recipe_id"], unique=False)
    op.create_table(
        "track_splits",
        sa.Column("track_id", sa.BigInteger(), nullable=False, comment="The track."),
        sa.Column(
            "group_key", sa.Text(), nullable=False, comment="Tracks of one group are never on two sides."
        ),
        sa.Column(
            "scheme", sa.Text(), nullable=False, comment="What made the group: artist, album or title."
        ),
        sa.Column(
            "split",
            sa.Text(),
            nullable=False,
            comment="train, validation, holdout; aside: it ties two of them, so that it is in no training.",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it stands here."),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When that was decided.",
        ),
        sa.CheckConstraint("scheme IN ('artist', 'album', 'title')", name=op.f("ck_track_splits_scheme")),
        sa.CheckConstraint(
            "split IN ('train', 'validation', 'holdout', 'aside')", name=op.f("ck_track_splits_split")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_track_splits_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", name=op.f("pk_track_splits")),
        comment="On which side of the split a track stands: decided once, and never changed.",
    )
    op.create_index(
        "ix_track_splits_aside",
        "track_splits",
        ["track_id"],
        unique=False,
        postgresql_where="split = 'aside'",
    )
    op.create_index(op.f("ix_track_splits_group_key"), "track_splits", ["group_key"], unique=False)
    op.create_table(
        "evaluation_confusions",
        sa.Column("evaluation_id", sa.BigInteger(), nullable=False, comment="The evaluation."),
        sa.Column(
            "protocol",
            sa.Text(),
            nullable=False,
            comment="grouped (cross-validation by groups), seed_protocol (a random split) or leave_one_label_out.",
        ),
        sa.Column("architecture", sa.Text(), nullable=False, comment="What was trained."),
        sa.Column("level", sa.Text(), nullable=False, comment="crop, clip or track."),
        sa.Column("true_label_id", sa.BigInteger(), nullable=False, comment="What it is."),
        sa.Column("predicted_label_id", sa.BigInteger(), nullable=False, comment="What it was taken for."),
        sa.Column("count", sa.BigInteger(), nullable=False, comment="How often, over all repeats."),
        sa.CheckConstraint("level IN ('crop', 'clip', 'track')", name=op.f("ck_evaluation_confusions_level")),
        sa.CheckConstraint(
            "protocol IN ('grouped', 'seed_protocol', 'leave_one_label_out')",
            name=op.f("ck_evaluation_confusions_protocol"),
        ),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluations.id"],
            name=op.f("fk_evaluation_confusions_evaluation_id_evaluations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["predicted_label_id"],
            ["labels.id"],
            name=op.f("fk_evaluation_confusions_predicted_label_id_labels"),
        ),
        sa.ForeignKeyConstraint(
            ["true_label_id"], ["labels.id"], name=op.f("fk_evaluation_confusions_true_label_id_labels")
        ),
        sa.PrimaryKeyConstraint(
            "evaluation_id",
            "protocol",
            "architecture",
            "level",
            "true_label_id",
            "predicted_label_id",
            name=op.f("pk_evaluation_confusions"),
        ),
        comment="How often a label was taken for another; pairs that never occurred have no row.",
    )
    op.create_table(
        "evaluation_metrics",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("evaluation_id", sa.BigInteger(), nullable=False, comment="The evaluation."),
        sa.Column(
            "protocol",
            sa.Text(),
            nullable=False,
            comment="grouped (cross-validation by groups), seed_protocol (a random split) or leave_one_label_out.",
        ),
        sa.Column(
            "architecture",
            sa.Text(),
            nullable=False,
            comment="What was trained: labelscope, seed, baseline, …",
        ),
        sa.Column(
            "level",
            sa.Text(),
            nullable=False,
            comment="crop, clip (mean of its crops) or track (mean of its clips).",
        ),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="accuracy, balanced_accuracy, macro_f1, ece, auroc, …"
        ),
        sa.Column("label_id", sa.BigInteger(), nullable=True, comment="Null for all labels together."),
        sa.Column("value", sa.Float(), nullable=False, comment="The number."),
        sa.Column("ci_low", sa.Float(), nullable=True, comment="Lower end of the 95 % interval."),
        sa.Column("ci_high", sa.Float(), nullable=True, comment="Upper end of the 95 % interval."),
        sa.Column(
            "count", sa.BigInteger(), nullable=False, comment="How many crops, clips or tracks it rests on."
        ),
        sa.CheckConstraint("level IN ('crop', 'clip', 'track')", name=op.f("ck_evaluation_metrics_level")),
        sa.CheckConstraint(
            "protocol IN ('grouped', 'seed_protocol', 'leave_one_label_out')",
            name=op.f("ck_evaluation_metrics_protocol"),
        ),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluations.id"],
            name=op.f("fk_evaluation_metrics_evaluation_id_evaluations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labels.id"], name=op.f("fk_evaluation_metrics_label_id_labels")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_metrics")),
        sa.UniqueConstraint(
            "evaluation_id",
            "protocol",
            "architecture",
            "level",
            "name",
            "label_id",
            name="uq_evaluation_metrics_of_label",
        ),
        comment="How good an architecture is: one number per protocol, level and, for some, label.",
    )
    op.create_index(
        "uq_evaluation_metrics_overall",
        "evaluation_metrics",
        ["evaluation_id", "protocol", "architecture", "level", "name"],
        unique=True,
        postgresql_where="label_id IS NULL",
    )
    op.create_table(
        "fingerprints",
        sa.Column("clip_id", sa.BigInteger(), nullable=False, comment="The clip that was heard."),
        sa.Column(
            "version",
            sa.BigInteger(),
            nullable=False,
            comment="Of the code that made it; only fingerprints of one version can be compared.",
        ),
        sa.Column(
            "landmarks",
            sa.LargeBinary(),
            nullable=False,
            comment="Pairs of a hash and the frame at which it stands.",
        ),
        sa.Column(
            "sketch",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="A few numbers; clips of one recording have some in common.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was computed.",
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_fingerprints_clip_id_clips"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("clip_id", name=op.f("pk_fingerprints")),
        comment="What a recording is known again by: landmarks in the spectrogram of a clip.",
    )
    op.create_index(
        op.f("ix_fingerprints_sketch"),
        "fingerprints",
        ["sketch"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.add_column(
        "models",
        sa.Column(
            "architecture", sa.Text(), nullable=True, comment="What it is: seed, labelscope, baseline, …"
        ),
    )
    op.execute(
        "UPDATE models m SET architecture = t.architecture FROM training_runs t WHERE t.id = m.training_run_id"
    )
    op.alter_column("models", "architecture", existing_type=sa.Text(), nullable=False)
    op.add_column(
        "models",
        sa.Column(
            "calibration",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
            comment="Temperature of each level, and below which confidence a track is unknown; as in the file.",
        ),
    )
    op.alter_column(
        "models",
        "path",
        existing_type=sa.TEXT(),
        comment="The model's file, relative to models/ in the home.",
        existing_comment="The .keras file, relative to models/ in the home.",
        existing_nullable=False,
    )
    op.alter_column(
        "models",
        "sha256",
        existing_type=sa.VARCHAR(length=64),
        comment="Of the model's file; a file that differs is refused.",
        existing_comment="Of the .keras file; a file that differs is refused.",
        existing_nullable=False,
    )
    op.alter_column(
        "models",
        "bytes",
        existing_type=sa.BIGINT(),
        comment="Size of the model's file.",
        existing_comment="Size of the .keras file.",
        existing_nullable=False,
    )
    op.alter_column(
        "models",
        "status",
        existing_type=sa.TEXT(),
        comment="Whether it is in use; yardstick: trained to compare with, and never in use.",
        existing_comment="Whether it is in use.",
        existing_nullable=False,
        existing_server_default=sa.text("'candidate'::text"),
    )
    op.drop_constraint(op.f("ck_models_status"), "models", type_="check")
    op.create_check_constraint(
        op.f("ck_models_status"),
        "models",
        "status IN ('candidate', 'champion', 'retired', 'rejected', 'yardstick')",
    )
    op.drop_constraint(op.f("uq_models_training_run_id"), "models", type_="unique")
    op.create_unique_constraint(
        op.f("uq_models_training_run_id_architecture"), "models", ["training_run_id", "architecture"]
    )
    op.create_table_comment(
        "models",
        "A trained model in a file. At most one is the champion, the one in use.",
        existing_comment="A trained network in a file. At most one is the champion, the one in use.",
        schema=None,
    )
    op.add_column(
        "predictions",
        sa.Column(
            "split",
            sa.Text(),
            server_default="new",
            nullable=False,
            comment="Its side in the model's training; new: it was not in it; aside: neither, and tied to two sides.",
        ),
    )
    op.alter_column(
        "predictions",
        "label_id",
        existing_type=sa.BIGINT(),
        nullable=True,
        comment="The most probable label; null: unknown, it is like none of them.",
        existing_comment="The most probable label.",
    )
    op.alter_column(
        "predictions",
        "confidence",
        existing_type=sa.DOUBLE_PRECISION(precision=53),
        comment="The probability of the most probable label, 0 to 1.",
        existing_comment="The probability of that label, 0 to 1.",
        existing_nullable=False,
    )
    op.add_column(
        "training_runs",
        sa.Column(
            "on_demand",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="True: a person wished it, whether or not it was due.",
        ),
    )
    op.add_column(
        "training_runs",
        sa.Column(
            "tracks",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="How many tracks it had, those removed since then included.",
        ),
    )
    op.execute("""
        UPDATE training_runs r SET tracks =
               (SELECT count(*) FROM training_run_tracks rt WHERE rt.training_run_id = r.id)
    """)
    op.execute("""
        INSERT INTO track_splits (track_id, group_key, scheme, split, reason, decided_at)
        SELECT DISTINCT ON (rt.track_id) rt.track_id, rt.group_key, rt.scheme, rt.split,
               'placed by an earlier training', r.started_at
          FROM training_run_tracks rt JOIN training_runs r ON r.id = rt.training_run_id
          LEFT JOIN models m ON m.training_run_id = r.id AND m.status = 'champion'
         ORDER BY rt.track_id, m.id NULLS LAST, rt.training_run_id DESC
    """)
    op.execute("""
        UPDATE predictions p SET split = rt.split
          FROM models m JOIN training_run_tracks rt ON rt.training_run_id = m.training_run_id
         WHERE m.id = p.model_id AND rt.track_id = p.track_id
    """)
    op.create_check_constraint(
        op.f("ck_predictions_split"),
        "predictions",
        "split IN ('train', 'validation', 'holdout', 'aside', 'new')",
    )


def downgrade() -> None:
    op.drop_column("training_runs", "tracks")
    op.drop_column("training_runs", "on_demand")
    op.alter_column(
        "predictions",
        "confidence",
        existing_type=sa.DOUBLE_PRECISION(precision=53),
        comment="The probability of that label, 0 to 1.",
        existing_comment="The probability of the most probable label, 0 to 1.",
        existing_nullable=False,
    )
    op.execute("DELETE FROM predictions WHERE label_id IS NULL")
    op.alter_column(
        "predictions",
        "label_id",
        existing_type=sa.BIGINT(),
        nullable=False,
        comment="The most probable label.",
        existing_comment="The most probable label; null: unknown, it is like none of them.",
    )
    op.drop_column("predictions", "split")
    op.create_table_comment(
        "models",
        "A trained network in a file. At most one is the champion, the one in use.",
        existing_comment="A trained model in a file. At most one is the champion, the one in use.",
        schema=None,
    )
    op.execute("DELETE FROM models WHERE status = 'yardstick'")
    op.drop_constraint(op.f("ck_models_status"), "models", type_="check")
    op.create_check_constraint(
        op.f("ck_models_status"), "models", "status IN ('candidate', 'champion', 'retired', 'rejected')"
    )
    op.drop_constraint(op.f("uq_models_training_run_id_architecture"), "models", type_="unique")
    op.create_unique_constraint(op.f("uq_models_training_run_id"), "models", ["training_run_id"])
    op.alter_column(
        "models",
        "status",
        existing_type=sa.TEXT(),
        comment="Whether it is in use.",
        existing_comment="Whether it is in use; yardstick: trained to compare with, and never in use.",
        existing_nullable=False,
        existing_server_default=sa.text("'candidate'::text"),
    )
    op.alter_column(
        "models",
        "bytes",
        existing_type=sa.BIGINT(),
        comment="Size of the .keras file.",
        existing_comment="Size of the model's file.",
        existing_nullable=False,
    )
    op.alter_column(
        "models",
        "sha256",
        existing_type=sa.VARCHAR(length=64),
        comment="Of the .keras file; a file that differs is refused.",
        existing_comment="Of the model's file; a file that differs is refused.",
        existing_nullable=False,
    )
    op.alter_column(
        "models",
        "path",
        existing_type=sa.TEXT(),
        comment="The .keras file, relative to models/ in the home.",
        existing_comment="The model's file, relative to models/ in the home.",
        existing_nullable=False,
    )
    op.drop_column("models", "calibration")
    op.drop_column("models", "architecture")
    op.drop_table("fingerprints")
    op.drop_table("evaluation_metrics")
    op.drop_table("evaluation_confusions")
    op.drop_table("track_splits")
    op.drop_table("evaluations")
