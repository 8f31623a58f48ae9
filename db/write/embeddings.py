"""Write embeddings, and delete those of models that are no longer in use."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, text

from db.read.embeddings import is_there


def as_vector(numbers: Iterable[float]) -> str:
    """Numbers as pgvector's text, with the seven digits of a 32-bit float."""
    return f"[{','.join(f'{number:.7g}' for number in numbers)}]"


def save_embeddings(connection: Connection, model_id: int, embeddings: Mapping[int, Iterable[float]]) -> None:
    """Write embeddings by track id, unless they exist. Without pgvector there is no table, and nothing is written."""
    if not is_there(connection):
        return
    connection.execute(
        text("""
            INSERT INTO embeddings (track_id, model_id, embedding)
            SELECT n.track_id, :model, CAST(n.embedding AS vector)
              FROM unnest(CAST(:tracks AS bigint[]), CAST(:embeddings AS text[])) AS n (track_id, embedding)
             ORDER BY n.track_id
            ON CONFLICT (track_id, model_id) DO NOTHING
        """),
        {
            "model": model_id,
            "tracks": list(embeddings),
            "embeddings": [as_vector(numbers) for numbers in embeddings.values()],
        },
    )


def complete_embeddings(connection: Connection, model_id: int, allowed: Sequence[str]) -> bool:
    """Record that all tracks with a prediction by the champion have an embedding, and delete those of other models.

    False, without a change, if a track still lacks its embedding or the model is no longer in use. The cost grows with
    the tracks; each champion pays it once.
    """
    names = {"model": model_id, "allowed": list(allowed)}
    in_use = connection.scalar(text("SELECT id FROM models WHERE status = 'champion' FOR NO KEY UPDATE"))
    waiting = connection.scalar(
        text("""
            SELECT EXISTS (
                SELECT FROM predictions p
                  JOIN clips c ON c.track_id = p.track_id
                 WHERE p.model_id = :model AND c.status IN ('new', 'ready') AND c.provider = ANY(:allowed)
                   AND NOT EXISTS (SELECT FROM embeddings e
                                    WHERE e.track_id = p.track_id AND e.model_id = p.model_id))
        """),
        names,
    )
    if in_use != model_id or waiting:
        return False
    connection.execute(text("UPDATE models SET embedded_at = now() WHERE id = :model"), names)
    connection.execute(
        text("UPDATE models SET embedded_at = NULL WHERE id <> :model AND embedded_at IS NOT NULL"), names
    )
    connection.execute(text("DELETE FROM embeddings WHERE model_id <> :model"), names)
    return True
