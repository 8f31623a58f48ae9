"""Labels, playlists, artists and tracks, and a record of each ingest of a playlist."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, FlowRunId, Id, Seconds, SetNow, TrackKey, one_of


class Label(Base):
    __tablename__ = "labels"
    __table_args__ = (
        UniqueConstraint("slug"),
        {"comment": "A class of the network: a record label."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key; the network's outputs are in the order of ids.")
    slug: Mapped[str] = mapped_column(comment="Stable lower-case name, used in files and columns.")
    name: Mapped[str] = mapped_column(comment="Name of the label as people write it.")
    description: Mapped[str] = mapped_column(server_default="", comment="Description of the label's music.")
    synthetic: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="True for an invented label whose music Labelscope generates."
    )
    created_at: Mapped[SetNow] = mapped_column(comment="Time of the first ingest of the label.")


class Playlist(Base):
    __tablename__ = "playlists"
    __table_args__ = (
        UniqueConstraint("provider", "external_id"),
        CheckConstraint(
            one_of("status", "new", "ok", "metadata_only", "forbidden", "gone", "deferred"), "status"
        ),
        Index(None, "label_id"),
        {"comment": "A list of tracks that gives them a label: a folder, or a playlist of a service."},
    )

    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(
        comment="Provider of the playlist: spotify, deezer, folder or synth."
    )
    external_id: Mapped[str] = mapped_column(
        comment="Id of the playlist at the provider; for a folder its file URI."
    )
    listed_by: Mapped[str] = mapped_column(
        server_default="",
        comment="Source that lists the playlist: labels.toml, or the URI of the crate's folder.",
    )
    label_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), comment="Label of the playlist's tracks.")
    name: Mapped[str] = mapped_column(comment="Name of the playlist at the provider.")
    snapshot_id: Mapped[str | None] = mapped_column(
        comment="Version of the list at the last complete ingest; an ingest skips an unchanged version."
    )
    status: Mapped[str] = mapped_column(
        server_default="new",
        comment="Outcome of the last ingest: new, ok, metadata_only, forbidden, gone or deferred.",
    )
    status_reason: Mapped[str | None] = mapped_column(comment="Reason for an outcome other than ok.")
    removed_at: Mapped[datetime | None] = mapped_column(
        comment="Time of the first ingest whose source no longer listed the playlist; null while it is listed."
    )
    raw: Mapped[dict[str, Any]] = mapped_column(
        server_default="{}", comment="Record of the playlist as the provider sent it."
    )
    first_seen_at: Mapped[SetNow] = mapped_column(comment="Time of the first ingest.")
    last_seen_at: Mapped[SetNow] = mapped_column(
        comment="Time of the last ingest that read the playlist or found it unchanged."
    )


class Artist(Base):
    __tablename__ = "artists"
    __table_args__ = (
        UniqueConstraint("provider", "external_id"),
        {"comment": "An artist in one provider's catalogue."},
    )

    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(comment="Provider of the artist's id.")
    external_id: Mapped[str] = mapped_column(
        comment="Id of the artist at the provider; for files the case-folded name."
    )
    name: Mapped[str] = mapped_column(comment="Name of the artist at the first ingest.")
    first_seen_at: Mapped[SetNow] = mapped_column(comment="Time of the first ingest.")


class Track(Base):
    __tablename__ = "tracks"
    __table_args__ = (
        UniqueConstraint("provider", "external_id"),
        Index(None, "isrc", postgresql_where="isrc IS NOT NULL"),
        {"comment": "A recording in a provider's catalogue; for files, one row for each distinct content."},
    )

    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(comment="Provider of the track's id.")
    external_id: Mapped[str] = mapped_column(
        comment="Id of the track at the provider; for files 'sha256:' and the hash of the file."
    )
    title: Mapped[str] = mapped_column(comment="Title from the provider or the tags, or else the file name.")
    album: Mapped[str | None] = mapped_column(comment="Album or release.")
    isrc: Mapped[str | None] = mapped_column(comment="International Standard Recording Code.")
    duration_s: Mapped[Seconds | None] = mapped_column(comment="Length of the recording in seconds.")
    release_date: Mapped[str | None] = mapped_column(comment="Release date as YYYY, YYYY-MM or YYYY-MM-DD.")
    raw: Mapped[dict[str, Any]] = mapped_column(
        server_default="{}", comment="Tags or JSON record as the provider sent them."
    )
    first_seen_at: Mapped[SetNow] = mapped_column(comment="Time of the first ingest.")
    last_seen_at: Mapped[SetNow] = mapped_column(
        comment="Time of the last ingest with the track in a playlist."
    )


class TrackArtist(Base):
    __tablename__ = "track_artists"
    __table_args__ = (
        Index(None, "artist_id"),
        {"comment": "Artists of a track, in the order of the credit."},
    )

    track_id: Mapped[TrackKey]
    artist_id: Mapped[int] = mapped_column(ForeignKey("artists.id"), primary_key=True, comment="The artist.")
    position: Mapped[int] = mapped_column(comment="Place in the credit, 0 for the first artist.")


class PlaylistTrack(Base):
    __tablename__ = "playlist_tracks"
    __table_args__ = (
        Index(None, "track_id"),
        {"comment": "Tracks of each playlist at its last complete ingest, and tracks that have left it."},
    )

    playlist_id: Mapped[int] = mapped_column(
        ForeignKey("playlists.id"), primary_key=True, comment="The playlist."
    )
    track_id: Mapped[TrackKey]
    added_at: Mapped[SetNow] = mapped_column(
        comment="Time of the addition by the provider, or else of the first ingest with it."
    )
    removed_at: Mapped[datetime | None] = mapped_column(
        comment="Time of the first ingest without the track; null while the playlist holds it."
    )


class Load(Base):
    __tablename__ = "loads"
    __table_args__ = (
        Index(None, "playlist_id"),
        {"comment": "A complete ingest of one changed playlist; an interrupted ingest has no row."},
    )

    id: Mapped[Id]
    playlist_id: Mapped[int] = mapped_column(ForeignKey("playlists.id"), comment="The playlist.")
    flow_run_id: Mapped[FlowRunId | None]
    snapshot_id: Mapped[str] = mapped_column(comment="Version of the playlist that was read.")
    started_at: Mapped[datetime] = mapped_column(comment="Time at which reading began.")
    finished_at: Mapped[SetNow] = mapped_column(comment="Time at which all rows were written.")
    entries: Mapped[int] = mapped_column(comment="Number of entries read, with those rejected.")
    tracks_added: Mapped[int] = mapped_column(comment="Number of tracks new in the playlist.")
    tracks_removed: Mapped[int] = mapped_column(comment="Number of tracks that left the playlist.")
    rejected: Mapped[int] = mapped_column(comment="Number of entries that could not be used.")


class RejectedRecord(Base):
    __tablename__ = "rejected_records"
    __table_args__ = (
        UniqueConstraint("playlist_id", "reference", "reason"),
        Index(None, "load_id"),
        Index("ix_rejected_records_unresolved", "playlist_id", postgresql_where="resolved_at IS NULL"),
        {"comment": "A playlist entry that could not be used, with the reason."},
    )

    id: Mapped[Id]
    playlist_id: Mapped[int] = mapped_column(ForeignKey("playlists.id"), comment="The playlist.")
    load_id: Mapped[int] = mapped_column(ForeignKey("loads.id"), comment="The first load with this entry.")
    reference: Mapped[str] = mapped_column(comment="The entry: a file's path or a provider's id.")
    reason: Mapped[str] = mapped_column(
        comment="Reason in one word: empty, not_audio, unreadable, duplicate, …"
    )
    detail: Mapped[str] = mapped_column(comment="The reason and its cure, in a sentence.")
    payload: Mapped[dict[str, Any]] = mapped_column(
        server_default="{}", comment="The entry as the provider sent it."
    )
    first_seen_at: Mapped[SetNow] = mapped_column(comment="Time of the first load with this entry.")
    last_seen_at: Mapped[SetNow] = mapped_column(comment="Time of the last load with this entry.")
    resolved_at: Mapped[datetime | None] = mapped_column(
        comment="Time of the first load without this entry; null while it is unresolved."
    )
