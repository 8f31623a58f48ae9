"""What the nightly look at the files found."""

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
        {"comment": "A file of the home and its row that do not agree, as `maintain` found them."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    path: Mapped[str] = mapped_column(comment="The file, relative to LABELSCOPE_HOME.")
    kind: Mapped[str] = mapped_column(comment="What it holds: audio, spectrogram or model.")
    fault: Mapped[str] = mapped_column(
        comment="missing: a row names it, and it is not there; damaged: not what its row says; "
        "orphaned: no row names it."
    )
    found_at: Mapped[SetNow] = mapped_column(comment="When it was found first.")
    ended_at: Mapped[datetime | None] = mapped_column(comment="When it was mended, or found in order again.")
    outcome: Mapped[str | None] = mapped_column(comment="What was done about it, in a sentence.")
