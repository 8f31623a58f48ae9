"""Queries of embeddings and similar tracks. They need the table of embeddings: see `is_there`."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from db.read.rows import typed_rows
from db.read.track_names import CREDIT


class SimilarTrack(NamedTuple):
    """A track, with its cosine distance from another; label and predicted are names."""

    track_id: int
    artists: str | None
    title: str
    label: str | None
    predicted: str | None
    distance: float


class EmbeddedTrack(NamedTuple):
    """A track with its embedding, 256 numbers."""

    track_id: int
    artists: str | None
    title: str
    label: str | None
    embedding: list[float]


SIMILAR: Final = ", ".join(SimilarTrack._fields)


def is_there(connection: Connection) -> bool:
    """Whether the table of embeddings exists; it needs pgvector."""
    return bool(connection.scalar(text("SELECT to_regclass('public.embeddings') IS NOT NULL")))


def is_available(connection: Connection) -> bool:
    """Whether the server offers pgvector, installed in this database or not."""
    return bool(
        connection.scalar(text("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')"))
    )


def installed_version(connection: Connection) -> str | None:
    """The version of pgvector in this database, or None."""
    version: str | None = connection.scalar(
        text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    )
    return version


def is_complete(connection: Connection, model_id: int) -> bool:
    """Whether each track with a prediction by the model has an embedding."""
    return bool(
        connection.scalar(
            text("SELECT embedded_at IS NOT NULL FROM models WHERE id = :model"), {"model": model_id}
        )
    )


def has_embeddings(connection: Connection, model_id: int) -> bool:
    """Whether the model has an embedding of any track."""
    return bool(
        connection.scalar(
            text("SELECT EXISTS (SELECT FROM embeddings WHERE model_id = :model)"), {"model": model_id}
        )
    )


def tracks_without_embedding(
    connection: Connection, model_id: int, config_id: int, allowed: Sequence[str]
) -> list[int]:
    """Ids of tracks with a prediction by the model, a spectrogram and no embedding. Cost grows with the tracks.

    Such are predictions of an earlier version, without pgvector, or of a model that is in use again.
    """
    return list(
        connection.scalars(
            text("""
                SELECT DISTINCT p.track_id
                  FROM predictions p
                  JOIN clips c ON c.track_id = p.track_id AND c.status = 'ready' AND c.provider = ANY(:allowed)
                  JOIN spectrograms s ON s.clip_id = c.id AND s.config_id = :config
                 WHERE p.model_id = :model
                   AND NOT EXISTS (SELECT FROM embeddings e
                                    WHERE e.track_id = p.track_id AND e.model_id = p.model_id)
                 ORDER BY p.track_id
            """),
            {"model": model_id, "config": config_id, "allowed": list(allowed)},
        )
    )


def similar_tracks(connection: Connection, track_id: int, number: int) -> list[SimilarTrack]:
    """The tracks most similar to a track, the most similar first."""
    result = connection.execute(
        text(f"SELECT {SIMILAR} FROM similar_tracks(:track, :number)"), {"track": track_id, "number": number}
    )
    return typed_rows(SimilarTrack, result)


def similar_to(connection: Connection, embedding: str, number: int) -> list[SimilarTrack]:
    """The tracks most similar to an embedding by the champion (pgvector's text), the most similar first."""
    result = connection.execute(
        text(f"SELECT {SIMILAR} FROM similar_to(CAST(:embedding AS vector), :number)"),
        {"embedding": embedding, "number": number},
    )
    return typed_rows(SimilarTrack, result)


def embedded_tracks(connection: Connection, number: int) -> list[EmbeddedTrack]:
    """At most `number` tracks with an embedding by the champion.

    A larger number of tracks is sampled by the hash of their ids, the same ones each time.
    """
    drawn = connection.scalars(
        text("""
            SELECT e.track_id FROM embeddings e JOIN models m ON m.id = e.model_id AND m.status = 'champion'
             ORDER BY md5(e.track_id::text) LIMIT :number
        """),
        {"number": number},
    ).all()
    result = connection.execute(
        text(f"""
            SELECT t.id AS track_id,
                   {CREDIT} AS artists,
                   t.title, l.name AS label, CAST(e.embedding AS real[]) AS embedding
              FROM embeddings e
              JOIN models m ON m.id = e.model_id AND m.status = 'champion'
              JOIN tracks t ON t.id = e.track_id
              LEFT JOIN (SELECT track_id, label_id FROM track_labels WHERE track_id = ANY(:drawn)) AS tl
                     ON tl.track_id = t.id
              LEFT JOIN labels l ON l.id = tl.label_id
             WHERE e.track_id = ANY(:drawn)
             ORDER BY t.id
        """),
        {"drawn": list(drawn)},
    )
    return typed_rows(EmbeddedTrack, result)
