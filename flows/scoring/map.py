"""The map of all tracks: a point in the plane for each track, by its embedding from the model in use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import Connection

from db import read
from ml.plots.map import plot_map
from ml.plots.projection import places

LARGEST: Final = 4_000  # tracks on a map: more would take minutes and hide each other


@dataclass(frozen=True, slots=True)
class Place:
    """The point of a track. The label is None where the track has none, or playlists disagree."""

    track_id: int
    x: float
    y: float
    label: str | None
    artists: str | None
    title: str


def map_of(connection: Connection, tracks: int = LARGEST) -> list[Place]:
    """The places of at most `tracks` tracks in order of their ids; a larger number is sampled, always alike.

    Empty where no track has an embedding: no model is in use, it has scored nothing, or PostgreSQL has no pgvector. The
    same embeddings give the same map; those of another model give another one. Takes about ten seconds for 4000 tracks.
    """
    if not read.embeddings.is_there(connection):
        return []
    rows = read.embeddings.embedded_tracks(connection, tracks)
    if not rows:
        return []
    points = places(np.array([row.embedding for row in rows], dtype=np.float32))
    return [
        Place(row.track_id, x, y, row.label, row.artists, row.title)
        for row, (x, y) in zip(rows, points.tolist(), strict=True)
    ]


def plot_tracks(connection: Connection, tracks: Sequence[Place]) -> bytes:
    """The map as PNG, with the colours that labels have in all plots."""
    names = [label.name for label in read.learning.labels(connection)]
    present = {place.label for place in tracks}
    shown = [name for name in names if name in present]
    colour = {name: position for position, name in enumerate(names)}
    return plot_map(
        np.array([(place.x, place.y) for place in tracks]).reshape(-1, 2),
        [colour[place.label] if place.label is not None else None for place in tracks],
        names,
        f"{len(tracks)} tracks of {len(shown)} labels",
    )
