"""Choose tracks for a playlist, or among the neighbours of some. Nothing is stored."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from common.text import NO_ARTIST
from db import read
from db.read.exports import PlaylistRow
from flows.scoring.camelot import ChoiceError, camelot, compatible_keys
from sources.records import path_of

BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tracks stay; a filter that is None keeps all."""

    tempo_bpm: tuple[float, float] | None = None
    keys: frozenset[str] | None = None  # in Camelot's notation
    per_artist: int | None = None
    without: frozenset[Path] = frozenset()


def filtered(
    connection: Connection, track_ids: Iterable[int], filters: Filters, number: int
) -> list[PlaylistRow]:
    """The first `number` tracks that pass the filters. Ids are read in batches, and no further than needed."""
    # An id twice, as a person's SQL may give it, is one track.
    ids_once = iter(dict.fromkeys(track_ids) if isinstance(track_ids, Sequence) else track_ids)
    batches = iter(lambda: list(islice(ids_once, BATCH)), [])
    rows = (row for ids in batches for row in read.exports.playlist_rows(connection, ids))
    return list(islice(_passing(rows, filters), number))


def _passing(rows: Iterable[PlaylistRow], filters: Filters) -> Iterator[PlaylistRow]:
    of_artist: Counter[str] = Counter()
    for row in rows:
        if not _fits(row, filters):
            continue
        artist = (row.artists or "").casefold()
        if filters.per_artist is not None and artist not in NO_ARTIST:
            if of_artist[artist] >= filters.per_artist:
                continue
            of_artist[artist] += 1
        yield row


def _fits(row: PlaylistRow, filters: Filters) -> bool:
    if filters.tempo_bpm is not None:
        slowest, fastest = filters.tempo_bpm
        if row.tempo_bpm is None or not slowest <= row.tempo_bpm <= fastest:
            return False
    if filters.keys is not None and camelot(row.key, row.mode) not in filters.keys:
        return False
    return row.uri is None or path_of(row.uri) not in filters.without


def keys_of(name: str, seeds: Sequence[PlaylistRow]) -> frozenset[str]:
    """The keys that fit: `compatible` to at least one seed, or to the key of this name.

    Raises ChoiceError where no seed has a key.
    """
    if name != "compatible":
        return frozenset(compatible_keys(name))
    known = [key for seed in seeds if (key := camelot(seed.key, seed.mode))]
    if not known:
        raise ChoiceError(
            "A compatible key needs a track whose key is known to begin with: write a key such as 8A."
        )
    return frozenset(key for seed in known for key in compatible_keys(seed))


def journey(connection: Connection, rows: Sequence[PlaylistRow]) -> list[PlaylistRow]:
    """The tracks in an order from the first one to the nearest that is left, each once; cost is quadratic.

    Tracks without an embedding are left out.
    """
    embeddings = read.exports.embeddings_of(connection, [row.track_id for row in rows])
    left = [row for row in rows if row.track_id in embeddings]
    if not left:
        return []
    import numpy as np

    vectors = np.array([embeddings[row.track_id] for row in left])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order, remaining = [0], np.ones(len(left), dtype=bool)
    remaining[0] = False
    while remaining.any():
        closeness = np.where(remaining, vectors @ vectors[order[-1]], -np.inf)
        order.append(int(closeness.argmax()))
        remaining[order[-1]] = False
    return [left[index] for index in order]
