"""Faults of stored files that `maintain` finds."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, SetNow, one_of


class FileFault(Base):
    __tablename__ = "file_faults"
    __table_args__ = (
        CheckConstraint(one_of("kind", "audio", "spectrogram", "model"), "kind"),
        CheckConstraint(one_of("fault", "missing", "damaged", "orphaned"), "fault"),
        Index("ix_file_faults_open", "path", unique=True, postgresql_where="ended_at IS NULL"),
        {"comment": "A stored file that differs from its row, found by `maintain`."},
    )

    id: Mapped[Id]
    path: Mapped[str] = mapped_column(comment="Path of the file below LABELSCOPE_HOME.")
    kind: Mapped[str] = mapped_column(comment="Kind of file: audio, spectrogram or model.")
    fault: Mapped[str] = mapped_column(
        comment="Fault: missing (a row without a file), damaged (other bytes than in its row) or orphaned (no row)."
    )
    found_at: Mapped[SetNow] = mapped_column(comment="Time at which the fault was first found.")
    ended_at: Mapped[datetime | None] = mapped_column(
        comment="Time of the repair, or of a check without the fault."
    )
    outcome: Mapped[str | None] = mapped_column(comment="The repair, in a sentence.")
