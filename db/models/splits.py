"""The splits of tracks, and those of removed tracks."""

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, SetNow, Sha256, TrackKey, one_of

SPLITS = ("train", "validation", "holdout")
# Tied to two splits, so in neither.
EXCLUDED = "excluded"


class TrackSplit(Base):
    __tablename__ = "track_splits"
    __table_args__ = (
        CheckConstraint(one_of("scheme", "artist", "album", "title"), "scheme"),
        CheckConstraint(one_of("split", *SPLITS, EXCLUDED), "split"),
        Index(None, "group_key"),
        Index("ix_track_splits_excluded", "track_id", postgresql_where="split = 'excluded'"),
        {"comment": "The split of a track: assigned once, and never changed."},
    )

    track_id: Mapped[TrackKey]
    group_key: Mapped[str] = mapped_column(comment="Group of the track; a group is in one split only.")
    scheme: Mapped[str] = mapped_column(comment="Basis of the group: artist, album or title.")
    split: Mapped[str] = mapped_column(
        comment="Split: train, validation, holdout, or excluded for a track tied to two of them."
    )
    reason: Mapped[str] = mapped_column(comment="Reason of the assignment.")
    decided_at: Mapped[SetNow] = mapped_column(comment="Time of the assignment.")


class FormerSplit(Base):
    __tablename__ = "former_splits"
    __table_args__ = (
        CheckConstraint(one_of("split", *SPLITS, EXCLUDED), "split"),
        {
            "comment": "The split of a removed track, which gets it back if it returns: models may have learnt from it."
        },
    )

    track_key: Mapped[Sha256] = mapped_column(
        primary_key=True, comment="Hash of provider and external id; the track's name is not kept."
    )
    split: Mapped[str] = mapped_column(comment="Split: train, validation, holdout or excluded.")
    left_at: Mapped[SetNow] = mapped_column(comment="Time of the removal.")
