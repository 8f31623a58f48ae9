"""Queries of crates: the folders whose sub-folders are labels."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from db.read.rows import typed_rows


class Crate(NamedTuple):
    """A crate: its `file:` URI, its number of labels and tracks, and the time of its last ingest."""

    uri: str
    labels: int
    tracks: int
    last_seen_at: datetime


def crates(connection: Connection) -> list[Crate]:
    """The crates of the home, in the order of their paths. Forgotten ones are left out."""
    result = connection.execute(
        text("""
            SELECT p.listed_by AS uri, count(DISTINCT p.label_id) AS labels,
                   coalesce(sum(counted.tracks), 0)::bigint AS tracks, max(p.last_seen_at) AS last_seen_at
              FROM playlists p
              LEFT JOIN (SELECT playlist_id, sum(tracks) AS tracks FROM playlist_track_states_now
                          GROUP BY playlist_id) AS counted ON counted.playlist_id = p.id
             WHERE p.provider = 'folder' AND p.listed_by LIKE 'file:%' AND p.removed_at IS NULL
             GROUP BY p.listed_by ORDER BY p.listed_by
        """)
    )
    return typed_rows(Crate, result)


def crate_files(connection: Connection, uri: str) -> dict[tuple[str, int, int], str]:
    """SHA-256 of each audio file that a crate held at its last ingest, by (uri, bytes, modified_ns)."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT c.uri, c.bytes, c.modified_ns, c.sha256
              FROM playlists p
              JOIN playlist_tracks pt ON pt.playlist_id = p.id AND pt.removed_at IS NULL
              JOIN clips c ON c.track_id = pt.track_id AND c.provider = p.provider
             WHERE p.listed_by = :uri AND p.removed_at IS NULL
        """),
        {"uri": uri},
    )
    return {(row.uri, row.bytes, row.modified_ns): row.sha256 for row in rows}
