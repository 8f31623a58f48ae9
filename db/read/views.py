"""Rows of views of the database. Each class has all columns of its view, in the order of the view."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, text

from db.read.rows import typed_rows


class PlaylistCoverage(NamedTuple):
    """A playlist: number of tracks in each state. `left_out` and `without_audio` are reasons with their counts.

    `path`: that of a folder, or else the id at the provider.
    """

    label: str
    provider: str
    playlist: str
    entries: int
    tracks: int
    with_audio: int
    ready: int
    without_audio: str | None
    ambiguous: int
    left_out: str | None
    status: str
    status_reason: str | None
    last_seen_at: datetime
    path: str


class LabelAccuracy(NamedTuple):
    """The accuracy of the champion on held-out tracks of a label. Shares are 0 to 1, None without such tracks."""

    label: str
    tracks: int
    holdout_tracks: int
    accuracy: float | None
    most_often_taken_for: str | None
    taken_for_share: float | None
    ci_low: float | None
    ci_high: float | None
    precision: float | None


class ConfusionCell(NamedTuple):
    """Number of held-out tracks with these labels; `share` is that of the true label. Counts of 0 have no row."""

    true_label: str
    predicted_label: str
    # It hides tuple.count, which nothing uses.
    count: int  # type: ignore[assignment]
    share: Decimal


class Mistake(NamedTuple):
    """Held-out tracks of a label that the champion takes for another one."""

    true_label: str
    taken_for: str
    tracks: int
    share: float
    mean_confidence: float | None
    called_unknown: int


class TrainingSummary(NamedTuple):
    """A training, and the metrics of its model on held-out tracks."""

    training_run_id: int
    started_at: datetime
    why: str
    status: str
    architecture: str
    tracks: int
    epochs: int
    fit_s: float | None
    track_accuracy: float | None
    balanced_accuracy: float | None
    model_id: int | None
    model_status: str | None
    reason: str | None
    ci_low: float | None
    ci_high: float | None
    baseline_accuracy: float | None
    on_demand: bool


class ModelSummary(NamedTuple):
    """A model that is no baseline, its metrics on held-out tracks, and its training."""

    id: int
    status: str
    architecture: str
    created_at: datetime
    promoted_at: datetime | None
    tracks: int
    balanced_accuracy: float | None
    ci_low: float | None
    ci_high: float | None
    ece: float | None
    over_baseline: float | None
    reason: str | None
    training_run_id: int
    why: str


class EvaluationEntry(NamedTuple):
    """A metric of all labels together, of the last completed evaluation."""

    evaluation_id: int
    protocol: str
    architecture: str
    level: str
    name: str
    value: float
    ci_low: float | None
    ci_high: float | None
    # It hides tuple.count, which nothing uses.
    count: int  # type: ignore[assignment]


ViewRow = TypeVar(
    "ViewRow",
    PlaylistCoverage,
    LabelAccuracy,
    ConfusionCell,
    Mistake,
    TrainingSummary,
    ModelSummary,
    EvaluationEntry,
)


def playlist_coverage(connection: Connection) -> list[PlaylistCoverage]:
    """All listed playlists, in the order of labels."""
    return _rows(connection, PlaylistCoverage, "playlist_coverage")


def label_accuracy(connection: Connection) -> list[LabelAccuracy]:
    """The labels of the champion, in the order of its outputs."""
    return _rows(connection, LabelAccuracy, "label_accuracy")


def confusion_matrix(connection: Connection) -> list[ConfusionCell]:
    """The confusion matrix of the champion."""
    return _rows(connection, ConfusionCell, "confusion_matrix")


def mistakes(connection: Connection) -> list[Mistake]:
    """The mistakes of the champion, the most frequent first."""
    return _rows(connection, Mistake, "mistakes")


def training_history(connection: Connection) -> list[TrainingSummary]:
    """All trainings, the newest first."""
    return _rows(connection, TrainingSummary, "training_history")


def model_list(connection: Connection) -> list[ModelSummary]:
    """All models but baselines, the newest first."""
    return _rows(connection, ModelSummary, "model_list")


def evaluation_table(connection: Connection) -> list[EvaluationEntry]:
    """The metrics of the last completed evaluation, by protocol, architecture and level."""
    return _rows(connection, EvaluationEntry, "evaluation_table")


def _rows(connection: Connection, kind: type[ViewRow], view: str) -> list[ViewRow]:
    columns = ", ".join(kind._fields)
    return typed_rows(kind, connection.execute(text(f"SELECT {columns} FROM {view}")))
