"""Queries, by subject. Each returns typed rows or plain values."""

from db.read import (
    clips,
    crates,
    embeddings,
    exports,
    files,
    learning,
    mixes,
    problems,
    providers,
    report,
    splits,
    tracks,
    views,
)

__all__ = [
    "clips",
    "crates",
    "embeddings",
    "exports",
    "files",
    "learning",
    "mixes",
    "problems",
    "providers",
    "report",
    "splits",
    "tracks",
    "views",
]
