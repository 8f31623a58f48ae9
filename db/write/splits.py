"""Write on which side of the split tracks stand: once, for good; only groups may grow together."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from db.write.rows import Row, arrays


def save_splits(connection: Connection, rows: Sequence[Row]) -> int:
    """Place tracks; one that has a place keeps it. Returns how many were placed.

    Rows have track_id, group_key, scheme (artist, album, title), split (train, validation, holdout, aside) and
    reason (why it stands there).
    """
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
    """Give groups that a new track has tied together one key, from old to new; no track changes sides by it."""
    for old, new in merged.items():
        connection.execute(
            text("UPDATE track_splits SET group_key = :new WHERE group_key = :old"), {"old": old, "new": new}
        )
