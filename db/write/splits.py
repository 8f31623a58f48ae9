"""Write the splits of tracks. A split never changes; groups may merge."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from sqlalchemy import Connection, text

from db.write.rows import arrays


class SplitRow(TypedDict):
    """Columns of `track_splits`.

    The scheme is artist, album or title; the split is train, validation, holdout or excluded; the reason is a sentence.
    """

    track_id: int
    group_key: str
    scheme: str
    split: str
    reason: str


def save_splits(connection: Connection, rows: Sequence[SplitRow]) -> int:
    """Write splits of tracks that have none; returns their number."""
    return connection.execute(
        text("""
            INSERT INTO track_splits (track_id, group_key, scheme, split, reason)
            SELECT * FROM unnest(CAST(:track_id AS bigint[]), CAST(:group_key AS text[]),
                                 CAST(:scheme AS text[]), CAST(:split AS text[]), CAST(:reason AS text[]))
             ORDER BY 1
            ON CONFLICT (track_id) DO NOTHING
        """),
        arrays(rows, "track_id", "group_key", "scheme", "split", "reason"),
    ).rowcount


def merge_groups(connection: Connection, merged: Mapping[str, str]) -> None:
    """Merge groups that a new track ties together, by old and new key. No track changes its split."""
    for old, new in merged.items():
        connection.execute(
            text("UPDATE track_splits SET group_key = :new WHERE group_key = :old"), {"old": old, "new": new}
        )
