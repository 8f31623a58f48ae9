"""Queries, by subject. Each returns typed rows, rows or plain values."""

from db.read import (
    clips,
    embeddings,
    files,
    learning,
    mixes,
    problems,
    providers,
    report,
    splits,
    track_names,
    track_state,
)

__all__ = [
    "clips",
    "embeddings",
    "files",
    "learning",
    "mixes",
    "problems",
    "providers",
    "report",
    "splits",
    "track_names",
    "track_state",
]
