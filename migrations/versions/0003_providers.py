"""Streaming services: their state, lookups, and audio features of whole tracks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_state",
        sa.Column(
            "provider",
            sa.Text(),
            nullable=False,
            comment="spotify, deezer, reccobeats; previews: whoever hosts these.",
        ),
        sa.Column(
            "capability", sa.Text(), nullable=False, comment="api: any request at all; audio_features."
        ),
        sa.Column("works", sa.Boolean(), nullable=False, comment="Whether it did when it was last tried."),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why not, in a sentence with the cure."),
        sa.Column(
            "blocked_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="No request is sent before: the provider said so, and asking makes it longer.",
        ),
        sa.Column(
            "checked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last tried.",
        ),
        sa.PrimaryKeyConstraint("provider", "capability", name=op.f("pk_provider_state")),
        comment="What a provider offers that did not work for us once, and whether it does now.",
    )
    op.create_table(
        "lookups",
        sa.Column("track_id", sa.BigInteger(), nullable=False, comment="The track."),
        sa.Column("kind", sa.Text(), nullable=False, comment="What was asked for: audio, features."),
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            comment="Who was asked: own (the track's own preview), deezer, library; spotify, reccobeats.",
        ),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=False,
            comment="Why there was none, one word: unknown_isrc, no_preview, …",
        ),
        sa.Column("detail", sa.Text(), nullable=False, comment="The same in a sentence."),
        sa.Column(
            "again",
            sa.Boolean(),
            nullable=False,
            comment="True: a passing fault, and the next run asks again.",
        ),
        sa.Column(
            "tries",
            sa.SmallInteger(),
            server_default="1",
            nullable=False,
            comment="How often in a row it came to a passing fault.",
        ),
        sa.Column(
            "version",
            sa.Text(),
            nullable=True,
            comment="Version of what was searched, such as the library's; a new one is searched again.",
        ),
        sa.Column(
            "checked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was asked.",
        ),
        sa.CheckConstraint("kind IN ('audio', 'features')", name=op.f("ck_lookups_kind")),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_lookups_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", "kind", "source", name=op.f("pk_lookups")),
        comment="A source that was asked for something of a track and had none; so it is not asked anew.",
    )
    op.add_column(
        "audio_features",
        sa.Column(
            "licence", sa.Text(), nullable=True, comment="Under which terms a provider gives these numbers."
        ),
    )
    op.add_column(
        "audio_features",
        sa.Column(
            "loudness_db", sa.Float(), nullable=True, comment="Spotify's overall loudness, dB; no LUFS."
        ),
    )
    op.add_column(
        "audio_features",
        sa.Column("danceability", sa.Float(), nullable=True, comment="Spotify's measure, 0 to 1."),
    )
    op.add_column(
        "audio_features", sa.Column("energy", sa.Float(), nullable=True, comment="Spotify's measure, 0 to 1.")
    )
    op.add_column(
        "audio_features",
        sa.Column("speechiness", sa.Float(), nullable=True, comment="Spotify's measure, 0 to 1."),
    )
    op.add_column(
        "audio_features",
        sa.Column("acousticness", sa.Float(), nullable=True, comment="Spotify's measure, 0 to 1."),
    )
    op.add_column(
        "audio_features",
        sa.Column("instrumentalness", sa.Float(), nullable=True, comment="Spotify's measure, 0 to 1."),
    )
    op.add_column(
        "audio_features",
        sa.Column("liveness", sa.Float(), nullable=True, comment="Spotify's measure, 0 to 1."),
    )
    op.add_column(
        "audio_features",
        sa.Column("valence", sa.Float(), nullable=True, comment="Spotify's measure, 0 to 1."),
    )
    op.add_column(
        "audio_features",
        sa.Column("time_signature", sa.SmallInteger(), nullable=True, comment="Beats in a bar."),
    )
    op.alter_column(
        "audio_features",
        "clip_id",
        existing_type=sa.BIGINT(),
        nullable=True,
        comment="The clip that was measured; null where a provider speaks of the whole track.",
        existing_comment="The clip that was measured.",
    )
    op.alter_column(
        "audio_features",
        "origin",
        existing_type=sa.TEXT(),
        comment="Who measured: librosa, spotify, reccobeats.",
        existing_comment="Who measured: librosa, …",
        existing_nullable=False,
    )
    op.alter_column(
        "audio_features",
        "extractor_version",
        existing_type=sa.TEXT(),
        comment="Version of our code and library, or of the API.",
        existing_comment="Version of our code and of the library.",
        existing_nullable=False,
    )
    op.alter_column(
        "audio_features",
        "created_at",
        existing_type=postgresql.TIMESTAMP(timezone=True),
        comment="When it was computed or fetched.",
        existing_comment="When it was computed.",
        existing_nullable=False,
        existing_server_default=sa.text("now()"),
    )
    op.create_index(
        "uq_audio_features_of_track",
        "audio_features",
        ["track_id", "origin"],
        unique=True,
        postgresql_where="clip_id IS NULL",
    )
    op.create_table_comment(
        "audio_features",
        "What was measured of a clip here, or of a whole track by a provider. Null: not known.",
        existing_comment="What can be measured of a clip in a few numbers. Null where a value is not defined.",
        schema=None,
    )
    op.add_column(
        "clips",
        sa.Column(
            "reference",
            sa.Text(),
            nullable=True,
            comment="The provider's own name of the audio (deezer:track:…), by which it can be fetched again.",
        ),
    )
    op.alter_column(
        "clips",
        "provider",
        existing_type=sa.TEXT(),
        comment="Where the audio came from: spotify, deezer, library, folder, synth.",
        existing_comment="Where the audio came from: folder, synth, …",
        existing_nullable=False,
    )
    op.alter_column(
        "clips",
        "uri",
        existing_type=sa.TEXT(),
        comment="The audio file: store:… below LABELSCOPE_HOME, or file:… in place, percent-encoded.",
        existing_comment="The audio file, in place; percent-encoded, so exact for any name.",
        existing_nullable=False,
    )
    op.alter_column(
        "clips",
        "created_at",
        existing_type=postgresql.TIMESTAMP(timezone=True),
        comment="When it was found or fetched.",
        existing_comment="When it was found.",
        existing_nullable=False,
        existing_server_default=sa.text("now()"),
    )
    op.alter_column(
        "playlist_tracks",
        "added_at",
        existing_type=postgresql.TIMESTAMP(timezone=True),
        comment="When it came in: by the provider's word, or else when we first saw it.",
        existing_comment="When it came in.",
        existing_nullable=False,
        existing_server_default=sa.text("now()"),
    )
    op.add_column(
        "playlists",
        sa.Column(
            "listed_by",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="What names it: labels.toml, or the folder of the crate that it lies in.",
        ),
    )
    op.alter_column(
        "playlists",
        "provider",
        existing_type=sa.TEXT(),
        comment="Where the playlist lives: spotify, deezer, folder, synth.",
        existing_comment="Where the playlist lives: folder, synth, …",
        existing_nullable=False,
    )
    op.alter_column(
        "playlists",
        "last_seen_at",
        existing_type=postgresql.TIMESTAMP(timezone=True),
        comment="When it was last read, or seen to be as we hold it.",
        existing_comment="When it was last looked at.",
        existing_nullable=False,
        existing_server_default=sa.text("now()"),
    )
    op.add_column(
        "training_runs",
        sa.Column(
            "origins",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
            comment="Whose content it learnt from: providers of audio, and of playlists that gave labels.",
        ),
    )
    op.execute("""
        UPDATE training_runs r SET origins = coalesce(
               (SELECT jsonb_agg(DISTINCT t.provider)
                  FROM training_run_tracks rt JOIN tracks t ON t.id = rt.track_id
                 WHERE rt.training_run_id = r.id), '[]')
    """)
    # The crate of a folder is the folder above; the last part of its uri holds no slash.
    op.execute("UPDATE playlists SET listed_by = regexp_replace(external_id, '/[^/]*$', '')")
    op.create_index(
        op.f("ix_tracks_isrc"), "tracks", ["isrc"], unique=False, postgresql_where="isrc IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_tracks_isrc"), table_name="tracks", postgresql_where="isrc IS NOT NULL")
    op.alter_column(
        "playlists",
        "last_seen_at",
        existing_type=postgresql.TIMESTAMP(timezone=True),
        comment="When it was last looked at.",
        existing_comment="When it was last read, or seen to be as we hold it.",
        existing_nullable=False,
        existing_server_default=sa.text("now()"),
    )
    op.alter_column(
        "playlists",
        "provider",
        existing_type=sa.TEXT(),
        comment="Where the playlist lives: folder, synth, …",
        existing_comment="Where the playlist lives: spotify, deezer, folder, synth.",
        existing_nullable=False,
    )
    op.drop_column("training_runs", "origins")
    op.drop_column("playlists", "listed_by")
    op.alter_column(
        "playlist_tracks",
        "added_at",
        existing_type=postgresql.TIMESTAMP(timezone=True),
        comment="When it came in.",
        existing_comment="When it came in: by the provider's word, or else when we first saw it.",
        existing_nullable=False,
        existing_server_default=sa.text("now()"),
    )
    op.alter_column(
        "clips",
        "created_at",
        existing_type=postgresql.TIMESTAMP(timezone=True),
        comment="When it was found.",
        existing_comment="When it was found or fetched.",
        existing_nullable=False,
        existing_server_default=sa.text("now()"),
    )
    op.alter_column(
        "clips",
        "uri",
        existing_type=sa.TEXT(),
        comment="The audio file, in place; percent-encoded, so exact for any name.",
        existing_comment="The audio file: store:… below LABELSCOPE_HOME, or file:… in place, percent-encoded.",
        existing_nullable=False,
    )
    op.alter_column(
        "clips",
        "provider",
        existing_type=sa.TEXT(),
        comment="Where the audio came from: folder, synth, …",
        existing_comment="Where the audio came from: spotify, deezer, library, folder, synth.",
        existing_nullable=False,
    )
    op.drop_column("clips", "reference")
    op.create_table_comment(
        "audio_features",
        "What can be measured of a clip in a few numbers. Null where a value is not defined.",
        existing_comment="What was measured of a clip here, or of a whole track by a provider. Null: not known.",
        schema=None,
    )
    op.drop_index(
        "uq_audio_features_of_track", table_name="audio_features", postgresql_where="clip_id IS NULL"
    )
    op.alter_column(
        "audio_features",
        "created_at",
        existing_type=postgresql.TIMESTAMP(timezone=True),
        comment="When it was computed.",
        existing_comment="When it was computed or fetched.",
        existing_nullable=False,
        existing_server_default=sa.text("now()"),
    )
    op.alter_column(
        "audio_features",
        "extractor_version",
        existing_type=sa.TEXT(),
        comment="Version of our code and of the library.",
        existing_comment="Version of our code and library, or of the API.",
        existing_nullable=False,
    )
    op.alter_column(
        "audio_features",
        "origin",
        existing_type=sa.TEXT(),
        comment="Who measured: librosa, …",
        existing_comment="Who measured: librosa, spotify, reccobeats.",
        existing_nullable=False,
    )
    op.execute("DELETE FROM audio_features WHERE clip_id IS NULL")
    op.alter_column(
        "audio_features",
        "clip_id",
        existing_type=sa.BIGINT(),
        nullable=False,
        comment="The clip that was measured.",
        existing_comment="The clip that was measured; null where a provider speaks of the whole track.",
    )
    op.drop_column("audio_features", "time_signature")
    op.drop_column("audio_features", "valence")
    op.drop_column("audio_features", "liveness")
    op.drop_column("audio_features", "instrumentalness")
    op.drop_column("audio_features", "acousticness")
    op.drop_column("audio_features", "speechiness")
    op.drop_column("audio_features", "energy")
    op.drop_column("audio_features", "danceability")
    op.drop_column("audio_features", "loudness_db")
    op.drop_column("audio_features", "licence")
    op.drop_table("lookups")
    op.drop_table("provider_state")
