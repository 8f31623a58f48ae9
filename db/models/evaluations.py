"""Evaluations: metrics of architectures by cross-validation, independent of the model in use."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, FlowRunId, Id, SetNow, Sha256, one_of
from db.models.learning import LEVELS
from db.models.mixins import ConfusionCount, MetricValue, Provenance

PROTOCOLS = ("grouped", "seed_protocol", "leave_one_label_out")
PROTOCOL = (
    "Protocol: grouped (cross-validation by groups), seed_protocol (a random split) or leave_one_label_out."
)


class EvaluationRun(Provenance, Base):
    __tablename__ = "evaluations"
    __table_args__ = (
        CheckConstraint(one_of("status", "running", "completed", "failed", "crashed"), "status"),
        Index(None, "config_id"),
        {
            "comment": "An evaluation of architectures by cross-validation, with everything needed to repeat it."
        },
    )

    id: Mapped[Id]
    flow_run_id: Mapped[FlowRunId | None]
    folds: Mapped[int] = mapped_column(comment="Number of folds into which the groups are divided.")
    repeats: Mapped[int] = mapped_column(comment="Number of repeats, each with new folds.")
    seed: Mapped[int] = mapped_column(comment="Random seed of the first repeat.")
    dataset_fingerprint: Mapped[Sha256] = mapped_column(
        comment="Hash of the spectrograms, labels and groups."
    )
    hyperparameters: Mapped[dict[str, Any]] = mapped_column(comment="Hyperparameters of each architecture.")
    tracks: Mapped[int] = mapped_column(comment="Number of tracks.")
    groups: Mapped[int] = mapped_column(comment="Number of groups of these tracks.")
    status: Mapped[str] = mapped_column(
        server_default="running", comment="State: running, completed, failed or crashed."
    )
    error: Mapped[str | None] = mapped_column(comment="Reason of a failure.")
    started_at: Mapped[SetNow] = mapped_column(comment="Start of the evaluation.")
    finished_at: Mapped[datetime | None] = mapped_column(comment="End of the evaluation.")


class EvaluationMetric(MetricValue, Base):
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

    id: Mapped[Id]
    evaluation_id: Mapped[int] = mapped_column(
        ForeignKey("evaluations.id", ondelete="CASCADE"), comment="The evaluation."
    )
    protocol: Mapped[str] = mapped_column(comment=PROTOCOL)
    architecture: Mapped[str] = mapped_column(comment="Architecture: labelscope, seed, baseline, …")
    name: Mapped[str] = mapped_column(
        comment="Name of the metric: accuracy, balanced_accuracy, macro_f1, ece, auroc, …"
    )


class EvaluationConfusion(ConfusionCount, Base):
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
    count: Mapped[int] = mapped_column(sort_order=1, comment="Number of cases over all repeats.")
