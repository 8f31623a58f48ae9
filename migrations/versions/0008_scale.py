"""Tables of track states, so that no query of the pipeline has to read all tracks.

The triggers of 0009 and `db/write/track_state.py` fill them. Also counts of a training's tracks, and of predictions of
holdout tracks.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FILL_PREDICTIONS = """
    UPDATE predictions p
       SET nearest_id = coalesce((SELECT s.label_id FROM prediction_scores s WHERE s.prediction_id = p.id
                                   ORDER BY s.probability DESC, s.label_id LIMIT 1), p.label_id),
           trained_label_id = (SELECT rt.label_id FROM training_run_tracks rt
                                WHERE rt.training_run_id = m.training_run_id AND rt.track_id = p.track_id)
      FROM models m WHERE m.id = p.model_id
"""

# What earlier versions wrote is counted once.
FILL_COUNTS = (
    """
        INSERT INTO training_run_labels (training_run_id, label_id, split, tracks, groups)
        SELECT training_run_id, label_id, split, count(*), count(DISTINCT group_key)
          FROM training_run_tracks GROUP BY training_run_id, label_id, split
    """,
    """
        INSERT INTO holdout_answers (model_id, true_label_id, nearest_id, tracks, unknown, confidence)
        SELECT model_id, trained_label_id, nearest_id, count(*),
               count(*) FILTER (WHERE label_id IS NULL), sum(confidence)
          FROM predictions WHERE split = 'holdout' AND trained_label_id IS NOT NULL
         GROUP BY model_id, trained_label_id, nearest_id
    """,
)


def upgrade() -> None:
    op.create_table(
        "changed_tracks",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Primary key, in the order of the changes.",
        ),
        sa.Column("track_id", sa.BigInteger(), nullable=False, comment="The track; it may be gone."),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changed_tracks")),
        comment="Tracks of which something has changed since it was worked out how they stand.",
    )
    op.create_index(op.f("ix_changed_tracks_track_id"), "changed_tracks", ["track_id"], unique=False)
    op.create_table(
        "playlist_standings",
        sa.Column(
            "playlist_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The playlist."
        ),
        sa.Column("standing_id", sa.Uuid(), nullable=False, comment="The standing."),
        sa.Column("tracks", sa.BigInteger(), nullable=False, comment="How many of its tracks stand so."),
        sa.PrimaryKeyConstraint("playlist_id", "standing_id", name=op.f("pk_playlist_standings")),
        comment="How many tracks of a playlist stand in which way.",
    )
    op.create_table(
        "standings",
        sa.Column("id", sa.Uuid(), nullable=False, comment="Hash of all columns down to scored_by."),
        sa.Column("provider", sa.Text(), nullable=False, comment="Who knows these tracks."),
        sa.Column(
            "label_id",
            sa.BigInteger(),
            nullable=True,
            comment="Their label; null where no playlist holds them, or playlists disagree.",
        ),
        sa.Column(
            "ambiguous",
            sa.Boolean(),
            nullable=False,
            comment="True: playlists of two labels hold the recording.",
        ),
        sa.Column(
            "origins",
            postgresql.ARRAY(sa.TEXT()),
            nullable=False,
            comment="Providers of the playlists that hold them now.",
        ),
        sa.Column("clips", sa.BigInteger(), nullable=False, comment="How many clips each of them has."),
        sa.Column("clips_ready", sa.BigInteger(), nullable=False, comment="How many of these are ready."),
        sa.Column(
            "clips_new", sa.BigInteger(), nullable=False, comment="How many of these wait for extraction."
        ),
        sa.Column(
            "to_extract",
            sa.Boolean(),
            nullable=False,
            comment="True: a clip waits for extraction, or was rejected for a mishap that may have passed.",
        ),
        sa.Column(
            "recipes",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=True,
            comment="Recipes by which all ready and too short clips are drawn; null where there are no such clips.",
        ),
        sa.Column(
            "fingerprint_version",
            sa.BigInteger(),
            nullable=True,
            comment="Version of the fingerprints of all ready clips; null where one has none, or they differ.",
        ),
        sa.Column(
            "audio",
            postgresql.ARRAY(sa.TEXT()),
            nullable=False,
            comment="Of each spectrogram of a ready clip: who gave the sound, a space, the recipe's id.",
        ),
        sa.Column(
            "without_audio",
            sa.Text(),
            nullable=True,
            comment="Why tracks in playlists have no usable audio; null where they have.",
        ),
        sa.Column(
            "asked",
            postgresql.ARRAY(sa.TEXT()),
            nullable=False,
            comment="Of tracks without clips: sources that were asked for audio and had none.",
        ),
        sa.Column(
            "ask_again",
            sa.Boolean(),
            nullable=False,
            comment="True: one of these sources had a passing fault, and is asked again by the next run.",
        ),
        sa.Column(
            "library_version",
            sa.Text(),
            nullable=True,
            comment="Version of the library that was searched for their audio.",
        ),
        sa.Column(
            "measured",
            postgresql.ARRAY(sa.TEXT()),
            nullable=False,
            comment="Services whose audio features of the whole track are there.",
        ),
        sa.Column(
            "features_asked",
            postgresql.ARRAY(sa.TEXT()),
            nullable=False,
            comment="Services that were asked for audio features and had none.",
        ),
        sa.Column(
            "split", sa.Text(), nullable=True, comment="Their side of the split; null: not placed yet."
        ),
        sa.Column(
            "trained_in",
            sa.BigInteger(),
            nullable=True,
            comment="The newest completed training that had them.",
        ),
        sa.Column(
            "scored_by",
            sa.BigInteger(),
            nullable=True,
            comment="The model that scored them: the champion, or else the newest.",
        ),
        sa.Column("tracks", sa.BigInteger(), nullable=False, comment="How many tracks stand so."),
        sa.Column(
            "features", sa.BigInteger(), nullable=False, comment="How many rows of audio features they have."
        ),
        sa.Column(
            "tempo_count", sa.BigInteger(), nullable=False, comment="How many of these rows have a tempo."
        ),
        sa.Column("tempo_sum", sa.Float(), nullable=False, comment="Sum of these."),
        sa.Column(
            "loudness_count",
            sa.BigInteger(),
            nullable=False,
            comment="How many of the rows have a loudness in LUFS.",
        ),
        sa.Column("loudness_sum", sa.Float(), nullable=False, comment="Sum of these."),
        sa.Column(
            "onset_count",
            sa.BigInteger(),
            nullable=False,
            comment="How many of the rows have a rate of onsets.",
        ),
        sa.Column("onset_sum", sa.Float(), nullable=False, comment="Sum of these."),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standings")),
        comment="A way in which tracks stand in the pipeline, and how many do: a few thousand rows.",
    )
    op.create_table(
        "track_standings",
        sa.Column("track_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The track."),
        sa.Column("standing_id", sa.Uuid(), nullable=False, comment="How it stands."),
        sa.Column(
            "playlists",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Ids of the playlists that hold it.",
        ),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Of a track without clips: when the first of the sources was asked that had none.",
        ),
        sa.Column(
            "features_asked_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the first of the services was asked that had no audio features.",
        ),
        sa.Column("features", sa.BigInteger(), nullable=False, comment="Its rows of audio features."),
        sa.Column("tempo_count", sa.BigInteger(), nullable=False, comment="How many of these have a tempo."),
        sa.Column("tempo_sum", sa.Float(), nullable=False, comment="Sum of these."),
        sa.Column(
            "loudness_count", sa.BigInteger(), nullable=False, comment="How many have a loudness in LUFS."
        ),
        sa.Column("loudness_sum", sa.Float(), nullable=False, comment="Sum of these."),
        sa.Column("onset_count", sa.BigInteger(), nullable=False, comment="How many have a rate of onsets."),
        sa.Column("onset_sum", sa.Float(), nullable=False, comment="Sum of these."),
        sa.PrimaryKeyConstraint("track_id", name=op.f("pk_track_standings")),
        comment="How each track stood when its last change was settled, and what it adds to the counts.",
    )
    op.create_index(
        "ix_track_standings_asked_at", "track_standings", ["standing_id", "asked_at"], unique=False
    )
    op.create_index(
        "ix_track_standings_features_asked_at",
        "track_standings",
        ["standing_id", "features_asked_at"],
        unique=False,
        postgresql_where="features_asked_at IS NOT NULL",
    )
    op.create_table(
        "training_run_labels",
        sa.Column("training_run_id", sa.BigInteger(), nullable=False, comment="The training."),
        sa.Column("label_id", sa.BigInteger(), nullable=False, comment="The label."),
        sa.Column("split", sa.Text(), nullable=False, comment="train, validation or holdout."),
        sa.Column(
            "tracks",
            sa.BigInteger(),
            nullable=False,
            comment="Its tracks, those removed since then left out.",
        ),
        sa.Column("groups", sa.BigInteger(), nullable=False, comment="How many groups these make."),
        sa.CheckConstraint(
            "split IN ('train', 'validation', 'holdout')", name=op.f("ck_training_run_labels_split")
        ),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labels.id"], name=op.f("fk_training_run_labels_label_id_labels")
        ),
        sa.ForeignKeyConstraint(
            ["training_run_id"],
            ["training_runs.id"],
            name=op.f("fk_training_run_labels_training_run_id_training_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("training_run_id", "label_id", "split", name=op.f("pk_training_run_labels")),
        comment="How many tracks and groups of a label stood on which side in a training: counted once.",
    )
    op.create_table(
        "holdout_answers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("model_id", sa.BigInteger(), nullable=False, comment="The model."),
        sa.Column("true_label_id", sa.BigInteger(), nullable=False, comment="What the tracks are."),
        sa.Column("nearest_id", sa.BigInteger(), nullable=False, comment="What they are nearest to."),
        sa.Column("tracks", sa.BigInteger(), nullable=False, comment="How many."),
        sa.Column(
            "unknown", sa.BigInteger(), nullable=False, comment="How many of these were called unknown."
        ),
        sa.Column("confidence", sa.Float(), nullable=False, comment="Sum of their confidences."),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_holdout_answers_model_id_models"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["nearest_id"], ["labels.id"], name=op.f("fk_holdout_answers_nearest_id_labels")
        ),
        sa.ForeignKeyConstraint(
            ["true_label_id"], ["labels.id"], name=op.f("fk_holdout_answers_true_label_id_labels")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holdout_answers")),
        comment="What models said of held-out tracks, as entries to be added up: each batch of predictions "
        "enters its own, and one with negative counts where predictions go.",
    )
    op.create_index(op.f("ix_holdout_answers_model_id"), "holdout_answers", ["model_id"], unique=False)
    op.create_index(
        "ix_clips_stored", "clips", ["sha256"], unique=False, postgresql_where="uri LIKE 'store:%'"
    )
    op.create_index(
        "ix_clips_unusable",
        "clips",
        ["status", "reason"],
        unique=False,
        postgresql_where="status IN ('rejected', 'too_short')",
    )
    op.add_column(
        "predictions",
        sa.Column(
            "nearest_id",
            sa.BigInteger(),
            nullable=True,
            comment="The most probable label, of an unknown track too.",
        ),
    )
    op.add_column(
        "predictions",
        sa.Column(
            "trained_label_id",
            sa.BigInteger(),
            nullable=True,
            comment="Its label in the model's training; null: it was not in it.",
        ),
    )
    op.execute(FILL_PREDICTIONS)
    op.alter_column("predictions", "nearest_id", existing_type=sa.BigInteger(), nullable=False)
    op.create_foreign_key(
        op.f("fk_predictions_trained_label_id_labels"), "predictions", "labels", ["trained_label_id"], ["id"]
    )
    op.create_foreign_key(
        op.f("fk_predictions_nearest_id_labels"), "predictions", "labels", ["nearest_id"], ["id"]
    )
    op.create_index(
        "ix_rejected_records_unresolved",
        "rejected_records",
        ["playlist_id"],
        unique=False,
        postgresql_where="resolved_at IS NULL",
    )
    for statement in FILL_COUNTS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index(
        "ix_rejected_records_unresolved",
        table_name="rejected_records",
        postgresql_where="resolved_at IS NULL",
    )
    op.drop_constraint(op.f("fk_predictions_nearest_id_labels"), "predictions", type_="foreignkey")
    op.drop_constraint(op.f("fk_predictions_trained_label_id_labels"), "predictions", type_="foreignkey")
    op.drop_column("predictions", "trained_label_id")
    op.drop_column("predictions", "nearest_id")
    op.drop_index(
        "ix_clips_unusable", table_name="clips", postgresql_where="status IN ('rejected', 'too_short')"
    )
    op.drop_index("ix_clips_stored", table_name="clips", postgresql_where="uri LIKE 'store:%'")
    op.drop_index(op.f("ix_holdout_answers_model_id"), table_name="holdout_answers")
    op.drop_table("holdout_answers")
    op.drop_table("training_run_labels")
    op.drop_index(
        "ix_track_standings_features_asked_at",
        table_name="track_standings",
        postgresql_where="features_asked_at IS NOT NULL",
    )
    op.drop_index("ix_track_standings_asked_at", table_name="track_standings")
    op.drop_table("track_standings")
    op.drop_table("standings")
    op.drop_table("playlist_standings")
    op.drop_index(op.f("ix_changed_tracks_track_id"), table_name="changed_tracks")
    op.drop_table("changed_tracks")
