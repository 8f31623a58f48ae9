"""Evaluations: metrics of architectures by cross-validation, independent of the model in use."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, SetNow, Sha256, one_of
from db.models.learning import LEVELS

PROTOCOLS = ("grouped", "seed_protocol", "leave_one_label_out")
PROTOCOL = (
    "Protocol: grouped (cross-validation by groups), seed_protocol (a random split) or leave_one_label_out."
)


class EvaluationRun(Base):
    __tablename__ = "evaluations"
    __table_args__ = (
        CheckConstraint(one_of("status", "running", "completed", "failed", "crashed"), "status"),
        Index(None, "config_id"),
        {
            "comment": "An evaluation of architectures by cross-validation, with everything needed to repeat it."
        },
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    flow_run_id: Mapped[str | None] = mapped_column(comment="Id of the Prefect flow run.")
    folds: Mapped[int] = mapped_column(comment="Number of folds into which the groups are divided.")
    repeats: Mapped[int] = mapped_column(comment="Number of repeats, each with new folds.")
    seed: Mapped[int] = mapped_column(comment="Random seed of the first repeat.")
    config_id: Mapped[int] = mapped_column(
        ForeignKey("spectrogram_configs.id"), comment="The parameters of the spectrograms."
    )
    dataset_fingerprint: Mapped[Sha256] = mapped_column(
        comment="Hash of the spectrograms, labels and groups."
    )
    labels: Mapped[list[dict[str, Any]]] = mapped_column(
        comment="Ids and slugs of the labels in the order of the outputs."
    )
    hyperparameters: Mapped[dict[str, Any]] = mapped_column(comment="Hyperparameters of each architecture.")
    versions: Mapped[dict[str, Any]] = mapped_column(
        comment="Versions of Python, libraries, backend and code."
    )
    tracks: Mapped[int] = mapped_column(comment="Number of tracks.")
    groups: Mapped[int] = mapped_column(comment="Number of groups of these tracks.")
    origins: Mapped[list[str]] = mapped_column(
        server_default="[]",
        comment="Providers of the audio, and of the playlists that gave labels.",
    )
    status: Mapped[str] = mapped_column(
        server_default="running", comment="State: running, completed, failed or crashed."
    )
    error: Mapped[str | None] = mapped_column(comment="Reason of a failure.")
    started_at: Mapped[SetNow] = mapped_column(comment="Start of the evaluation.")
    finished_at: Mapped[datetime | None] = mapped_column(comment="End of the evaluation.")


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
            name="uq_evaluation_metrics_of_label",  # a name of all columns would be too long
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
        {"comment": "A metric of an architecture, for a protocol, a level and for some metrics a label."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    evaluation_id: Mapped[int] = mapped_column(
        ForeignKey("evaluations.id", ondelete="CASCADE"), comment="The evaluation."
    )
    protocol: Mapped[str] = mapped_column(comment=PROTOCOL)
    architecture: Mapped[str] = mapped_column(comment="Architecture: labelscope, seed, baseline, …")
    level: Mapped[str] = mapped_column(
        comment="Level: crop, clip (mean of its crops) or track (mean of its clips)."
    )
    name: Mapped[str] = mapped_column(
        comment="Name of the metric: accuracy, balanced_accuracy, macro_f1, ece, auroc, …"
    )
    label_id: Mapped[int | None] = mapped_column(
        ForeignKey("labels.id"), comment="The label; null for all labels together."
    )
    value: Mapped[float] = mapped_column(comment="Value of the metric.")
    ci_low: Mapped[float | None] = mapped_column(comment="Lower end of the 95 % confidence interval.")
    ci_high: Mapped[float | None] = mapped_column(comment="Upper end of the 95 % confidence interval.")
    count: Mapped[int] = mapped_column(comment="Number of crops, clips or tracks behind the value.")


class EvaluationConfusion(Base):
    __tablename__ = "evaluation_confusions"
    __table_args__ = (
        CheckConstraint(one_of("protocol", *PROTOCOLS), "protocol"),
        CheckConstraint(one_of("level", *LEVELS), "level"),
        {"comment": "Confusion matrix: counts of a true and a predicted label; a count of 0 has no row."},
    )

    evaluation_id: Mapped[int] = mapped_column(
        ForeignKey("evaluations.id", ondelete="CASCADE"), primary_key=True, comment="The evaluation."
    )
    protocol: Mapped[str] = mapped_column(primary_key=True, comment=PROTOCOL)
    architecture: Mapped[str] = mapped_column(primary_key=True, comment="Architecture.")
    level: Mapped[str] = mapped_column(primary_key=True, comment="Level: crop, clip or track.")
    true_label_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), primary_key=True, comment="The true label."
    )
    predicted_label_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), primary_key=True, comment="The predicted label."
    )
    count: Mapped[int] = mapped_column(comment="Number of cases over all repeats.")
