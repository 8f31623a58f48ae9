"""Every statement that reads and is asked for in several places. All return rows, or plain values."""

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
