"""Queries of labels, trainings and models, and of tracks without a prediction."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

from sqlalchemy import Connection, text

from db.read.rows import typed_row, typed_rows
from db.read.splits import TRAINABLE
from db.read.tracks.state import LEARNABLE, learnable, tracks_in_state

UNSCORED = (
    "s.origins <> '{}' AND s.audio && :audio AND s.clips_new = 0 AND s.scored_by IS DISTINCT FROM :model"
)


class LabelName(NamedTuple):
    """A label."""

    id: int
    slug: str
    name: str


class TrainedLabel(TypedDict):
    """A label as trainings and evaluations store it, in the order of the network's outputs."""

    id: int
    slug: str


class LastTraining(NamedTuple):
    """A training that is completed or refused; `labels` are ids and slugs in the order of the outputs."""

    id: int
    status: str
    error: str | None
    config_id: int
    dataset_fingerprint: str
    labels: list[TrainedLabel]
    architecture: str


class Champion(NamedTuple):
    """The model in use, with its metrics on holdout tracks: the columns of the view `champion`."""

    model_id: int
    training_run_id: int
    architecture: str
    path: str
    sha256: str
    config_id: int
    labels: list[TrainedLabel]
    dataset_fingerprint: str
    promoted_at: datetime | None
    reason: str | None
    track_accuracy: float | None
    majority: float | None
    balanced_accuracy: float | None
    ci_low: float | None
    ci_high: float | None
    ece: float | None
    baseline_accuracy: float | None
    calibration: dict[str, Any]


class StoredModel(NamedTuple):
    """A model: its status and file, and the origins of its training's content."""

    status: str
    path: str
    sha256: str
    origins: list[str]


def labels(connection: Connection) -> list[LabelName]:
    """All labels, in the order of the network's outputs."""
    return typed_rows(LabelName, connection.execute(text("SELECT id, slug, name FROM labels ORDER BY id")))


def files_learnt(connection: Connection, hashes: Sequence[str]) -> set[str]:
    """The SHA-256 of those of these files that the champion was trained on."""
    return set(
        connection.scalars(
            text("""
                SELECT DISTINCT c.sha256
                  FROM tracks t
                  JOIN clips c ON c.track_id = t.id
                  JOIN training_run_tracks r ON r.track_id = t.id AND r.split = 'train'
                  JOIN models m ON m.training_run_id = r.training_run_id AND m.status = 'champion'
                 WHERE t.provider IN ('folder', 'synth') AND t.external_id = ANY(:tracks)
            """),
            {"tracks": [f"sha256:{sha256}" for sha256 in hashes]},
        )
    )


def last_training(connection: Connection) -> LastTraining | None:
    """The newest training that is completed or refused."""
    result = connection.execute(
        text("""
            SELECT id, status, error, config_id, dataset_fingerprint, labels, architecture
              FROM training_runs
             WHERE status IN ('completed', 'refused') ORDER BY id DESC LIMIT 1
        """)
    )
    return typed_row(LastTraining, result)


class SameData(NamedTuple):
    """A completed training on certain data, and whether its hyperparameters, seed included, are certain ones, too."""

    training_run_id: int
    same_settings: bool


def training_on(
    connection: Connection, dataset_fingerprint: str, hyperparameters: Mapping[str, Any]
) -> SameData | None:
    """The last completed training of this architecture on exactly this dataset, or None.

    One that has these hyperparameters comes first.
    """
    result = connection.execute(
        text("""
            SELECT id AS training_run_id, hyperparameters = CAST(:hyperparameters AS jsonb) AS same_settings
              FROM training_runs
             WHERE status = 'completed' AND dataset_fingerprint = :fingerprint
               AND architecture = CAST(:hyperparameters AS jsonb) ->> 'architecture'
             ORDER BY same_settings DESC, id DESC LIMIT 1
        """),
        {"fingerprint": dataset_fingerprint, "hyperparameters": json.dumps(hyperparameters)},
    )
    return typed_row(SameData, result)


def champion(connection: Connection) -> Champion | None:
    """The model in use, or None."""
    columns = ", ".join(Champion._fields)
    return typed_row(Champion, connection.execute(text(f"SELECT {columns} FROM champion")))


def model(connection: Connection, model_id: int) -> StoredModel | None:
    """A model, in use or not; None where it does not exist."""
    result = connection.execute(
        text("""
            SELECT m.status, m.path, m.sha256, t.origins
              FROM models m JOIN training_runs t ON t.id = m.training_run_id
             WHERE m.id = :model
        """),
        {"model": model_id},
    )
    return typed_row(StoredModel, result)


def count_new_tracks(
    connection: Connection, config_id: int, training_run_id: int, allowed: Sequence[str]
) -> tuple[int, int]:
    """Number of tracks for a training that this training did not have, and number of tracks that it had.

    Excluded tracks, tracks without a split, and labels outside `splits.trainable_labels` do not count: they would
    cause one training after the other.
    """
    row = connection.execute(
        text(f"""
            WITH {TRAINABLE}
            SELECT coalesce(sum(s.tracks) FILTER (
                       WHERE s.trained_in IS DISTINCT FROM :run AND {LEARNABLE}
                         AND s.split <> 'excluded'
                         AND s.label_id IN (SELECT label_id FROM trainable)), 0)::bigint AS new,
                   coalesce(sum(s.tracks) FILTER (WHERE s.trained_in = :run), 0)::bigint AS seen
              FROM track_states_now s
        """),
        {"run": training_run_id, **learnable(config_id, allowed)},
    ).one()
    return row.new, row.seen


def tracks_to_predict(
    connection: Connection, model_id: int, config_id: int, allowed: Sequence[str]
) -> list[int]:
    """Ids of tracks in playlists with usable audio of allowed origins that have no prediction by this model.

    Tracks with a new clip are left out until its extraction.
    """
    return list(
        connection.scalars(
            text(f"""
                SELECT DISTINCT c.track_id
                  FROM clips c
                  JOIN spectrograms s ON s.clip_id = c.id AND s.config_id = :config
                 WHERE c.track_id = ANY({tracks_in_state(UNSCORED)})
                   AND c.status = 'ready' AND c.provider = ANY(:allowed)
                   AND NOT EXISTS (SELECT FROM predictions p
                                    WHERE p.track_id = c.track_id AND p.model_id = :model)
                   AND EXISTS (SELECT FROM playlist_tracks pt
                                WHERE pt.track_id = c.track_id AND pt.removed_at IS NULL)
                   AND NOT EXISTS (SELECT FROM clips w WHERE w.track_id = c.track_id AND w.status = 'new')
                 ORDER BY c.track_id
            """),
            {"model": model_id, "config": config_id, **learnable(config_id, allowed)},
        )
    )
