"""Queries of embeddings and similar tracks. They need the table of embeddings: see `is_there`."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from db.read.rows import typed_rows
from db.read.tracks.names import CREDIT


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


def described(connection: Connection, track_ids: Sequence[int], embedding: str) -> list[SimilarTrack]:
    """These tracks, in their order, with their distances from an embedding by the champion (pgvector's text)."""
    result = connection.execute(
        text(f"""
            SELECT t.id AS track_id, {CREDIT} AS artists, t.title, l.name AS label,
                   CASE WHEN p.id IS NOT NULL THEN coalesce(guess.name, 'unknown') END AS predicted,
                   e.embedding <=> CAST(:embedding AS vector) AS distance
              FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS chosen (id, position)
              JOIN tracks t ON t.id = chosen.id
              JOIN models m ON m.status = 'champion'
              JOIN embeddings e ON (e.track_id, e.model_id) = (t.id, m.id)
              LEFT JOIN track_labels tl ON tl.track_id = t.id
              LEFT JOIN labels l ON l.id = tl.label_id
              LEFT JOIN predictions p ON (p.track_id, p.model_id) = (t.id, m.id)
              LEFT JOIN labels guess ON guess.id = p.label_id
             ORDER BY chosen.position
        """),
        {"ids": list(track_ids), "embedding": embedding},
    )
    return typed_rows(SimilarTrack, result)


def similar_of_label(
    connection: Connection, embedding: str, label_id: int, other_than: int | None, number: int
) -> list[SimilarTrack]:
    """The tracks of a label most similar to an embedding by the champion (pgvector's text), the most similar first.

    Without the track `other_than`. The search is exact; its cost is linear in the label's tracks.
    """
    result = connection.execute(
        text(f"""
            WITH of_label AS MATERIALIZED (
                SELECT e.track_id, m.id AS model_id, e.embedding <=> CAST(:embedding AS vector) AS distance
                  FROM track_labels tl
                  JOIN embeddings e ON e.track_id = tl.track_id
                  JOIN models m ON m.id = e.model_id AND m.status = 'champion'
                 WHERE tl.label_id = :label AND tl.track_id IS DISTINCT FROM :other_than
            ), near AS (
                SELECT * FROM of_label ORDER BY distance, track_id LIMIT :number
            )
            SELECT t.id AS track_id, {CREDIT} AS artists, t.title, l.name AS label,
                   CASE WHEN p.id IS NOT NULL THEN coalesce(guess.name, 'unknown') END AS predicted, near.distance
              FROM near
              JOIN tracks t ON t.id = near.track_id
              JOIN labels l ON l.id = :label
              LEFT JOIN predictions p ON (p.track_id, p.model_id) = (near.track_id, near.model_id)
              LEFT JOIN labels guess ON guess.id = p.label_id
             ORDER BY near.distance, t.id
        """),
        {"embedding": embedding, "label": label_id, "other_than": other_than, "number": number},
    )
    return typed_rows(SimilarTrack, result)


def embedded_tracks(connection: Connection, number: int) -> list[EmbeddedTrack]:
    """At most `number` tracks in playlists with an embedding by the champion.

    A larger number of tracks is sampled by the hash of their ids, the same ones each time.
    """
    drawn = connection.scalars(
        text("""
            SELECT e.track_id FROM embeddings e JOIN models m ON m.id = e.model_id AND m.status = 'champion'
             WHERE e.track_id IN (SELECT track_id FROM playlist_tracks WHERE removed_at IS NULL)
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
