"""Embeddings of tracks. The table is missing where PostgreSQL lacks pgvector; see db/pgvector.py."""

from typing import Any, Final

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from db.models.base import Base, TrackKey

DIMENSIONS: Final = 256


class Vector(UserDefinedType[str]):
    """The type of pgvector, as its text: '[0.1,0.2]'."""

    cache_ok = True

    def __init__(self, dimensions: int | None = None) -> None:
        self.dimensions = dimensions

    def get_col_spec(self, **_: Any) -> str:
        return f"vector({self.dimensions})" if self.dimensions else "vector"


ischema_names["vector"] = Vector  # Alembic then compares the type without a warning


class Embedding(Base):
    __tablename__ = "embeddings"
    __table_args__ = (
        Index(None, "model_id"),
        Index(None, "embedding", postgresql_using="hnsw", postgresql_ops={"embedding": "vector_cosine_ops"}),
        {"comment": "The embedding of a track by a model; only those of the model in use are kept."},
    )

    track_id: Mapped[TrackKey]
    model_id: Mapped[int] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"),
        primary_key=True,
        comment="The model; embeddings of two models do not compare.",
    )
    embedding: Mapped[str] = mapped_column(
        Vector(DIMENSIONS),
        comment="Vector of length 1; the cosine distance <=> is 0 for the same sound, near 1 for unrelated ones.",
    )
