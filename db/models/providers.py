"""Capabilities of providers, lookups of tracks, and the pace of requests."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, SetNow, TrackKey, one_of


class ProviderState(Base):
    __tablename__ = "provider_state"
    __table_args__ = (
        {"comment": "A capability of a provider that has failed before, and whether it works now."},
    )

    provider: Mapped[str] = mapped_column(
        primary_key=True,
        comment="Provider: spotify, deezer, reccobeats, or previews for all hosts of previews.",
    )
    capability: Mapped[str] = mapped_column(
        primary_key=True, comment="Capability: api (any request) or audio_features."
    )
    works: Mapped[bool] = mapped_column(comment="True if the last attempt worked.")
    reason: Mapped[str | None] = mapped_column(comment="Reason of the failure and its cure, in a sentence.")
    blocked_until: Mapped[datetime | None] = mapped_column(
        comment="End of a pause that the provider demands; no request is sent before."
    )
    checked_at: Mapped[SetNow] = mapped_column(comment="Time of the last attempt.")


class Lookup(Base):
    __tablename__ = "lookups"
    __table_args__ = (
        CheckConstraint(one_of("kind", "audio", "features"), "kind"),
        {"comment": "A lookup without a result: a source that has no audio or no features of a track."},
    )

    track_id: Mapped[TrackKey]
    kind: Mapped[str] = mapped_column(primary_key=True, comment="Kind of lookup: audio or features.")
    source: Mapped[str] = mapped_column(
        primary_key=True,
        comment="Source: own (the track's own preview), deezer, library, spotify or reccobeats.",
    )
    reason: Mapped[str] = mapped_column(comment="Reason in one word: unknown_isrc, no_preview, …")
    detail: Mapped[str] = mapped_column(comment="Reason in a sentence.")
    again: Mapped[bool] = mapped_column(
        comment="True for a transient fault; the next run repeats the lookup."
    )
    tries: Mapped[int] = mapped_column(
        SmallInteger, server_default="1", comment="Number of transient faults in a row."
    )
    doubted_since: Mapped[datetime | None] = mapped_column(
        comment="Time of a first doubtful result, which is final if another day repeats it; null: no doubt."
    )
    version: Mapped[str | None] = mapped_column(
        comment="Version of the searched library; a new version is searched again."
    )
    checked_at: Mapped[SetNow] = mapped_column(comment="Time of the lookup.")


class RequestPace(Base):
    __tablename__ = "request_pace"
    __table_args__ = (
        {
            "comment": "Recent requests of all runs to a service that limits them; a crash of the server empties it.",
            "prefixes": ["UNLOGGED"],
        },
    )

    service: Mapped[str] = mapped_column(primary_key=True, comment="The service: deezer.")
    starts: Mapped[list[datetime]] = mapped_column(
        ARRAY(DateTime(timezone=True)),
        comment="Start times of the latest requests, in order; at most as many as one window allows.",
    )
