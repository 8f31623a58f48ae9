"""Where tracks stand, trainings, models, how good they are, and what they say."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, SetNow, Sha256, one_of

SPLITS = ("train", "validation", "holdout")
LEVELS = ("crop", "clip", "track")
ASIDE = "aside"  # tied to both sides of the split, so on neither
NEW = "new"  # not among the tracks of a model's training


class TrackSplit(Base):
    __tablename__ = "track_splits"
    __table_args__ = (
        CheckConstraint(one_of("scheme", "artist", "album", "title"), "scheme"),
        CheckConstraint(one_of("split", *SPLITS, ASIDE), "split"),
        Index(None, "group_key"),
        Index("ix_track_splits_aside", "track_id", postgresql_where="split = 'aside'"),
        {"comment": "On which side of the split a track stands: decided once, and never changed."},
    )

    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"),
        primary_key=True,
        comment="The track.",
    )
    group_key: Mapped[str] = mapped_column(comment="Tracks of one group are never on two sides.")
    scheme: Mapped[str] = mapped_column(comment="What made the group: artist, album or title.")
    split: Mapped[str] = mapped_column(
        comment="train, validation, holdout; aside: it ties two of them, so that it is in no training."
    )
    reason: Mapped[str] = mapped_column(comment="Why it stands here.")
    decided_at: Mapped[SetNow] = mapped_column(comment="When that was decided.")


class FormerPlace(Base):
    __tablename__ = "former_places"
    __table_args__ = (
        CheckConstraint(one_of("split", *SPLITS, ASIDE), "split"),
        {
            "comment": "Where a removed track stood: models outlive it, so should it come back, it must not test them."
        },
    )

    track_key: Mapped[Sha256] = mapped_column(
        primary_key=True, comment="Hash of provider and external id; the name of a removed track is not kept."
    )
    split: Mapped[str] = mapped_column(comment="train, validation, holdout or aside, as in track_splits.")
    left_at: Mapped[SetNow] = mapped_column(comment="When it was removed.")


class TrainingRun(Base):
    __tablename__ = "training_runs"
    __table_args__ = (
        CheckConstraint(one_of("status", "running", "completed", "refused", "failed", "crashed"), "status"),
        Index(None, "recipe_id"),
        {"comment": "One training, with everything that is needed to repeat it."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    flow_run_id: Mapped[str | None] = mapped_column(comment="The Prefect flow run that did it.")
    why: Mapped[str] = mapped_column(
        comment="What set it off: the first one, enough new tracks, a person's wish."
    )
    on_demand: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="True: a person wished it, whether or not it was due."
    )
    status: Mapped[str] = mapped_column(server_default="running", comment="How it stands or ended.")
    error: Mapped[str | None] = mapped_column(comment="Why it was refused or failed.")
    remarks: Mapped[list[str]] = mapped_column(
        server_default="[]", comment="What it had to leave out, and what it cannot bring, a sentence each."
    )
    origins: Mapped[list[str]] = mapped_column(
        server_default="[]",
        comment="Whose content it learnt from: providers of audio, and of playlists that gave labels.",
    )
    architecture: Mapped[str] = mapped_column(comment="Name of the network: seed, …")
    hyperparameters: Mapped[dict[str, Any]] = mapped_column(comment="All of them, the random seed too.")
    recipe_id: Mapped[int] = mapped_column(
        ForeignKey("spectrogram_recipes.id"), comment="What it learns from."
    )
    dataset_fingerprint: Mapped[Sha256] = mapped_column(comment="Hash over spectrograms, labels and splits.")
    labels: Mapped[list[dict[str, Any]]] = mapped_column(comment="Ids and slugs in the order of the outputs.")
    tracks: Mapped[int] = mapped_column(
        server_default="0", comment="How many tracks it had, those removed since then included."
    )
    versions: Mapped[dict[str, Any]] = mapped_column(comment="Python, libraries, backend, and code revision.")
    history: Mapped[list[dict[str, Any]]] = mapped_column(
        server_default="[]", comment="One entry per epoch: losses and accuracies."
    )
    seconds: Mapped[float | None] = mapped_column(comment="Wall time of the fit.")
    started_at: Mapped[SetNow] = mapped_column(comment="When it began.")
    finished_at: Mapped[datetime | None] = mapped_column(comment="When it ended.")


class TrainingRunTrack(Base):
    __tablename__ = "training_run_tracks"
    __table_args__ = (
        CheckConstraint(one_of("split", *SPLITS), "split"),
        Index(None, "track_id"),
        {"comment": "Which track stood on which side in a training."},
    )

    training_run_id: Mapped[int] = mapped_column(
        ForeignKey("training_runs.id", ondelete="CASCADE"), primary_key=True, comment="The training."
    )
    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True, comment="The track."
    )
    label_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), comment="Its label at that time.")
    split: Mapped[str] = mapped_column(comment="train, validation or holdout.")
    group_key: Mapped[str] = mapped_column(comment="Tracks of one group are never on two sides.")
    scheme: Mapped[str] = mapped_column(comment="What made the group: artist, album or title.")


class TrainingRunLabel(Base):
    __tablename__ = "training_run_labels"
    __table_args__ = (
        CheckConstraint(one_of("split", *SPLITS), "split"),
        {"comment": "How many tracks and groups of a label stood on which side in a training: counted once."},
    )

    training_run_id: Mapped[int] = mapped_column(
        ForeignKey("training_runs.id", ondelete="CASCADE"), primary_key=True, comment="The training."
    )
    label_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), primary_key=True, comment="The label.")
    split: Mapped[str] = mapped_column(primary_key=True, comment="train, validation or holdout.")
    tracks: Mapped[int] = mapped_column(comment="Its tracks, those removed since then left out.")
    groups: Mapped[int] = mapped_column(comment="How many groups these make.")


class Model(Base):
    __tablename__ = "models"
    __table_args__ = (
        UniqueConstraint("training_run_id", "architecture"),
        CheckConstraint(
            one_of("status", "candidate", "champion", "retired", "rejected", "yardstick"), "status"
        ),
        Index("uq_models_one_champion", "status", unique=True, postgresql_where="status = 'champion'"),
        {"comment": "A trained model in a file. At most one is the champion, the one in use."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    training_run_id: Mapped[int] = mapped_column(ForeignKey("training_runs.id"), comment="How it came about.")
    architecture: Mapped[str] = mapped_column(comment="What it is: seed, labelscope, baseline, …")
    path: Mapped[str] = mapped_column(comment="The model's file, relative to models/ in the home.")
    sha256: Mapped[Sha256] = mapped_column(comment="Of the model's file; a file that differs is refused.")
    bytes: Mapped[int] = mapped_column(comment="Size of the model's file.")
    calibration: Mapped[dict[str, Any]] = mapped_column(
        server_default="{}",
        comment="Temperature of each level, and below which confidence a track is unknown; as in the file.",
    )
    status: Mapped[str] = mapped_column(
        server_default="candidate",
        comment="Whether it is in use; yardstick: trained to compare with, and never in use.",
    )
    reason: Mapped[str | None] = mapped_column(comment="Why it has this status.")
    created_at: Mapped[SetNow] = mapped_column(comment="When it was trained.")
    promoted_at: Mapped[datetime | None] = mapped_column(comment="When it became champion.")
    embedded_at: Mapped[datetime | None] = mapped_column(
        comment="When all tracks that it had scored had an embedding; null: not yet, or they are kept no longer."
    )


class Metric(Base):
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
        {"comment": "How good a model is: one number per split, level and, for some, label."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), comment="The model.")
    split: Mapped[str] = mapped_column(comment="train, validation or holdout.")
    level: Mapped[str] = mapped_column(comment="crop, clip (mean of its crops) or track (mean of its clips).")
    name: Mapped[str] = mapped_column(comment="accuracy, balanced_accuracy, macro_f1, precision, recall, …")
    label_id: Mapped[int | None] = mapped_column(
        ForeignKey("labels.id"), comment="Null for all labels together."
    )
    value: Mapped[float] = mapped_column(comment="The number.")
    ci_low: Mapped[float | None] = mapped_column(comment="Lower end of the 95 % interval.")
    ci_high: Mapped[float | None] = mapped_column(comment="Upper end of the 95 % interval.")
    count: Mapped[int] = mapped_column(comment="How many crops, clips or tracks it rests on.")


class Confusion(Base):
    __tablename__ = "confusions"
    __table_args__ = (
        CheckConstraint(one_of("split", *SPLITS), "split"),
        CheckConstraint(one_of("level", *LEVELS), "level"),
        {"comment": "How often a label was taken for another; pairs that never occurred have no row."},
    )

    model_id: Mapped[int] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"), primary_key=True, comment="The model."
    )
    split: Mapped[str] = mapped_column(primary_key=True, comment="train, validation or holdout.")
    level: Mapped[str] = mapped_column(primary_key=True, comment="crop, clip or track.")
    true_label_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), primary_key=True, comment="What it is."
    )
    predicted_label_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), primary_key=True, comment="What it was taken for."
    )
    count: Mapped[int] = mapped_column(comment="How often.")


class Prediction(Base):
    __tablename__ = "predictions"
    __table_args__ = (
        UniqueConstraint("track_id", "model_id"),
        Index(None, "model_id"),
        CheckConstraint(one_of("split", *SPLITS, ASIDE, NEW), "split"),
        CheckConstraint("confidence BETWEEN 0 AND 1", "confidence"),
        {"comment": "What a model says of a track: the mean over its clips."},
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), comment="The track.")
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), comment="The model.")
    label_id: Mapped[int | None] = mapped_column(
        ForeignKey("labels.id"), comment="The most probable label; null: unknown, it is like none of them."
    )
    nearest_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), comment="The most probable label, of an unknown track too."
    )
    confidence: Mapped[float] = mapped_column(comment="The probability of the most probable label, 0 to 1.")
    split: Mapped[str] = mapped_column(
        server_default=NEW,
        comment="Its side in the model's training; new: it was not in it; aside: neither, and tied to two sides.",
    )
    trained_label_id: Mapped[int | None] = mapped_column(
        ForeignKey("labels.id"), comment="Its label in the model's training; null: it was not in it."
    )
    clips: Mapped[int] = mapped_column(comment="How many clips were heard.")
    created_at: Mapped[SetNow] = mapped_column(comment="When it was scored.")


class PredictionScore(Base):
    __tablename__ = "prediction_scores"
    __table_args__ = (
        CheckConstraint("probability BETWEEN 0 AND 1", "probability"),
        {"comment": "The probability of each label in a prediction; they sum to 1."},
    )

    prediction_id: Mapped[int] = mapped_column(
        ForeignKey("predictions.id", ondelete="CASCADE"), primary_key=True, comment="The prediction."
    )
    label_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), primary_key=True, comment="The label.")
    probability: Mapped[float] = mapped_column(comment="0 to 1.")


class HoldoutAnswer(Base):
    __tablename__ = "holdout_answers"
    __table_args__ = (
        Index(None, "model_id"),
        {
            "comment": "What models said of held-out tracks, as entries to be added up: each batch of predictions "
            "enters its own, and one with negative counts where predictions go."
        },
    )

    id: Mapped[Id] = mapped_column(comment="Primary key.")
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), comment="The model.")
    true_label_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), comment="What the tracks are.")
    nearest_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), comment="What they are nearest to.")
    tracks: Mapped[int] = mapped_column(comment="How many.")
    unknown: Mapped[int] = mapped_column(comment="How many of these were called unknown.")
    confidence: Mapped[float] = mapped_column(comment="Sum of their confidences.")
