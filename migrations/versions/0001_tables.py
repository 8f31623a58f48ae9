"""The tables of the catalogue, of audio and of learning."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "artists",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("provider", sa.Text(), nullable=False, comment="Who knows the artist by this id."),
        sa.Column(
            "external_id", sa.Text(), nullable=False, comment="The provider's id; for files the folded name."
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="The name as first seen."),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first ingested.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artists")),
        sa.UniqueConstraint("provider", "external_id", name=op.f("uq_artists_provider_external_id")),
        comment="An artist as one provider knows it.",
    )
    op.create_table(
        "labels",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="The order of ids is the order of the network's outputs.",
        ),
        sa.Column(
            "slug", sa.Text(), nullable=False, comment="Stable lower-case name, as in file and column names."
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="The name as people write it."),
        sa.Column(
            "description", sa.Text(), server_default="", nullable=False, comment="What this label stands for."
        ),
        sa.Column(
            "synthetic",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="True for made-up labels whose music Labelscope made itself.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the label was first seen.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint("slug", name=op.f("uq_labels_slug")),
        comment="One class that the network can tell: a record label.",
    )
    op.create_table(
        "spectrogram_recipes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column(
            "fingerprint",
            sa.String(length=12),
            nullable=False,
            comment="Hash of the parameters; names the folder of files.",
        ),
        sa.Column(
            "parameters",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Sample rate, n_fft, hop length, mel bands, …",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first used.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spectrogram_recipes")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_spectrogram_recipes_fingerprint")),
        comment="The exact parameters that turn sound into a log-mel spectrogram.",
    )
    op.create_table(
        "tracks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("provider", sa.Text(), nullable=False, comment="Who knows the track by this id."),
        sa.Column(
            "external_id",
            sa.Text(),
            nullable=False,
            comment="The provider's id; for files 'sha256:' and the hash.",
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="Title, from the tags or else the file name."),
        sa.Column("album", sa.Text(), nullable=True, comment="Album or release."),
        sa.Column("isrc", sa.Text(), nullable=True, comment="International Standard Recording Code."),
        sa.Column(
            "duration_seconds",
            sa.Numeric(precision=12, scale=3, asdecimal=False),
            nullable=True,
            comment="Length of the recording.",
        ),
        sa.Column(
            "release_date",
            sa.Text(),
            nullable=True,
            comment="As precise as known: YYYY, YYYY-MM or YYYY-MM-DD.",
        ),
        sa.Column(
            "raw",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
            comment="Tags or JSON as they came.",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first ingested.",
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a playlist last listed it.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracks")),
        sa.UniqueConstraint("provider", "external_id", name=op.f("uq_tracks_provider_external_id")),
        comment="A recording in a provider's catalogue; for files, one row per distinct content.",
    )
    op.create_table(
        "clips",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("track_id", sa.BigInteger(), nullable=False, comment="The track that it is cut from."),
        sa.Column(
            "provider", sa.Text(), nullable=False, comment="Where the audio came from: folder, synth, …"
        ),
        sa.Column(
            "licence", sa.Text(), nullable=True, comment="The licence as stated by the file or the provider."
        ),
        sa.Column(
            "uri",
            sa.Text(),
            nullable=False,
            comment="The audio file, in place; percent-encoded, so exact for any name.",
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="Of the whole audio file."),
        sa.Column("bytes", sa.BigInteger(), nullable=False, comment="Size of the audio file."),
        sa.Column(
            "modified_ns",
            sa.BigInteger(),
            nullable=False,
            comment="Modification time of the file in nanoseconds since 1970, to know it again unread.",
        ),
        sa.Column(
            "offset_seconds",
            sa.Numeric(precision=12, scale=3, asdecimal=False),
            nullable=False,
            comment="Where in the file the clip begins.",
        ),
        sa.Column(
            "duration_seconds",
            sa.Numeric(precision=12, scale=3, asdecimal=False),
            nullable=False,
            comment="Length of the clip.",
        ),
        sa.Column(
            "status",
            sa.Text(),
            server_default="new",
            nullable=False,
            comment="new; ready: has a spectrogram; too_short: less than one crop; rejected.",
        ),
        sa.Column(
            "reason", sa.Text(), nullable=True, comment="Why it was rejected, one word: truncated, silent, …"
        ),
        sa.Column("detail", sa.Text(), nullable=True, comment="The same in a sentence, with the cure."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was found.",
        ),
        sa.CheckConstraint(
            "(status = 'rejected') = (reason IS NOT NULL)", name=op.f("ck_clips_rejected_with_reason")
        ),
        sa.CheckConstraint(
            "status IN ('new', 'ready', 'too_short', 'rejected')", name=op.f("ck_clips_status")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_clips_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clips")),
        sa.UniqueConstraint(
            "track_id", "provider", "offset_seconds", name=op.f("uq_clips_track_id_provider_offset_seconds")
        ),
        comment="A piece of a track's audio: a whole preview, or a window cut from a longer file.",
    )
    op.create_index("ix_clips_new", "clips", ["id"], unique=False, postgresql_where="status = 'new'")
    op.create_table(
        "playlists",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column(
            "provider", sa.Text(), nullable=False, comment="Where the playlist lives: folder, synth, …"
        ),
        sa.Column(
            "external_id",
            sa.Text(),
            nullable=False,
            comment="The provider's own id; for a folder its file URI.",
        ),
        sa.Column("label_id", sa.BigInteger(), nullable=False, comment="The label that it stands for."),
        sa.Column("name", sa.Text(), nullable=False, comment="The name as the provider shows it."),
        sa.Column(
            "snapshot_id",
            sa.Text(),
            nullable=True,
            comment="Version of the list at the last complete ingest; the same again means nothing to do.",
        ),
        sa.Column(
            "status", sa.Text(), server_default="new", nullable=False, comment="How the last ingest went."
        ),
        sa.Column(
            "status_reason", sa.Text(), nullable=True, comment="Why it went so, where it did not go well."
        ),
        sa.Column(
            "raw",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
            comment="What the provider said of it.",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first ingested.",
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last looked at.",
        ),
        sa.CheckConstraint(
            "status IN ('new', 'ok', 'metadata_only', 'forbidden', 'gone', 'deferred')",
            name=op.f("ck_playlists_status"),
        ),
        sa.ForeignKeyConstraint(["label_id"], ["labels.id"], name=op.f("fk_playlists_label_id_labels")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playlists")),
        sa.UniqueConstraint("provider", "external_id", name=op.f("uq_playlists_provider_external_id")),
        comment="A list of tracks that stands for a label: a folder, or a playlist of a service.",
    )
    op.create_index(op.f("ix_playlists_label_id"), "playlists", ["label_id"], unique=False)
    op.create_table(
        "track_artists",
        sa.Column("track_id", sa.BigInteger(), nullable=False, comment="The track."),
        sa.Column("artist_id", sa.BigInteger(), nullable=False, comment="The artist."),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="0 for the first named."),
        sa.ForeignKeyConstraint(
            ["artist_id"], ["artists.id"], name=op.f("fk_track_artists_artist_id_artists")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_track_artists_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", "artist_id", name=op.f("pk_track_artists")),
        comment="Who made a track, in the order of the credit.",
    )
    op.create_index(op.f("ix_track_artists_artist_id"), "track_artists", ["artist_id"], unique=False)
    op.create_table(
        "training_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("flow_run_id", sa.Text(), nullable=True, comment="The Prefect flow run that did it."),
        sa.Column(
            "why",
            sa.Text(),
            nullable=False,
            comment="What set it off: the first one, enough new tracks, a person's wish.",
        ),
        sa.Column(
            "status", sa.Text(), server_default="running", nullable=False, comment="How it stands or ended."
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="Why it was refused or failed."),
        sa.Column(
            "remarks",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
            comment="What it had to leave out, a sentence each.",
        ),
        sa.Column("architecture", sa.Text(), nullable=False, comment="Name of the network: seed, …"),
        sa.Column(
            "hyperparameters",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="All of them, the random seed too.",
        ),
        sa.Column("recipe_id", sa.BigInteger(), nullable=False, comment="What it learns from."),
        sa.Column(
            "dataset_fingerprint",
            sa.String(length=64),
            nullable=False,
            comment="Hash over spectrograms, labels and splits.",
        ),
        sa.Column(
            "labels",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Ids and slugs in the order of the outputs.",
        ),
        sa.Column(
            "versions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Python, libraries, backend, and code revision.",
        ),
        sa.Column(
            "history",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
            comment="One entry per epoch: losses and accuracies.",
        ),
        sa.Column("seconds", sa.Float(), nullable=True, comment="Wall time of the fit."),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it began.",
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True, comment="When it ended."),
        sa.CheckConstraint(
            "status IN ('running', 'completed', 'refused', 'failed', 'crashed')",
            name=op.f("ck_training_runs_status"),
        ),
        sa.ForeignKeyConstraint(
            ["recipe_id"],
            ["spectrogram_recipes.id"],
            name=op.f("fk_training_runs_recipe_id_spectrogram_recipes"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_runs")),
        comment="One training, with everything that is needed to repeat it.",
    )
    op.create_index(op.f("ix_training_runs_recipe_id"), "training_runs", ["recipe_id"], unique=False)
    op.create_table(
        "audio_features",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("track_id", sa.BigInteger(), nullable=False, comment="The track."),
        sa.Column("clip_id", sa.BigInteger(), nullable=False, comment="The clip that was measured."),
        sa.Column("origin", sa.Text(), nullable=False, comment="Who measured: librosa, …"),
        sa.Column(
            "extractor_version", sa.Text(), nullable=False, comment="Version of our code and of the library."
        ),
        sa.Column("tempo", sa.Float(), nullable=True, comment="Beats per minute."),
        sa.Column(
            "key", sa.SmallInteger(), nullable=True, comment="Pitch class: 0 = C, 1 = C sharp, … 11 = B."
        ),
        sa.Column("mode", sa.SmallInteger(), nullable=True, comment="1 = major, 0 = minor."),
        sa.Column(
            "key_confidence",
            sa.Float(),
            nullable=True,
            comment="Correlation with the best key profile, to 1.",
        ),
        sa.Column("loudness_lufs", sa.Float(), nullable=True, comment="Integrated loudness, ITU-R BS.1770."),
        sa.Column("onset_rate", sa.Float(), nullable=True, comment="Onsets per second."),
        sa.Column("spectral_centroid_hz", sa.Float(), nullable=True, comment="Mean over frames."),
        sa.Column(
            "spectral_rolloff_hz",
            sa.Float(),
            nullable=True,
            comment="Mean over frames; 85 % of the energy below.",
        ),
        sa.Column(
            "spectral_flatness", sa.Float(), nullable=True, comment="Mean over frames; 0 tone, 1 noise."
        ),
        sa.Column(
            "zero_crossing_rate", sa.Float(), nullable=True, comment="Mean share of samples that change sign."
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was computed.",
        ),
        sa.CheckConstraint("key BETWEEN 0 AND 11", name=op.f("ck_audio_features_key")),
        sa.CheckConstraint("mode IN (0, 1)", name=op.f("ck_audio_features_mode")),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_audio_features_clip_id_clips"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_audio_features_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audio_features")),
        sa.UniqueConstraint(
            "clip_id",
            "origin",
            "extractor_version",
            name=op.f("uq_audio_features_clip_id_origin_extractor_version"),
        ),
        comment="What can be measured of a clip in a few numbers. Null where a value is not defined.",
    )
    op.create_index(op.f("ix_audio_features_track_id"), "audio_features", ["track_id"], unique=False)
    op.create_table(
        "loads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("playlist_id", sa.BigInteger(), nullable=False, comment="What was ingested."),
        sa.Column("flow_run_id", sa.Text(), nullable=True, comment="The Prefect flow run that did it."),
        sa.Column(
            "snapshot_id",
            sa.Text(),
            nullable=False,
            comment="The version of the playlist that this load holds.",
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, comment="When reading began."),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When all was written.",
        ),
        sa.Column("entries", sa.BigInteger(), nullable=False, comment="Entries read, good and bad."),
        sa.Column(
            "tracks_added",
            sa.BigInteger(),
            nullable=False,
            comment="Tracks that were not in the playlist before.",
        ),
        sa.Column(
            "tracks_removed", sa.BigInteger(), nullable=False, comment="Tracks that are no longer in it."
        ),
        sa.Column("rejected", sa.BigInteger(), nullable=False, comment="Entries that could not be used."),
        sa.ForeignKeyConstraint(
            ["playlist_id"], ["playlists.id"], name=op.f("fk_loads_playlist_id_playlists")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loads")),
        comment="One complete ingest of one changed playlist. A row exists only when all of it is in.",
    )
    op.create_index(op.f("ix_loads_playlist_id"), "loads", ["playlist_id"], unique=False)
    op.create_table(
        "models",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("training_run_id", sa.BigInteger(), nullable=False, comment="How it came about."),
        sa.Column(
            "path", sa.Text(), nullable=False, comment="The .keras file, relative to models/ in the home."
        ),
        sa.Column(
            "sha256",
            sa.String(length=64),
            nullable=False,
            comment="Of the .keras file; a file that differs is refused.",
        ),
        sa.Column("bytes", sa.BigInteger(), nullable=False, comment="Size of the .keras file."),
        sa.Column(
            "status", sa.Text(), server_default="candidate", nullable=False, comment="Whether it is in use."
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why it has this status."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was trained.",
        ),
        sa.Column(
            "promoted_at", sa.DateTime(timezone=True), nullable=True, comment="When it became champion."
        ),
        sa.CheckConstraint(
            "status IN ('candidate', 'champion', 'retired', 'rejected')", name=op.f("ck_models_status")
        ),
        sa.ForeignKeyConstraint(
            ["training_run_id"], ["training_runs.id"], name=op.f("fk_models_training_run_id_training_runs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_models")),
        sa.UniqueConstraint("training_run_id", name=op.f("uq_models_training_run_id")),
        comment="A trained network in a file. At most one is the champion, the one in use.",
    )
    op.create_index(
        "uq_models_one_champion", "models", ["status"], unique=True, postgresql_where="status = 'champion'"
    )
    op.create_table(
        "playlist_tracks",
        sa.Column("playlist_id", sa.BigInteger(), nullable=False, comment="The playlist."),
        sa.Column("track_id", sa.BigInteger(), nullable=False, comment="The track."),
        sa.Column(
            "added_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it came in.",
        ),
        sa.Column(
            "removed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was seen to be gone; null while it is in.",
        ),
        sa.ForeignKeyConstraint(
            ["playlist_id"], ["playlists.id"], name=op.f("fk_playlist_tracks_playlist_id_playlists")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_playlist_tracks_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("playlist_id", "track_id", name=op.f("pk_playlist_tracks")),
        comment="Which playlist holds which track, as of the playlist's last complete ingest.",
    )
    op.create_index(op.f("ix_playlist_tracks_track_id"), "playlist_tracks", ["track_id"], unique=False)
    op.create_table(
        "spectrograms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("clip_id", sa.BigInteger(), nullable=False, comment="What it shows."),
        sa.Column("recipe_id", sa.BigInteger(), nullable=False, comment="How it was computed."),
        sa.Column("path", sa.Text(), nullable=False, comment="Relative to spectrograms/ in the home."),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="Of the .npy file."),
        sa.Column("bytes", sa.BigInteger(), nullable=False, comment="Size of the .npy file."),
        sa.Column(
            "frames", sa.BigInteger(), nullable=False, comment="Number of frames, one every hop length."
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was computed.",
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_spectrograms_clip_id_clips"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["recipe_id"],
            ["spectrogram_recipes.id"],
            name=op.f("fk_spectrograms_recipe_id_spectrogram_recipes"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spectrograms")),
        sa.UniqueConstraint("clip_id", "recipe_id", name=op.f("uq_spectrograms_clip_id_recipe_id")),
        comment="One log-mel spectrogram file: float16 .npy of shape (frames, mel bands), in dB.",
    )
    op.create_index(op.f("ix_spectrograms_recipe_id"), "spectrograms", ["recipe_id"], unique=False)
    op.create_table(
        "training_run_tracks",
        sa.Column("training_run_id", sa.BigInteger(), nullable=False, comment="The training."),
        sa.Column("track_id", sa.BigInteger(), nullable=False, comment="The track."),
        sa.Column("label_id", sa.BigInteger(), nullable=False, comment="Its label at that time."),
        sa.Column("split", sa.Text(), nullable=False, comment="train, validation or holdout."),
        sa.Column(
            "group_key", sa.Text(), nullable=False, comment="Tracks of one group are never on two sides."
        ),
        sa.Column(
            "scheme", sa.Text(), nullable=False, comment="What made the group: artist, album or title."
        ),
        sa.CheckConstraint(
            "split IN ('train', 'validation', 'holdout')", name=op.f("ck_training_run_tracks_split")
        ),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labels.id"], name=op.f("fk_training_run_tracks_label_id_labels")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["tracks.id"],
            name=op.f("fk_training_run_tracks_track_id_tracks"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["training_run_id"],
            ["training_runs.id"],
            name=op.f("fk_training_run_tracks_training_run_id_training_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("training_run_id", "track_id", name=op.f("pk_training_run_tracks")),
        comment="Which track stood on which side in a training.",
    )
    op.create_index(
        op.f("ix_training_run_tracks_track_id"), "training_run_tracks", ["track_id"], unique=False
    )
    op.create_table(
        "confusions",
        sa.Column("model_id", sa.BigInteger(), nullable=False, comment="The model."),
        sa.Column("split", sa.Text(), nullable=False, comment="train, validation or holdout."),
        sa.Column("level", sa.Text(), nullable=False, comment="crop, clip or track."),
        sa.Column("true_label_id", sa.BigInteger(), nullable=False, comment="What it is."),
        sa.Column("predicted_label_id", sa.BigInteger(), nullable=False, comment="What it was taken for."),
        sa.Column("count", sa.BigInteger(), nullable=False, comment="How often."),
        sa.CheckConstraint("level IN ('crop', 'clip', 'track')", name=op.f("ck_confusions_level")),
        sa.CheckConstraint("split IN ('train', 'validation', 'holdout')", name=op.f("ck_confusions_split")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_confusions_model_id_models"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["predicted_label_id"], ["labels.id"], name=op.f("fk_confusions_predicted_label_id_labels")
        ),
        sa.ForeignKeyConstraint(
            ["true_label_id"], ["labels.id"], name=op.f("fk_confusions_true_label_id_labels")
        ),
        sa.PrimaryKeyConstraint(
            "model_id", "split", "level", "true_label_id", "predicted_label_id", name=op.f("pk_confusions")
        ),
        comment="How often a label was taken for another; pairs that never occurred have no row.",
    )
    op.create_table(
        "metrics",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("model_id", sa.BigInteger(), nullable=False, comment="The model."),
        sa.Column("split", sa.Text(), nullable=False, comment="train, validation or holdout."),
        sa.Column(
            "level",
            sa.Text(),
            nullable=False,
            comment="crop, clip (mean of its crops) or track (mean of its clips).",
        ),
        sa.Column(
            "name",
            sa.Text(),
            nullable=False,
            comment="accuracy, balanced_accuracy, macro_f1, precision, recall, …",
        ),
        sa.Column("label_id", sa.BigInteger(), nullable=True, comment="Null for all labels together."),
        sa.Column("value", sa.Float(), nullable=False, comment="The number."),
        sa.Column("ci_low", sa.Float(), nullable=True, comment="Lower end of the 95 % interval."),
        sa.Column("ci_high", sa.Float(), nullable=True, comment="Upper end of the 95 % interval."),
        sa.Column(
            "count", sa.BigInteger(), nullable=False, comment="How many crops, clips or tracks it rests on."
        ),
        sa.CheckConstraint("level IN ('crop', 'clip', 'track')", name=op.f("ck_metrics_level")),
        sa.CheckConstraint("split IN ('train', 'validation', 'holdout')", name=op.f("ck_metrics_split")),
        sa.ForeignKeyConstraint(["label_id"], ["labels.id"], name=op.f("fk_metrics_label_id_labels")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_metrics_model_id_models"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metrics")),
        sa.UniqueConstraint(
            "model_id",
            "split",
            "level",
            "name",
            "label_id",
            name=op.f("uq_metrics_model_id_split_level_name_label_id"),
        ),
        comment="How good a model is: one number per split, level and, for some, label.",
    )
    op.create_index(
        "uq_metrics_overall",
        "metrics",
        ["model_id", "split", "level", "name"],
        unique=True,
        postgresql_where="label_id IS NULL",
    )
    op.create_table(
        "predictions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("track_id", sa.BigInteger(), nullable=False, comment="The track."),
        sa.Column("model_id", sa.BigInteger(), nullable=False, comment="The model."),
        sa.Column("label_id", sa.BigInteger(), nullable=False, comment="The most probable label."),
        sa.Column("confidence", sa.Float(), nullable=False, comment="The probability of that label, 0 to 1."),
        sa.Column("clips", sa.BigInteger(), nullable=False, comment="How many clips were heard."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was scored.",
        ),
        sa.ForeignKeyConstraint(["label_id"], ["labels.id"], name=op.f("fk_predictions_label_id_labels")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_predictions_model_id_models"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_predictions_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_predictions")),
        sa.UniqueConstraint("track_id", "model_id", name=op.f("uq_predictions_track_id_model_id")),
        comment="What a model says of a track: the mean over its clips.",
    )
    op.create_index(op.f("ix_predictions_model_id"), "predictions", ["model_id"], unique=False)
    op.create_table(
        "rejected_records",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Primary key."),
        sa.Column("playlist_id", sa.BigInteger(), nullable=False, comment="Where it stood."),
        sa.Column("load_id", sa.BigInteger(), nullable=False, comment="The load that met it first."),
        sa.Column(
            "reference", sa.Text(), nullable=False, comment="Which entry: a file's path, a provider's id."
        ),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=False,
            comment="One word: empty, not_audio, unreadable, duplicate, …",
        ),
        sa.Column(
            "detail", sa.Text(), nullable=False, comment="What was wrong and what helps, in a sentence."
        ),
        sa.Column(
            "payload",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
            comment="The entry as it came.",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first met.",
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last met.",
        ),
        sa.Column(
            "resolved_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When a later load no longer met it.",
        ),
        sa.ForeignKeyConstraint(["load_id"], ["loads.id"], name=op.f("fk_rejected_records_load_id_loads")),
        sa.ForeignKeyConstraint(
            ["playlist_id"], ["playlists.id"], name=op.f("fk_rejected_records_playlist_id_playlists")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_records")),
        sa.UniqueConstraint(
            "playlist_id",
            "reference",
            "reason",
            name=op.f("uq_rejected_records_playlist_id_reference_reason"),
        ),
        comment="An entry of a playlist that could not be used, with the reason.",
    )
    op.create_index(op.f("ix_rejected_records_load_id"), "rejected_records", ["load_id"], unique=False)
    op.create_table(
        "prediction_scores",
        sa.Column("prediction_id", sa.BigInteger(), nullable=False, comment="The prediction."),
        sa.Column("label_id", sa.BigInteger(), nullable=False, comment="The label."),
        sa.Column("probability", sa.Float(), nullable=False, comment="0 to 1."),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labels.id"], name=op.f("fk_prediction_scores_label_id_labels")
        ),
        sa.ForeignKeyConstraint(
            ["prediction_id"],
            ["predictions.id"],
            name=op.f("fk_prediction_scores_prediction_id_predictions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("prediction_id", "label_id", name=op.f("pk_prediction_scores")),
        comment="The probability of each label in a prediction; they sum to 1.",
    )


def downgrade() -> None:
    op.drop_table("prediction_scores")
    op.drop_index(op.f("ix_rejected_records_load_id"), table_name="rejected_records")
    op.drop_table("rejected_records")
    op.drop_index(op.f("ix_predictions_model_id"), table_name="predictions")
    op.drop_table("predictions")
    op.drop_index("uq_metrics_overall", table_name="metrics", postgresql_where="label_id IS NULL")
    op.drop_table("metrics")
    op.drop_table("confusions")
    op.drop_index(op.f("ix_training_run_tracks_track_id"), table_name="training_run_tracks")
    op.drop_table("training_run_tracks")
    op.drop_index(op.f("ix_spectrograms_recipe_id"), table_name="spectrograms")
    op.drop_table("spectrograms")
    op.drop_index(op.f("ix_playlist_tracks_track_id"), table_name="playlist_tracks")
    op.drop_table("playlist_tracks")
    op.drop_index("uq_models_one_champion", table_name="models", postgresql_where="status = 'champion'")
    op.drop_table("models")
    op.drop_index(op.f("ix_loads_playlist_id"), table_name="loads")
    op.drop_table("loads")
    op.drop_index(op.f("ix_audio_features_track_id"), table_name="audio_features")
    op.drop_table("audio_features")
    op.drop_index(op.f("ix_training_runs_recipe_id"), table_name="training_runs")
    op.drop_table("training_runs")
    op.drop_index(op.f("ix_track_artists_artist_id"), table_name="track_artists")
    op.drop_table("track_artists")
    op.drop_index(op.f("ix_playlists_label_id"), table_name="playlists")
    op.drop_table("playlists")
    op.drop_index("ix_clips_new", table_name="clips", postgresql_where="status = 'new'")
    op.drop_table("clips")
    op.drop_table("tracks")
    op.drop_table("spectrogram_recipes")
    op.drop_table("labels")
    op.drop_table("artists")
