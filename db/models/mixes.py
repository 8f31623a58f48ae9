"""Recordings that are longer than a track, such as DJ sets: what was heard in them, and whether to listen."""

from typing import Any

from sqlalchemy import REAL, CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, Seconds, SetNow, Sha256, one_of

UNKNOWN = "The label; null: unknown, it is like none of them."


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
            "status <> 'analysed' OR num_nonnulls(reason, detail) = 0 AND num_nulls(sha256, bytes, duration_seconds,"
            " model_id, entropy, uniformity, changes_per_hour, unlike, verdict, verdict_reason, taste, seconds) = 0",
            "analysed_in_full",
        ),
        CheckConstraint("unlike BETWEEN 0 AND 1", "unlike"),
        CheckConstraint("uniformity BETWEEN 0 AND 1", "uniformity"),
        CheckConstraint("entropy >= 0 AND changes_per_hour >= 0", "figures"),
        CheckConstraint("duration_seconds > 0", "duration"),
        Index("uq_mixes_analysed", "sha256", "model_id", unique=True, postgresql_where="status = 'analysed'"),
        Index(None, "model_id"),
        {"comment": "A recording such as a DJ set, as one model has heard it, or why it could not be heard."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    sha256: Mapped[Sha256 | None] = mapped_column(
        comment="Of the whole file, by which it is known again; null: it could not be read."
    )
    path: Mapped[str] = mapped_column(
        comment=r"Where the file lay when it was first heard, absolute; bytes that are no text as \xNN."
    )
    title: Mapped[str] = mapped_column(comment="What its tags call it, or else its name.")
    bytes: Mapped[int | None] = mapped_column(comment="Size of the file.")
    duration_seconds: Mapped[Seconds | None] = mapped_column(comment="Length of what was heard.")
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"), comment="The model that heard it; null: rejected."
    )
    status: Mapped[str] = mapped_column(comment="analysed, or rejected: it could not be used.")
    reason: Mapped[str | None] = mapped_column(comment="Why it was rejected, one word: truncated, changed, …")
    detail: Mapped[str | None] = mapped_column(comment="The same in a sentence, with the cure.")
    entropy: Mapped[float | None] = mapped_column(
        comment="Of the shares of its time, unknown included, in bits: 0 is one label all the way."
    )
    uniformity: Mapped[float | None] = mapped_column(
        comment="The chance that two of its moments sound like the same label: 1 is one all the way."
    )
    changes_per_hour: Mapped[float | None] = mapped_column(
        comment="How often one segment gives way to another."
    )
    unlike: Mapped[float | None] = mapped_column(comment="Share of its time that is like none of the labels.")
    tempo_bpm: Mapped[float | None] = mapped_column(comment="Beats a minute; null where there are none.")
    verdict: Mapped[str | None] = mapped_column(
        comment="listen, maybe or skip: how it suits the taste in its row."
    )
    verdict_reason: Mapped[str | None] = mapped_column(comment="Why, in a sentence.")
    taste: Mapped[dict[str, Any] | None] = mapped_column(
        comment="The taste of that verdict: weights of labels, of what is like none, and the variety wished for."
    )
    seconds: Mapped[float | None] = mapped_column(comment="Wall time of the analysis.")
    flow_run_id: Mapped[str | None] = mapped_column(comment="The Prefect flow run that did it.")
    created_at: Mapped[SetNow] = mapped_column(comment="When it was heard, or rejected last.")


class MixSegment(Base):
    __tablename__ = "mix_segments"
    __table_args__ = (
        CheckConstraint("0 <= start_seconds AND start_seconds < end_seconds", "order"),
        CheckConstraint("confidence BETWEEN 0 AND 1", "confidence"),
        {"comment": "A stretch of a recording that sounds like one label, or like none."},
    )

    mix_id: Mapped[int] = mapped_column(
        ForeignKey("mixes.id", ondelete="CASCADE"), primary_key=True, comment="The recording."
    )
    number: Mapped[int] = mapped_column(primary_key=True, comment="From 0, in the order of time.")
    start_seconds: Mapped[Seconds] = mapped_column(comment="Where it begins.")
    end_seconds: Mapped[Seconds] = mapped_column(comment="Where it ends.")
    label_id: Mapped[int | None] = mapped_column(ForeignKey("labels.id"), comment=UNKNOWN)
    confidence: Mapped[float] = mapped_column(comment="How sure that is, 0 to 1.")
    tempo_bpm: Mapped[float | None] = mapped_column(comment="Beats a minute; null where there are none.")


class MixWindow(Base):
    __tablename__ = "mix_windows"
    __table_args__ = (
        CheckConstraint("confidence BETWEEN 0 AND 1", "confidence"),
        {"comment": "What the model says of each moment of a recording; windows overlap by half."},
    )

    mix_id: Mapped[int] = mapped_column(
        ForeignKey("mixes.id", ondelete="CASCADE"), primary_key=True, comment="The recording."
    )
    number: Mapped[int] = mapped_column(primary_key=True, comment="From 0, in the order of time.")
    start_seconds: Mapped[Seconds] = mapped_column(comment="Where it begins.")
    label_id: Mapped[int | None] = mapped_column(
        ForeignKey("labels.id"),
        comment="The label, its neighbours considered; null: unknown, like none of them.",
    )
    confidence: Mapped[float] = mapped_column(comment="How sure that is, its neighbours considered, 0 to 1.")
    probabilities: Mapped[list[float] | None] = mapped_column(
        ARRAY(REAL),
        comment="What the model says of this window alone, in the order of its training's labels; null: silence.",
    )
    tempo_bpm: Mapped[float | None] = mapped_column(comment="Beats a minute; null where there are none.")
