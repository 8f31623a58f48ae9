"""Every statement that writes. Callers open the transactions; what is there already is left as it is."""

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
