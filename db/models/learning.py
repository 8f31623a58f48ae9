"""Trainings, models, their metrics and their predictions."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, FlowRunId, Id, SetNow, Sha256, TrackKey, one_of
from db.models.mixins import ConfusionCount, MetricValue, Provenance
from db.models.splits import EXCLUDED, SPLITS

LEVELS = ("crop", "clip", "track")
# The split of a prediction for a track that was not in the model's training.
NEW = "new"


class TrainingRun(Provenance, Base):
    __tablename__ = "training_runs"
    __table_args__ = (
        CheckConstraint(one_of("status", "running", "completed", "refused", "failed", "crashed"), "status"),
        Index(None, "config_id"),
        {"comment": "A training, with everything needed to repeat it."},
    )

    id: Mapped[Id]
    flow_run_id: Mapped[FlowRunId | None]
    why: Mapped[str] = mapped_column(
        comment="Cause of the training: the first one, enough new tracks, or a request."
    )
    on_demand: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="True for a training on request, due or not."
    )
    status: Mapped[str] = mapped_column(
        server_default="running", comment="State: running, completed, refused, failed or crashed."
    )
    error: Mapped[str | None] = mapped_column(comment="Reason of a refusal or failure.")
    remarks: Mapped[list[str]] = mapped_column(
        server_default="[]", comment="Limits of the training and content left out, a sentence each."
    )
    architecture: Mapped[str] = mapped_column(comment="Architecture of the network: labelscope, seed, …")
    hyperparameters: Mapped[dict[str, Any]] = mapped_column(
        comment="All hyperparameters, with the random seed."
    )
    dataset_fingerprint: Mapped[Sha256] = mapped_column(
        comment="Hash of the spectrograms, labels and splits."
    )
    tracks: Mapped[int] = mapped_column(
        server_default="0", comment="Number of tracks in the training, with those removed since."
    )
    history: Mapped[list[dict[str, Any]]] = mapped_column(
        server_default="[]", comment="Losses and accuracies, one entry for each epoch."
    )
    fit_s: Mapped[float | None] = mapped_column(comment="Wall time of the fit in seconds.")
    started_at: Mapped[SetNow] = mapped_column(comment="Start of the training.")
    finished_at: Mapped[datetime | None] = mapped_column(comment="End of the training.")


class TrainingRunTrack(Base):
    __tablename__ = "training_run_tracks"
    __table_args__ = (
        CheckConstraint(one_of("split", *SPLITS), "split"),
        Index(None, "track_id"),
        {"comment": "The tracks of a training, with the split of each."},
    )

    training_run_id: Mapped[int] = mapped_column(
        ForeignKey("training_runs.id", ondelete="CASCADE"), primary_key=True, comment="The training."
    )
    track_id: Mapped[TrackKey]
    label_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), comment="Label of the track in the training."
    )
    split: Mapped[str] = mapped_column(comment="Split: train, validation or holdout.")
    group_key: Mapped[str] = mapped_column(comment="Group of the track; a group is in one split only.")
    scheme: Mapped[str] = mapped_column(comment="Basis of the group: artist, album or title.")


class LabelCheck(Base):
    __tablename__ = "label_checks"
    __table_args__ = (
        Index(None, "track_id"),
        {
            "comment": "Predictions for tracks of a training by baselines that were trained without the track's group."
        },
    )

    training_run_id: Mapped[int] = mapped_column(
        ForeignKey("training_runs.id", ondelete="CASCADE"), primary_key=True, comment="The training."
    )
    track_id: Mapped[TrackKey]
    label_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), comment="Label of the track in the training."
    )
    predicted_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), comment="Most probable label.")
    confidence: Mapped[float] = mapped_column(comment="Probability of the most probable label, 0 to 1.")
    label_probability: Mapped[float] = mapped_column(comment="Probability of the label of the track, 0 to 1.")


class TrainingRunLabel(Base):
    __tablename__ = "training_run_labels"
    __table_args__ = (
        CheckConstraint(one_of("split", *SPLITS), "split"),
        {"comment": "Number of tracks and groups of each label in each split of a training."},
    )

    training_run_id: Mapped[int] = mapped_column(
        ForeignKey("training_runs.id", ondelete="CASCADE"), primary_key=True, comment="The training."
    )
    label_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), primary_key=True, comment="The label.")
    split: Mapped[str] = mapped_column(primary_key=True, comment="Split: train, validation or holdout.")
    tracks: Mapped[int] = mapped_column(comment="Number of tracks, without those removed since.")
    groups: Mapped[int] = mapped_column(comment="Number of groups of these tracks.")


class Model(Base):
    __tablename__ = "models"
    __table_args__ = (
        UniqueConstraint("training_run_id", "architecture"),
        CheckConstraint(
            one_of("status", "candidate", "champion", "retired", "rejected", "baseline"), "status"
        ),
        Index("uq_models_one_champion", "status", unique=True, postgresql_where="status = 'champion'"),
        {"comment": "A trained model and its file; at most one is the champion, the model in use."},
    )

    id: Mapped[Id]
    training_run_id: Mapped[int] = mapped_column(
        ForeignKey("training_runs.id"), comment="The training of the model."
    )
    architecture: Mapped[str] = mapped_column(comment="Architecture: labelscope, seed, baseline, …")
    path: Mapped[str] = mapped_column(comment="Path of the model's file below models/ in the home.")
    sha256: Mapped[Sha256] = mapped_column(
        comment="SHA-256 of the model's file; a file that differs is refused."
    )
    bytes: Mapped[int] = mapped_column(comment="Size of the model's file in bytes.")
    calibration: Mapped[dict[str, Any]] = mapped_column(
        server_default="{}",
        comment="Temperature of each level and the thresholds for unknown, as in the model's file.",
    )
    status: Mapped[str] = mapped_column(
        server_default="candidate",
        comment="State: candidate, champion, retired, rejected, or baseline for a comparison model.",
    )
    reason: Mapped[str | None] = mapped_column(comment="Reason of the status.")
    created_at: Mapped[SetNow] = mapped_column(comment="Time of the training.")
    promoted_at: Mapped[datetime | None] = mapped_column(comment="Time of the promotion to champion.")
    embedded_at: Mapped[datetime | None] = mapped_column(
        comment="Time at which all scored tracks had an embedding; null before that and after the model is retired."
    )


class Metric(MetricValue, Base):
    __tablename__ = "metrics"
    __table_args__ = (
        UniqueConstraint("model_id", "split", "level", "name", "label_id"),
        Index(
            "uq_metrics_overall",
            "model_id",
            "split",
            "level",
            "name",
            unique=True,
            postgresql_where="label_id IS NULL",
        ),
        CheckConstraint(one_of("split", *SPLITS), "split"),
        CheckConstraint(one_of("level", *LEVELS), "level"),
        {"comment": "A metric of a model, for a split, a level and for some metrics a label."},
    )

    id: Mapped[Id]
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), comment="The model.")
    split: Mapped[str] = mapped_column(comment="Split: train, validation or holdout.")
    name: Mapped[str] = mapped_column(
        comment="Name of the metric: accuracy, balanced_accuracy, macro_f1, precision, recall, …"
    )


class Confusion(ConfusionCount, Base):
    __tablename__ = "confusions"
    __table_args__ = (
        CheckConstraint(one_of("split", *SPLITS), "split"),
        CheckConstraint(one_of("level", *LEVELS), "level"),
        {"comment": "Confusion matrix: counts of a true and a predicted label; a count of 0 has no row."},
    )

    model_id: Mapped[int] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"), primary_key=True, comment="The model."
    )
    split: Mapped[str] = mapped_column(primary_key=True, comment="Split: train, validation or holdout.")


class Prediction(Base):
    __tablename__ = "predictions"
    __table_args__ = (
        UniqueConstraint("track_id", "model_id"),
        Index(None, "model_id"),
        CheckConstraint(one_of("split", *SPLITS, EXCLUDED, NEW), "split"),
        CheckConstraint("confidence BETWEEN 0 AND 1", "confidence"),
        {"comment": "The prediction of a model for a track: the mean over its clips."},
    )

    id: Mapped[Id]
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), comment="The track.")
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), comment="The model.")
    label_id: Mapped[int | None] = mapped_column(
        ForeignKey("labels.id"), comment="The predicted label; null for unknown, like none of the labels."
    )
    nearest_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), comment="The most probable label, also of an unknown track."
    )
    confidence: Mapped[float] = mapped_column(comment="Probability of the most probable label, 0 to 1.")
    split: Mapped[str] = mapped_column(
        server_default=NEW,
        comment="Split of the track in the model's training; new if it was not in it, excluded if tied to two splits.",
    )
    trained_label_id: Mapped[int | None] = mapped_column(
        ForeignKey("labels.id"),
        comment="Label of the track in the model's training; null if it was not in it.",
    )
    clips: Mapped[int] = mapped_column(comment="Number of clips behind the prediction.")
    created_at: Mapped[SetNow] = mapped_column(comment="Time of the prediction.")


class PredictionScore(Base):
    __tablename__ = "prediction_scores"
    __table_args__ = (
        CheckConstraint("probability BETWEEN 0 AND 1", "probability"),
        {"comment": "The probability of a label in a prediction; all labels sum to 1."},
    )

    prediction_id: Mapped[int] = mapped_column(
        ForeignKey("predictions.id", ondelete="CASCADE"), primary_key=True, comment="The prediction."
    )
    label_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), primary_key=True, comment="The label.")
    probability: Mapped[float] = mapped_column(comment="Probability, 0 to 1.")


class HoldoutPrediction(Base):
    __tablename__ = "holdout_predictions"
    __table_args__ = (
        Index(None, "model_id"),
        {
            "comment": "Counts of predictions for holdout tracks, to be summed; a deletion adds negative counts."
        },
    )

    id: Mapped[Id]
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), comment="The model.")
    true_label_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), comment="True label of the tracks.")
    nearest_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), comment="Most probable label of the tracks."
    )
    tracks: Mapped[int] = mapped_column(comment="Number of tracks.")
    unknown: Mapped[int] = mapped_column(comment="Number of these tracks predicted as unknown.")
    confidence: Mapped[float] = mapped_column(comment="Sum of the confidences.")
