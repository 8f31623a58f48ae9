"""What providers let us do, and what was asked of them for each track."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, SetNow, one_of


class ProviderState(Base):
    __tablename__ = "provider_state"
    __table_args__ = (
        {"comment": "What a provider offers that did not work for us once, and whether it does now."},
    )

    provider: Mapped[str] = mapped_column(
        primary_key=True, comment="spotify, deezer, reccobeats; previews: whoever hosts these."
    )
    capability: Mapped[str] = mapped_column(
        primary_key=True, comment="api: any request at all; audio_features."
    )
    works: Mapped[bool] = mapped_column(comment="Whether it did when it was last tried.")
    reason: Mapped[str | None] = mapped_column(comment="Why not, in a sentence with the cure.")
    blocked_until: Mapped[datetime | None] = mapped_column(
        comment="No request is sent before: the provider said so, and asking makes it longer."
    )
    checked_at: Mapped[SetNow] = mapped_column(comment="When it was last tried.")


class Lookup(Base):
    __tablename__ = "lookups"
    __table_args__ = (
        CheckConstraint(one_of("kind", "audio", "features"), "kind"),
        {
            "comment": "A source that was asked for something of a track and had none; so it is not asked anew."
        },
    )

    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True, comment="The track."
    )
    kind: Mapped[str] = mapped_column(primary_key=True, comment="What was asked for: audio, features.")
    source: Mapped[str] = mapped_column(
        primary_key=True,
        comment="Who was asked: own (the track's own preview), deezer, library; spotify, reccobeats.",
    )
    reason: Mapped[str] = mapped_column(comment="Why there was none, one word: unknown_isrc, no_preview, …")
    detail: Mapped[str] = mapped_column(comment="The same in a sentence.")
    again: Mapped[bool] = mapped_column(comment="True: a passing fault, and the next run asks again.")
    tries: Mapped[int] = mapped_column(
        SmallInteger, server_default="1", comment="How often in a row it came to a passing fault."
    )
    doubted_since: Mapped[datetime | None] = mapped_column(
        comment="When a host first gave this answer, which is final if it gives it on another day; NULL: no doubt."
    )
    version: Mapped[str | None] = mapped_column(
        comment="Version of what was searched, such as the library's; a new one is searched again."
    )
    checked_at: Mapped[SetNow] = mapped_column(comment="When it was asked.")


class RequestPace(Base):
    __tablename__ = "request_pace"
    __table_args__ = (
        {
            "comment": "Requests to services that count them by address, of all runs together. "
            "Not kept over a crash.",
            "prefixes": ["UNLOGGED"],
        },
    )

    service: Mapped[str] = mapped_column(primary_key=True, comment="deezer.")
    starts: Mapped[list[datetime]] = mapped_column(
        ARRAY(DateTime(timezone=True)),
        comment="When the latest requests begin, in order; no more than it allows in one window.",
    )
