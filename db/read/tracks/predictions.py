"""Lists of tracks with the champion's predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text

from db.read.rows import typed_row, typed_rows

NEWEST_FIRST: Final = "first_seen_at DESC, track_id DESC"
LEAST_SURE_FIRST: Final = "confidence, track_id"
NOT_LEARNT_FIRST: Final = "split = 'train', track_id"


class TrackPrediction(NamedTuple):
    """A row of the view `track_predictions`: a track and what the champion predicts."""

    track_id: int
    title: str
    artists: str | None
    album: str | None
    label: str | None
    predicted: str
    confidence: float
    correct: bool | None
    split: str
    model_id: int
    nearest: str
    next_label: str | None
    next_probability: float | None
    path: str | None
    first_seen_at: datetime
    tempo_bpm: float | None
    key: str | None


class Suspect(NamedTuple):
    """A row of the view `suspected_mislabelled`: a track that sounds like another label than its own."""

    track_id: int
    title: str
    artists: str | None
    label: str
    predicted: str
    confidence: float
    label_probability: float
    learnt: bool
    path: str | None


class TrackLabel(NamedTuple):
    """The only label of a track (None: it has none or several), and whether the champion was trained on the track."""

    label: str | None
    learnt: bool


@dataclass(frozen=True, slots=True)
class TrackChoice:
    """Which tracks to list: those that fit every value that is given."""

    label: str | None = None  # name of the label that the tracks have
    predicted: str | None = None  # name of a predicted label, or unknown
    since: datetime | None = None  # the tracks were first seen at this time or later
    scored_since: datetime | None = None  # the tracks were scored at this time or later
    track_ids: Sequence[int] | None = None

    def condition(self) -> tuple[str, dict[str, Any]]:
        """A condition on `track_predictions` or `suspected_mislabelled`, and its parameters."""
        conditions = {
            "label = :label": self.label is not None,
            "predicted = :predicted": self.predicted is not None,
            "track_id IN (SELECT id FROM tracks WHERE first_seen_at >= :since)": self.since is not None,
            "track_id IN (SELECT track_id FROM predictions WHERE created_at >= :scored_since)": (
                self.scored_since is not None
            ),
            "track_id = ANY(:track_ids)": self.track_ids is not None,
        }
        chosen = " AND ".join(condition for condition, is_wanted in conditions.items() if is_wanted)
        return chosen or "true", {
            "label": self.label,
            "predicted": self.predicted,
            "since": self.since,
            "scored_since": self.scored_since,
            "track_ids": None if self.track_ids is None else list(self.track_ids),
        }


def predicted_tracks(
    connection: Connection, choice: TrackChoice, order: str, number: int
) -> list[TrackPrediction]:
    """The first `number` of the chosen tracks in this order. Tracks without a prediction are not among them."""
    condition, parameters = choice.condition()
    query = f"""
        SELECT {", ".join(TrackPrediction._fields)} FROM track_predictions
         WHERE {condition} ORDER BY {order} LIMIT :number
    """
    return typed_rows(TrackPrediction, connection.execute(text(query), parameters | {"number": number}))


def count_predicted_tracks(connection: Connection, choice: TrackChoice) -> int:
    """The number of chosen tracks; linear in the tracks that have a prediction."""
    condition, parameters = choice.condition()
    query = f"SELECT count(*) FROM track_predictions WHERE {condition}"
    return int(connection.scalar(text(query), parameters) or 0)


def suspects(connection: Connection, choice: TrackChoice, number: int) -> list[Suspect]:
    """The first `number` of the chosen tracks that may be mislabelled, the surest first."""
    condition, parameters = choice.condition()
    query = f"""
        SELECT {", ".join(Suspect._fields)} FROM suspected_mislabelled WHERE {condition} LIMIT :number
    """
    return typed_rows(Suspect, connection.execute(text(query), parameters | {"number": number}))


def count_suspects(connection: Connection, choice: TrackChoice) -> int:
    """The number of chosen tracks that may be mislabelled; linear in the tracks that have a prediction."""
    condition, parameters = choice.condition()
    query = f"SELECT count(*) FROM suspected_mislabelled WHERE {condition}"
    return int(connection.scalar(text(query), parameters) or 0)


def label_of(connection: Connection, track_id: int) -> TrackLabel | None:
    """The label of a track; None where the track does not exist."""
    result = connection.execute(
        text("""
            SELECT l.name AS label,
                   EXISTS (SELECT FROM training_run_tracks r
                             JOIN models m ON m.training_run_id = r.training_run_id AND m.status = 'champion'
                            WHERE r.track_id = t.id AND r.split = 'train') AS learnt
              FROM tracks t
              LEFT JOIN track_labels tl ON tl.track_id = t.id
              LEFT JOIN labels l ON l.id = tl.label_id
             WHERE t.id = :track
        """),
        {"track": track_id},
    )
    return typed_row(TrackLabel, result)


def now(connection: Connection) -> datetime:
    """The time by the database's clock, which also sets `first_seen_at`."""
    moment: datetime = connection.execute(text("SELECT now()")).scalar_one()
    return moment
