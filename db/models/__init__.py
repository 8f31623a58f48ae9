"""The tables. Importing this package makes all of them known to `Base.metadata`."""

from db.models import (
    catalogue,
    clips,
    embeddings,
    evaluations,
    files,
    learning,
    mixes,
    providers,
    splits,
    track_state,
)
from db.models.base import Base

__all__ = [
    "Base",
    "catalogue",
    "clips",
    "embeddings",
    "evaluations",
    "files",
    "learning",
    "mixes",
    "providers",
    "splits",
    "track_state",
]
