"""How tracks stand in the pipeline: what the other tables say of each, told once, so that nobody has to count anew.

All of it is derived. Triggers note in `changed_tracks` which tracks a transaction has touched;
`db/write/track_state.py` later works out how these stand now. Until then the views `standings_now`,
`playlist_standings_now` and `track_labels` work it out on the fly, so that whoever reads them never misses a change.
Nothing here refers to other tables by a foreign key: a track that is gone is taken off the counts when its change is
settled.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id


class ChangedTrack(Base):
    __tablename__ = "changed_tracks"
    __table_args__ = (
        Index(None, "track_id"),
        {"comment": "Tracks of which something has changed since it was worked out how they stand."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key, in the order of the changes.")
    track_id: Mapped[int] = mapped_column(comment="The track; it may be gone.")


class Standing(Base):
    __tablename__ = "standings"
    __table_args__ = (
        {"comment": "A way in which tracks stand in the pipeline, and how many do: a few thousand rows."},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, comment="Hash of all columns down to scored_by.")
    provider: Mapped[str] = mapped_column(comment="Who knows these tracks.")
    label_id: Mapped[int | None] = mapped_column(
        comment="Their label; null where no playlist holds them, or playlists disagree."
    )
    ambiguous: Mapped[bool] = mapped_column(comment="True: playlists of two labels hold the recording.")
    origins: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT), comment="Providers of the playlists that hold them now."
    )
    clips: Mapped[int] = mapped_column(comment="How many clips each of them has.")
    clips_ready: Mapped[int] = mapped_column(comment="How many of these are ready.")
    clips_new: Mapped[int] = mapped_column(comment="How many of these wait for extraction.")
    to_extract: Mapped[bool] = mapped_column(
        comment="True: a clip waits for extraction, or was rejected for a mishap that may have passed."
    )
    recipes: Mapped[list[int] | None] = mapped_column(
        comment="Recipes by which all ready and too short clips are drawn; null where there are no such clips."
    )
    fingerprint_version: Mapped[int | None] = mapped_column(
        comment="Version of the fingerprints of all ready clips; null where one has none, or they differ."
    )
    audio: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT),
        comment="Of each spectrogram of a ready clip: who gave the sound, a space, the recipe's id.",
    )
    without_audio: Mapped[str | None] = mapped_column(
        comment="Why tracks in playlists have no usable audio; null where they have."
    )
    asked: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT), comment="Of tracks without clips: sources that were asked for audio and had none."
    )
    ask_again: Mapped[bool] = mapped_column(
        comment="True: one of these sources had a passing fault, and is asked again by the next run."
    )
    library_version: Mapped[str | None] = mapped_column(
        comment="Version of the library that was searched for their audio."
    )
    measured: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT), comment="Services whose audio features of the whole track are there."
    )
    features_asked: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT), comment="Services that were asked for audio features and had none."
    )
    split: Mapped[str | None] = mapped_column(comment="Their side of the split; null: not placed yet.")
    trained_in: Mapped[int | None] = mapped_column(comment="The newest completed training that had them.")
    scored_by: Mapped[int | None] = mapped_column(
        comment="The model that scored them: the champion, or else the newest."
    )
    tracks: Mapped[int] = mapped_column(comment="How many tracks stand so.")
    features: Mapped[int] = mapped_column(comment="How many rows of audio features they have.")
    tempo_count: Mapped[int] = mapped_column(comment="How many of these rows have a tempo.")
    tempo_sum: Mapped[float] = mapped_column(comment="Sum of these.")
    loudness_count: Mapped[int] = mapped_column(comment="How many of the rows have a loudness in LUFS.")
    loudness_sum: Mapped[float] = mapped_column(comment="Sum of these.")
    onset_count: Mapped[int] = mapped_column(comment="How many of the rows have a rate of onsets.")
    onset_sum: Mapped[float] = mapped_column(comment="Sum of these.")


class TrackStanding(Base):
    __tablename__ = "track_standings"
    __table_args__ = (
        Index("ix_track_standings_asked_at", "standing_id", "asked_at"),
        Index(
            "ix_track_standings_features_asked_at",
            "standing_id",
            "features_asked_at",
            postgresql_where="features_asked_at IS NOT NULL",
        ),
        {"comment": "How each track stood when its last change was settled, and what it adds to the counts."},
    )

    track_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="The track.")
    standing_id: Mapped[UUID] = mapped_column(comment="How it stands.")
    playlists: Mapped[list[int]] = mapped_column(comment="Ids of the playlists that hold it.")
    asked_at: Mapped[datetime | None] = mapped_column(
        comment="Of a track without clips: when the first of the sources was asked that had none."
    )
    features_asked_at: Mapped[datetime | None] = mapped_column(
        comment="When the first of the services was asked that had no audio features."
    )
    features: Mapped[int] = mapped_column(comment="Its rows of audio features.")
    tempo_count: Mapped[int] = mapped_column(comment="How many of these have a tempo.")
    tempo_sum: Mapped[float] = mapped_column(comment="Sum of these.")
    loudness_count: Mapped[int] = mapped_column(comment="How many have a loudness in LUFS.")
    loudness_sum: Mapped[float] = mapped_column(comment="Sum of these.")
    onset_count: Mapped[int] = mapped_column(comment="How many have a rate of onsets.")
    onset_sum: Mapped[float] = mapped_column(comment="Sum of these.")


class PlaylistStanding(Base):
    __tablename__ = "playlist_standings"
    __table_args__ = ({"comment": "How many tracks of a playlist stand in which way."},)

    playlist_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="The playlist.")
    standing_id: Mapped[UUID] = mapped_column(primary_key=True, comment="The standing.")
    tracks: Mapped[int] = mapped_column(comment="How many of its tracks stand so.")
