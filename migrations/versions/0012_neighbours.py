"""What sounds alike: an embedding of each track, an index over them, and functions that find neighbours.

The type of embeddings comes from the extension pgvector. A server may lack it, or refuse it to this role: then table,
index and functions are left out, and `labelscope db upgrade` adds them once it is there, by `make`.
"""

import sqlalchemy as sa
from alembic import op
from psycopg.errors import FeatureNotSupported, InsufficientPrivilege, UndefinedFile
from sqlalchemy.exc import DBAPIError

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

REFUSALS = (
    FeatureNotSupported,
    UndefinedFile,
    InsufficientPrivilege,
)  # it is not there, or not for this role
USABLE = """
    SELECT (regexp_match(extversion, '^(\\d+)\\.(\\d+)'))::int[] >= '{0,8}' AND to_regtype('vector') IS NOT NULL
      FROM pg_extension WHERE extname = 'vector'
"""  # 0.8 is the first that goes on searching where a filter has left too few

TABLE = """
    CREATE TABLE embeddings (
        track_id bigint NOT NULL CONSTRAINT fk_embeddings_track_id_tracks REFERENCES tracks (id) ON DELETE CASCADE,
        model_id bigint NOT NULL CONSTRAINT fk_embeddings_model_id_models REFERENCES models (id) ON DELETE CASCADE,
        embedding vector(256) NOT NULL,
        CONSTRAINT pk_embeddings PRIMARY KEY (track_id, model_id)
    );
    CREATE INDEX ix_embeddings_model_id ON embeddings (model_id);
    CREATE INDEX ix_embeddings_embedding ON embeddings USING hnsw (embedding vector_cosine_ops);
    COMMENT ON TABLE embeddings IS
        'What a model hears in a track, as a vector; kept of the model in use alone, whose are all in one space.';
    COMMENT ON COLUMN embeddings.track_id IS 'The track.';
    COMMENT ON COLUMN embeddings.model_id IS 'The model; embeddings of two models cannot be compared.';
    COMMENT ON COLUMN embeddings.embedding IS
        'Of length 1; the cosine distance <=> of two is 0 for the same sound and about 1 for nothing in common.';
"""

# A plan made for any n would expect a tenth of all rows, and sort them: so one is made for each question.
SIMILAR_TO = """
    CREATE FUNCTION similar_to(sound vector, n integer DEFAULT 10)
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
                  FROM embeddings e WHERE e.model_id = in_use
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
SIMILAR_TRACKS = """
    CREATE FUNCTION similar_tracks(like_track bigint, n integer DEFAULT 10)
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
COMMENTS = {
    "similar_to(vector, integer)": "The n tracks whose embeddings by the model in use are nearest to one, nearest "
    "first; distance is the cosine distance.",
    "similar_tracks(bigint, integer)": "The n tracks that sound most like this one to the model in use, nearest first; "
    "none where it has not heard it.",
}


def upgrade() -> None:
    op.add_column(
        "models",
        sa.Column(
            "embedded_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When all tracks that it had scored had an embedding; null: not yet, or they are kept no longer.",
        ),
    )
    make(op.get_bind())


def make(connection: sa.Connection) -> bool:
    """Table, index and functions, unless they are there; False where the server has no pgvector for this role."""
    if connection.scalar(sa.text("SELECT to_regclass('public.embeddings') IS NOT NULL")):
        return True
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS vector"))
    except DBAPIError as refusal:
        if isinstance(refusal.orig, REFUSALS):
            return False
        raise
    if not connection.scalar(sa.text(USABLE)):
        return False
    for statement in (TABLE, SIMILAR_TO, SIMILAR_TRACKS):
        connection.execute(sa.text(statement))
    for function, comment in COMMENTS.items():
        connection.execute(sa.text(f"COMMENT ON FUNCTION {function} IS '{comment}'"))
    return True


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT to_regclass('public.embeddings') IS NOT NULL")):
        for function in COMMENTS:
            op.execute(f"DROP FUNCTION IF EXISTS {function}")
        op.execute("DROP TABLE embeddings")
    op.drop_column("models", "embedded_at")
