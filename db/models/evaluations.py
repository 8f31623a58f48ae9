"""Evaluations: how well an architecture does on this crate, apart from any model that is in use."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, SetNow, Sha256, one_of
from db.models.learning import LEVELS

PROTOCOLS = ("grouped", "seed_protocol", "leave_one_label_out")
PROTOCOL = "grouped (cross-validation by groups), seed_protocol (a random split) or leave_one_label_out."


class EvaluationRun(Base):
    __tablename__ = "evaluations"
    __table_args__ = (
        CheckConstraint(one_of("status", "running", "completed", "failed", "crashed"), "status"),
        Index(None, "recipe_id"),
        {"comment": "One evaluation of architectures by cross-validation, with all that repeats it."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    flow_run_id: Mapped[str | None] = mapped_column(comment="The Prefect flow run that did it.")
    folds: Mapped[int] = mapped_column(comment="Into how many parts the groups are dealt.")
    repeats: Mapped[int] = mapped_column(comment="How often they are dealt anew.")
    seed: Mapped[int] = mapped_column(comment="The random seed of the first of these.")
    recipe_id: Mapped[int] = mapped_column(
        ForeignKey("spectrogram_recipes.id"), comment="What is learnt from."
    )
    dataset_fingerprint: Mapped[Sha256] = mapped_column(comment="Hash over spectrograms, labels and groups.")
    labels: Mapped[list[dict[str, Any]]] = mapped_column(comment="Ids and slugs in the order of the outputs.")
    hyperparameters: Mapped[dict[str, Any]] = mapped_column(comment="All of them, for each architecture.")
    versions: Mapped[dict[str, Any]] = mapped_column(comment="Python, libraries, backend, and code revision.")
    tracks: Mapped[int] = mapped_column(comment="How many tracks it rests on.")
    groups: Mapped[int] = mapped_column(comment="How many groups these make.")
    origins: Mapped[list[str]] = mapped_column(
        server_default="[]",
        comment="Whose content it used: providers of audio, and of playlists that gave labels.",
    )
    status: Mapped[str] = mapped_column(server_default="running", comment="How it stands or ended.")
    error: Mapped[str | None] = mapped_column(comment="Why it failed.")
    started_at: Mapped[SetNow] = mapped_column(comment="When it began.")
    finished_at: Mapped[datetime | None] = mapped_column(comment="When it ended.")


class EvaluationMetric(Base):
    __tablename__ = "evaluation_metrics"
    __table_args__ = (
        UniqueConstraint(
            "evaluation_id",
            "protocol",
            "architecture",
            "level",
            "name",
            "label_id",
            name="uq_evaluation_metrics_of_label",  # all columns would be longer than a name can be
        ),
        Index(
            "uq_evaluation_metrics_overall",
            "evaluation_id",
            "protocol",
            "architecture",
            "level",
            "name",
            unique=True,
            postgresql_where="label_id IS NULL",
        ),
        CheckConstraint(one_of("protocol", *PROTOCOLS), "protocol"),
        CheckConstraint(one_of("level", *LEVELS), "level"),
        {"comment": "How good an architecture is: one number per protocol, level and, for some, label."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    evaluation_id: Mapped[int] = mapped_column(
        ForeignKey("evaluations.id", ondelete="CASCADE"), comment="The evaluation."
    )
    protocol: Mapped[str] = mapped_column(comment=PROTOCOL)
    architecture: Mapped[str] = mapped_column(comment="What was trained: labelscope, seed, baseline, …")
    level: Mapped[str] = mapped_column(comment="crop, clip (mean of its crops) or track (mean of its clips).")
    name: Mapped[str] = mapped_column(comment="accuracy, balanced_accuracy, macro_f1, ece, auroc, …")
    label_id: Mapped[int | None] = mapped_column(
        ForeignKey("labels.id"), comment="Null for all labels together."
    )
    value: Mapped[float] = mapped_column(comment="The number.")
    ci_low: Mapped[float | None] = mapped_column(comment="Lower end of the 95 % interval.")
    ci_high: Mapped[float | None] = mapped_column(comment="Upper end of the 95 % interval.")
    count: Mapped[int] = mapped_column(comment="How many crops, clips or tracks it rests on.")


class EvaluationConfusion(Base):
    __tablename__ = "evaluation_confusions"
    __table_args__ = (
        CheckConstraint(one_of("protocol", *PROTOCOLS), "protocol"),
        CheckConstraint(one_of("level", *LEVELS), "level"),
        {"comment": "How often a label was taken for another; pairs that never occurred have no row."},
    )

    evaluation_id: Mapped[int] = mapped_column(
        ForeignKey("evaluations.id", ondelete="CASCADE"), primary_key=True, comment="The evaluation."
    )
    protocol: Mapped[str] = mapped_column(primary_key=True, comment=PROTOCOL)
    architecture: Mapped[str] = mapped_column(primary_key=True, comment="What was trained.")
    level: Mapped[str] = mapped_column(primary_key=True, comment="crop, clip or track.")
    true_label_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), primary_key=True, comment="What it is."
    )
    predicted_label_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), primary_key=True, comment="What it was taken for."
    )
    count: Mapped[int] = mapped_column(comment="How often, over all repeats.")
