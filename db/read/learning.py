"""Questions about labels, trainings and models, and which tracks a model has still to score."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from db.read.rows import Rows
from db.read.splits import TRAINABLE
from db.read.track_state import LEARNABLE, learnable, tracks_in_state

UNSCORED = "s.audio && :audio AND s.clips_new = 0 AND s.scored_by IS DISTINCT FROM :model"


def labels(connection: Connection) -> Rows:
    """id, slug and name of every label, in the order of the network's outputs."""
    return connection.execute(text("SELECT id, slug, name FROM labels ORDER BY id")).all()


def files_learnt(connection: Connection, hashes: Sequence[str]) -> set[str]:
    """Those of these files, by the sha256 of their bytes, that the model in use has learnt from."""
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


def last_training(connection: Connection) -> Row[Any] | None:
    """The newest training that came to an end or was refused.

    It has id, status, error, config_id, dataset_fingerprint, labels and architecture.
    """
    return connection.execute(
        text("""
            SELECT id, status, error, config_id, dataset_fingerprint, labels, architecture
              FROM training_runs
             WHERE status IN ('completed', 'refused') ORDER BY id DESC LIMIT 1
        """)
    ).one_or_none()


def training_on(connection: Connection, dataset_fingerprint: str, architecture: str) -> int | None:
    """The id of the last training of this architecture on exactly these data that came to its end, if there is one."""
    training: int | None = connection.scalar(
        text("""
            SELECT max(id) FROM training_runs
             WHERE status = 'completed' AND dataset_fingerprint = :fingerprint AND architecture = :architecture
        """),
        {"fingerprint": dataset_fingerprint, "architecture": architecture},
    )
    return training


def champion(connection: Connection) -> Row[Any] | None:
    """The model in use: model_id, training_run_id, architecture, path, sha256, config_id, labels, …"""
    return connection.execute(text("SELECT * FROM champion")).one_or_none()


def model(connection: Connection, model_id: int) -> Row[Any] | None:
    """One model, in use or not: its status, path, sha256, and the origins that it learnt from."""
    return connection.execute(
        text("""
            SELECT m.status, m.path, m.sha256, t.origins
              FROM models m JOIN training_runs t ON t.id = m.training_run_id
             WHERE m.id = :model
        """),
        {"model": model_id},
    ).one_or_none()


def count_new_tracks(
    connection: Connection, config_id: int, training_run_id: int, allowed: Sequence[str]
) -> tuple[int, int]:
    """How many tracks a training could now have that the last completed one has not seen, and how many that has.

    Tracks that were put aside, or that no place was found for yet, do not count, nor do labels that cannot be
    trained (`split_queries.trainable_labels`): they would set a training off again and again.
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
    """Tracks with usable audio, from allowed origins, that the model has not scored yet.

    Those with a clip that still waits for extraction wait, too.
    """
    return list(
        connection.scalars(
            text(f"""
                SELECT DISTINCT c.track_id
                  FROM clips c
                  JOIN spectrograms s ON s.clip_id = c.id AND s.config_id = :recipe
                 WHERE c.track_id = ANY({tracks_in_state(UNSCORED)})
                   AND c.status = 'ready' AND c.provider = ANY(:allowed)
                   AND NOT EXISTS (SELECT FROM predictions p
                                    WHERE p.track_id = c.track_id AND p.model_id = :model)
                   AND NOT EXISTS (SELECT FROM clips w WHERE w.track_id = c.track_id AND w.status = 'new')
                 ORDER BY c.track_id
            """),
            {"model": model_id, "recipe": config_id, **learnable(config_id, allowed)},
        )
    )
