"""Statements that write, by subject. Callers open the transactions; rows that exist stay as they are."""

from db.write import (
    clips,
    embeddings,
    evaluations,
    files,
    learning,
    mixes,
    playlists,
    providers,
    removal,
    rows,
    splits,
    track_state,
    tracks,
)

__all__ = [
    "clips",
    "embeddings",
    "evaluations",
    "files",
    "learning",
    "mixes",
    "playlists",
    "providers",
    "removal",
    "rows",
    "splits",
    "track_state",
    "tracks",
]
