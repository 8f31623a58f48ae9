"""Mixes: long recordings such as DJ sets, their segments and windows, and a verdict."""

from typing import Any

from sqlalchemy import REAL, CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, FlowRunId, Id, Seconds, SetNow, Sha256, TempoBpm, one_of

UNKNOWN = "The label; null for unknown, like none of the labels."


class Mix(Base):
    __tablename__ = "mixes"
    __table_args__ = (
        CheckConstraint(one_of("status", "analysed", "rejected"), "status"),
        CheckConstraint(one_of("verdict", "listen", "maybe", "skip"), "verdict"),
        CheckConstraint(
            "status <> 'rejected' OR num_nulls(reason, detail) = 0 AND num_nonnulls(model_id, verdict) = 0",
            "rejected_with_reason",
        ),
        CheckConstraint(
            "status <> 'analysed' OR num_nonnulls(reason, detail) = 0 AND num_nulls(sha256, bytes, duration_s,"
            " model_id, entropy, concentration, changes_per_hour, unknown_share, analysis_s) = 0",
            "analysed_in_full",
        ),
        CheckConstraint("num_nulls(verdict, verdict_reason, taste) IN (0, 3)", "verdict_by_taste"),
        CheckConstraint("unknown_share BETWEEN 0 AND 1", "unknown_share"),
        CheckConstraint("concentration BETWEEN 0 AND 1", "concentration"),
        CheckConstraint("entropy >= 0 AND changes_per_hour >= 0", "metrics"),
        CheckConstraint("duration_s > 0", "duration"),
        Index("uq_mixes_analysed", "sha256", "model_id", unique=True, postgresql_where="status = 'analysed'"),
        Index(None, "model_id"),
        {
            "comment": "A mix, such as a DJ set: its analysis by one model, or the reason why it could not be used."
        },
    )

    id: Mapped[Id]
    sha256: Mapped[Sha256 | None] = mapped_column(
        comment="SHA-256 of the whole file; null where it could not be read."
    )
    path: Mapped[str] = mapped_column(
        comment=r"Absolute path of the file at the first analysis; bytes that are no text as \xNN."
    )
    title: Mapped[str] = mapped_column(comment="Title from the tags, or else the file's name.")
    bytes: Mapped[int | None] = mapped_column(comment="Size of the file in bytes.")
    duration_s: Mapped[Seconds | None] = mapped_column(comment="Length of the mix in seconds.")
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"),
        comment="The model of the analysis; null for a rejected mix.",
    )
    status: Mapped[str] = mapped_column(
        comment="State: analysed, or rejected for a file that could not be used."
    )
    reason: Mapped[str | None] = mapped_column(
        comment="Reason of a rejection in one word: truncated, changed, …"
    )
    detail: Mapped[str | None] = mapped_column(comment="Reason of a rejection and its cure, in a sentence.")
    entropy: Mapped[float | None] = mapped_column(
        comment="Entropy in bits of the labels' shares of time, with unknown; 0 for a single label."
    )
    concentration: Mapped[float | None] = mapped_column(
        comment="Simpson concentration: probability that two moments have the same label; 1 for a single label."
    )
    changes_per_hour: Mapped[float | None] = mapped_column(
        comment="Number of changes between segments in an hour."
    )
    unknown_share: Mapped[float | None] = mapped_column(
        comment="Share of time that is like none of the labels."
    )
    tempo_bpm: Mapped[TempoBpm | None]
    verdict: Mapped[str | None] = mapped_column(
        comment="Verdict by the taste of this row: listen, maybe or skip; null without a taste."
    )
    verdict_reason: Mapped[str | None] = mapped_column(comment="Reason of the verdict, in a sentence.")
    taste: Mapped[dict[str, Any] | None] = mapped_column(
        comment="Taste behind the verdict: weights of the labels and of unknown, and the wanted variety."
    )
    analysis_s: Mapped[float | None] = mapped_column(comment="Wall time of the analysis in seconds.")
    flow_run_id: Mapped[FlowRunId | None]
    created_at: Mapped[SetNow] = mapped_column(comment="Time of the analysis, or of the last rejection.")


class MixSegment(Base):
    __tablename__ = "mix_segments"
    __table_args__ = (
        CheckConstraint("0 <= start_s AND start_s < end_s", "order"),
        CheckConstraint("confidence BETWEEN 0 AND 1", "confidence"),
        {"comment": "A segment of a mix that sounds like one label, or like none."},
    )

    mix_id: Mapped[int] = mapped_column(
        ForeignKey("mixes.id", ondelete="CASCADE"), primary_key=True, comment="The mix."
    )
    number: Mapped[int] = mapped_column(primary_key=True, comment="Number in the order of time, from 0.")
    start_s: Mapped[Seconds] = mapped_column(comment="Start in the mix, in seconds.")
    end_s: Mapped[Seconds] = mapped_column(comment="End in the mix, in seconds.")
    label_id: Mapped[int | None] = mapped_column(ForeignKey("labels.id"), comment=UNKNOWN)
    confidence: Mapped[float] = mapped_column(comment="Confidence, 0 to 1.")
    tempo_bpm: Mapped[TempoBpm | None]


class MixWindow(Base):
    __tablename__ = "mix_windows"
    __table_args__ = (
        CheckConstraint("confidence BETWEEN 0 AND 1", "confidence"),
        {"comment": "Prediction for a window of a mix; windows overlap by half."},
    )

    mix_id: Mapped[int] = mapped_column(
        ForeignKey("mixes.id", ondelete="CASCADE"), primary_key=True, comment="The mix."
    )
    number: Mapped[int] = mapped_column(primary_key=True, comment="Number in the order of time, from 0.")
    start_s: Mapped[Seconds] = mapped_column(comment="Start in the mix, in seconds.")
    label_id: Mapped[int | None] = mapped_column(
        ForeignKey("labels.id"),
        comment="The label after smoothing over neighbouring windows; null for unknown.",
    )
    confidence: Mapped[float] = mapped_column(
        comment="Confidence after smoothing over neighbouring windows, 0 to 1."
    )
    probabilities: Mapped[list[float] | None] = mapped_column(
        ARRAY(REAL),
        comment="Probabilities of this window alone, in the order of the training's labels; null for silence.",
    )
    tempo_bpm: Mapped[TempoBpm | None]
