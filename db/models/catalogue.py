"""Labels, playlists, tracks, and what one ingest of a playlist brought."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, Seconds, SetNow, one_of


class Label(Base):
    __tablename__ = "labels"
    __table_args__ = (
        UniqueConstraint("slug"),
        {"comment": "One class that the network can tell: a record label."},
    )

    id: Mapped[Id] = mapped_column(comment="The order of ids is the order of the network's outputs.")
    slug: Mapped[str] = mapped_column(comment="Stable lower-case name, as in file and column names.")
    name: Mapped[str] = mapped_column(comment="The name as people write it.")
    description: Mapped[str] = mapped_column(server_default="", comment="What this label stands for.")
    synthetic: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="True for made-up labels whose music Labelscope made itself."
    )
    created_at: Mapped[SetNow] = mapped_column(comment="When the label was first seen.")


class Playlist(Base):
    __tablename__ = "playlists"
    __table_args__ = (
        UniqueConstraint("provider", "external_id"),
        CheckConstraint(
            one_of("status", "new", "ok", "metadata_only", "forbidden", "gone", "deferred"), "status"
        ),
        Index(None, "label_id"),
        {"comment": "A list of tracks that stands for a label: a folder, or a playlist of a service."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    provider: Mapped[str] = mapped_column(comment="Where the playlist lives: spotify, deezer, folder, synth.")
    external_id: Mapped[str] = mapped_column(comment="The provider's own id; for a folder its file URI.")
    listed_by: Mapped[str] = mapped_column(
        server_default="", comment="What names it: labels.toml, or the folder of the crate that it lies in."
    )
    label_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), comment="The label that it stands for.")
    name: Mapped[str] = mapped_column(comment="The name as the provider shows it.")
    snapshot_id: Mapped[str | None] = mapped_column(
        comment="Version of the list at the last complete ingest; the same again means nothing to do."
    )
    status: Mapped[str] = mapped_column(server_default="new", comment="How the last ingest went.")
    status_reason: Mapped[str | None] = mapped_column(comment="Why it went so, where it did not go well.")
    raw: Mapped[dict[str, Any]] = mapped_column(server_default="{}", comment="What the provider said of it.")
    first_seen_at: Mapped[SetNow] = mapped_column(comment="When it was first ingested.")
    last_seen_at: Mapped[SetNow] = mapped_column(
        comment="When it was last read, or seen to be as we hold it."
    )


class Artist(Base):
    __tablename__ = "artists"
    __table_args__ = (
        UniqueConstraint("provider", "external_id"),
        {"comment": "An artist as one provider knows it."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    provider: Mapped[str] = mapped_column(comment="Who knows the artist by this id.")
    external_id: Mapped[str] = mapped_column(comment="The provider's id; for files the folded name.")
    name: Mapped[str] = mapped_column(comment="The name as first seen.")
    first_seen_at: Mapped[SetNow] = mapped_column(comment="When it was first ingested.")


class Track(Base):
    __tablename__ = "tracks"
    __table_args__ = (
        UniqueConstraint("provider", "external_id"),
        Index(None, "isrc", postgresql_where="isrc IS NOT NULL"),
        {"comment": "A recording in a provider's catalogue; for files, one row per distinct content."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    provider: Mapped[str] = mapped_column(comment="Who knows the track by this id.")
    external_id: Mapped[str] = mapped_column(comment="The provider's id; for files 'sha256:' and the hash.")
    title: Mapped[str] = mapped_column(comment="Title, from the tags or else the file name.")
    album: Mapped[str | None] = mapped_column(comment="Album or release.")
    isrc: Mapped[str | None] = mapped_column(comment="International Standard Recording Code.")
    duration_seconds: Mapped[Seconds | None] = mapped_column(comment="Length of the recording.")
    release_date: Mapped[str | None] = mapped_column(
        comment="As precise as known: YYYY, YYYY-MM or YYYY-MM-DD."
    )
    raw: Mapped[dict[str, Any]] = mapped_column(server_default="{}", comment="Tags or JSON as they came.")
    first_seen_at: Mapped[SetNow] = mapped_column(comment="When it was first ingested.")
    last_seen_at: Mapped[SetNow] = mapped_column(comment="When a playlist last listed it.")


class TrackArtist(Base):
    __tablename__ = "track_artists"
    __table_args__ = (Index(None, "artist_id"), {"comment": "Who made a track, in the order of the credit."})

    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True, comment="The track."
    )
    artist_id: Mapped[int] = mapped_column(ForeignKey("artists.id"), primary_key=True, comment="The artist.")
    position: Mapped[int] = mapped_column(comment="0 for the first named.")


class PlaylistTrack(Base):
    __tablename__ = "playlist_tracks"
    __table_args__ = (
        Index(None, "track_id"),
        {"comment": "Which playlist holds which track, as of the playlist's last complete ingest."},
    )

    playlist_id: Mapped[int] = mapped_column(
        ForeignKey("playlists.id"), primary_key=True, comment="The playlist."
    )
    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True, comment="The track."
    )
    added_at: Mapped[SetNow] = mapped_column(
        comment="When it came in: by the provider's word, or else when we first saw it."
    )
    removed_at: Mapped[datetime | None] = mapped_column(
        comment="When it was seen to be gone; null while it is in."
    )


class Load(Base):
    __tablename__ = "loads"
    __table_args__ = (
        Index(None, "playlist_id"),
        {"comment": "One complete ingest of one changed playlist. A row exists only when all of it is in."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    playlist_id: Mapped[int] = mapped_column(ForeignKey("playlists.id"), comment="What was ingested.")
    flow_run_id: Mapped[str | None] = mapped_column(comment="The Prefect flow run that did it.")
    snapshot_id: Mapped[str] = mapped_column(comment="The version of the playlist that this load holds.")
    started_at: Mapped[datetime] = mapped_column(comment="When reading began.")
    finished_at: Mapped[SetNow] = mapped_column(comment="When all was written.")
    entries: Mapped[int] = mapped_column(comment="Entries read, good and bad.")
    tracks_added: Mapped[int] = mapped_column(comment="Tracks that were not in the playlist before.")
    tracks_removed: Mapped[int] = mapped_column(comment="Tracks that are no longer in it.")
    rejected: Mapped[int] = mapped_column(comment="Entries that could not be used.")


class RejectedRecord(Base):
    __tablename__ = "rejected_records"
    __table_args__ = (
        UniqueConstraint("playlist_id", "reference", "reason"),
        Index(None, "load_id"),
        Index("ix_rejected_records_unresolved", "playlist_id", postgresql_where="resolved_at IS NULL"),
        {"comment": "An entry of a playlist that could not be used, with the reason."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    playlist_id: Mapped[int] = mapped_column(ForeignKey("playlists.id"), comment="Where it stood.")
    load_id: Mapped[int] = mapped_column(ForeignKey("loads.id"), comment="The load that met it first.")
    reference: Mapped[str] = mapped_column(comment="Which entry: a file's path, a provider's id.")
    reason: Mapped[str] = mapped_column(comment="One word: empty, not_audio, unreadable, duplicate, …")
    detail: Mapped[str] = mapped_column(comment="What was wrong and what helps, in a sentence.")
    payload: Mapped[dict[str, Any]] = mapped_column(server_default="{}", comment="The entry as it came.")
    first_seen_at: Mapped[SetNow] = mapped_column(comment="When it was first met.")
    last_seen_at: Mapped[SetNow] = mapped_column(comment="When it was last met.")
    resolved_at: Mapped[datetime | None] = mapped_column(comment="When a later load no longer met it.")
