"""The table of embeddings with its index and functions, which need the PostgreSQL extension pgvector.

A server may lack the extension, or deny it to the role: migration 0012 then leaves all of this out, and
`labelscope db upgrade` adds it later. Migration and command run the same SQL, so it names only tables of 0012.
"""

from typing import Final

from psycopg.errors import FeatureNotSupported, InsufficientPrivilege, UndefinedFile
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from db.engine import Lock, lock_until_commit, normalised_url
from db.lock_waits import announced

# The extension is missing, or denied to this role.
REFUSALS: Final = (FeatureNotSupported, UndefinedFile, InsufficientPrivilege)
# Version 0.8 is the first that continues an index search after a filter has left too few rows.
USABLE: Final = """
    SELECT (regexp_match(extversion, '^(\\d+)\\.(\\d+)'))::int[] >= '{0,8}' AND to_regtype('vector') IS NOT NULL
      FROM pg_extension WHERE extname = 'vector'
"""
EXISTS: Final = "SELECT to_regclass('public.embeddings') IS NOT NULL"

TABLE: Final = """
    CREATE TABLE embeddings (
        track_id bigint NOT NULL CONSTRAINT fk_embeddings_track_id_tracks REFERENCES tracks (id) ON DELETE CASCADE,
        model_id bigint NOT NULL CONSTRAINT fk_embeddings_model_id_models REFERENCES models (id) ON DELETE CASCADE,
        embedding vector(256) NOT NULL,
        CONSTRAINT pk_embeddings PRIMARY KEY (track_id, model_id)
    );
    CREATE INDEX ix_embeddings_model_id ON embeddings (model_id);
    CREATE INDEX ix_embeddings_embedding ON embeddings USING hnsw (embedding vector_cosine_ops);
"""

# A generic plan would expect a tenth of all rows for any n, and sort them: PostgreSQL plans each call.
SIMILAR_TO: Final = """
    CREATE OR REPLACE FUNCTION similar_to(sound vector, n integer DEFAULT 10)
    RETURNS TABLE (track_id bigint, artists text, title text, label text, predicted text, distance double precision)
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode = force_custom_plan SET hnsw.iterative_scan = strict_order SET hnsw.ef_search = 100
    AS $$
    #variable_conflict use_column
    DECLARE
        in_use bigint := (SELECT id FROM models WHERE status = 'champion');
        ids bigint[];
        distances double precision[];
    BEGIN
        SELECT array_agg(near.track_id), array_agg(near.distance) INTO ids, distances
          FROM (SELECT e.track_id, e.embedding <=> sound AS distance
                  FROM embeddings e
                 WHERE e.model_id = in_use
                   -- A scalar subquery, since a join would cost the index on embeddings.
                   AND (SELECT true FROM playlist_tracks pt
                         WHERE pt.track_id = e.track_id AND pt.removed_at IS NULL LIMIT 1)
                 ORDER BY e.embedding <=> sound LIMIT n) AS near;
        RETURN QUERY
        SELECT t.id,
               (SELECT string_agg(a.name, ', ' ORDER BY ta.position)
                  FROM track_artists ta JOIN artists a ON a.id = ta.artist_id WHERE ta.track_id = t.id),
               t.title, truth.name,
               CASE WHEN p.id IS NOT NULL THEN coalesce(guess.name, 'unknown') END,
               distances[array_position(ids, t.id)] AS distance
          FROM tracks t
          LEFT JOIN (SELECT track_id, label_id FROM track_labels WHERE track_id = ANY(ids)) AS tl ON tl.track_id = t.id
          LEFT JOIN labels truth ON truth.id = tl.label_id
          LEFT JOIN predictions p ON p.track_id = t.id AND p.model_id = in_use
          LEFT JOIN labels guess ON guess.id = p.label_id
         WHERE t.id = ANY(ids)
         ORDER BY distance, t.id;
    END $$
"""
SIMILAR_TRACKS: Final = """
    CREATE OR REPLACE FUNCTION similar_tracks(like_track bigint, n integer DEFAULT 10)
    RETURNS TABLE (track_id bigint, artists text, title text, label text, predicted text, distance double precision)
    LANGUAGE sql STABLE
    AS $$
        SELECT near.*
          FROM models m
          JOIN embeddings e ON e.model_id = m.id AND e.track_id = like_track
         CROSS JOIN LATERAL similar_to(e.embedding, n + 1) AS near
         WHERE m.status = 'champion' AND near.track_id <> like_track
         ORDER BY near.distance, near.track_id LIMIT n
    $$
"""
COMMENTS: Final = {
    "TABLE embeddings": "The embedding of a track by a model; only those of the model in use are kept.",
    "COLUMN embeddings.track_id": "The track.",
    "COLUMN embeddings.model_id": "The model; embeddings of two models do not compare.",
    "COLUMN embeddings.embedding": "Vector of length 1; the cosine distance <=> is 0 for the same sound, near 1 for "
    "unrelated ones.",
    "FUNCTION similar_to(vector, integer)": "The n tracks nearest to an embedding by the model in use, nearest first, "
    "with their cosine distance.",
    "FUNCTION similar_tracks(bigint, integer)": "The n tracks that sound most like a track to the model in use, "
    "nearest first; none without an embedding of the track.",
}


def add_neighbours(address: str) -> bool:
    """Create the table of embeddings with its index and functions where they are missing; False without pgvector.

    The address is that of a role that may migrate, and may create the extension unless the database has it.
    """
    engine = create_engine(normalised_url(address), poolclass=NullPool)
    with announced(engine), engine.begin() as connection:
        lock_until_commit(connection, Lock.MIGRATION)
        return create_embeddings(connection)


def create_embeddings(connection: Connection) -> bool:
    """Create the table of embeddings with its index and functions where they are missing; False without pgvector."""
    if connection.scalar(text(EXISTS)):
        return True
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    except DBAPIError as error:
        if isinstance(error.orig, REFUSALS):
            return False
        raise
    if not connection.scalar(text(USABLE)):
        return False
    connection.execute(text(TABLE))
    create_functions(connection)
    comment_embeddings(connection)
    return True


def create_functions(connection: Connection) -> None:
    """Create the functions that find similar tracks, or replace them."""
    for statement in (SIMILAR_TO, SIMILAR_TRACKS):
        connection.execute(text(statement))


def comment_embeddings(connection: Connection) -> None:
    """Set the comments of the table of embeddings and of its functions, which exist."""
    for name, comment in COMMENTS.items():
        connection.execute(text(f"COMMENT ON {name} IS '{comment}'"))
