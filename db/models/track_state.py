"""The state of tracks in the pipeline, derived from the other tables.

Triggers record changed tracks in `changed_tracks`; `db/write/track_state.py` refreshes their state later. Until then
the views `track_states_now`, `playlist_track_states_now` and `track_labels` compute it. A reader misses no change.

These tables have no foreign keys: the refresh removes a deleted track from the counts.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id
from db.models.mixins import FeatureSums


class ChangedTrack(Base):
    __tablename__ = "changed_tracks"
    __table_args__ = (
        Index(None, "track_id"),
        {"comment": "Tracks that have changed since the last refresh of their state."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key, in the order of the changes.")
    track_id: Mapped[int] = mapped_column(comment="The track, which may be deleted.")


class TrackState(FeatureSums, Base):
    __tablename__ = "track_states"
    __table_args__ = (
        {
            "comment": "A state of tracks in the pipeline, and the number of tracks in it; a few thousand rows."
        },
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, comment="Hash of all columns down to scored_by.")
    provider: Mapped[str] = mapped_column(comment="Provider of these tracks.")
    label_id: Mapped[int | None] = mapped_column(
        comment="Label of the tracks; null without a playlist, or with playlists of two labels."
    )
    ambiguous: Mapped[bool] = mapped_column(comment="True if playlists of two labels hold the recording.")
    origins: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT), comment="Providers of the playlists that hold the tracks now."
    )
    clips: Mapped[int] = mapped_column(comment="Number of clips of each track.")
    clips_ready: Mapped[int] = mapped_column(comment="Number of ready clips of each track.")
    clips_new: Mapped[int] = mapped_column(comment="Number of clips of each track that wait for extraction.")
    to_extract: Mapped[bool] = mapped_column(
        comment="True if a clip waits for extraction, or has a rejection that a retry may cure."
    )
    config_ids: Mapped[list[int] | None] = mapped_column(
        comment="Spectrogram parameters that all ready and too short clips have; null without such clips."
    )
    fingerprint_version: Mapped[int | None] = mapped_column(
        comment="Version of the fingerprints of all ready clips; null if one is missing or versions differ."
    )
    audio: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT),
        comment="For each spectrogram of a ready clip: provider of the audio, a space, id of the parameters.",
    )
    without_audio: Mapped[str | None] = mapped_column(
        comment="Reason why tracks in playlists have no usable audio; null where they have some."
    )
    asked: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT), comment="For tracks without clips: sources that have no audio."
    )
    ask_again: Mapped[bool] = mapped_column(
        comment="True if one of these sources had a transient fault; the next run repeats the lookup."
    )
    library_version: Mapped[str | None] = mapped_column(
        comment="Version of the library at the last search for audio."
    )
    measured: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT), comment="Services with stored audio features of the whole track."
    )
    features_asked: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT), comment="Services that have no audio features."
    )
    split: Mapped[str | None] = mapped_column(comment="Split of the tracks; null before the assignment.")
    trained_in: Mapped[int | None] = mapped_column(comment="Newest completed training with the tracks.")
    scored_by: Mapped[int | None] = mapped_column(
        comment="Model with predictions for the tracks: the champion, or else the newest."
    )
    tracks: Mapped[int] = mapped_column(comment="Number of tracks in the state.")
    features: Mapped[int] = mapped_column(comment="Number of rows of audio features of the tracks.")


class TrackStateMember(FeatureSums, Base):
    __tablename__ = "track_state_members"
    __table_args__ = (
        Index("ix_track_state_members_asked_at", "state_id", "asked_at"),
        Index(
            "ix_track_state_members_features_asked_at",
            "state_id",
            "features_asked_at",
            postgresql_where="features_asked_at IS NOT NULL",
        ),
        {"comment": "The state of each track at its last refresh, and its part of the sums."},
    )

    track_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="The track.")
    state_id: Mapped[UUID] = mapped_column(comment="State of the track.")
    playlists: Mapped[list[int]] = mapped_column(comment="Ids of the playlists that hold the track.")
    asked_at: Mapped[datetime | None] = mapped_column(
        comment="For a track without clips: time of its oldest lookup of audio without a result."
    )
    features_asked_at: Mapped[datetime | None] = mapped_column(
        comment="Time of the oldest lookup of audio features without a result."
    )
    features: Mapped[int] = mapped_column(comment="Number of rows of audio features of the track.")


class PlaylistTrackState(Base):
    __tablename__ = "playlist_track_states"
    __table_args__ = ({"comment": "Number of tracks of a playlist in each state."},)

    playlist_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="The playlist.")
    state_id: Mapped[UUID] = mapped_column(primary_key=True, comment="The state.")
    tracks: Mapped[int] = mapped_column(comment="Number of the playlist's tracks in the state.")
