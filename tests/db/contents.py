"""The content of a database, to compare before and after."""

from sqlalchemy import Connection, text

# Derived rows, which tests/db/write/test_track_state.py tests.
DERIVED = ("changed_tracks", "track_states", "track_state_members", "playlist_track_states")
TRANSIENT = ("request_pace",)
# Tracks that no playlist holds count nowhere.
JOIN_PLAYLIST = """
    INSERT INTO playlist_tracks (playlist_id, track_id) SELECT 1, id FROM tracks
     WHERE id NOT IN (SELECT track_id FROM playlist_tracks)
"""


def contents(connection: Connection, *, without: tuple[str, ...] = ("last_seen_at",)) -> dict[str, list[str]]:
    """All rows of each table as JSON, without some columns, and without derived and transient tables."""
    tables = connection.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    ).all()
    drop = "".join(f" - '{column}'" for column in without)
    return {
        table: sorted(map(str, connection.scalars(text(f"SELECT to_jsonb(t){drop} FROM {table} t"))))
        for table in tables
        if table not in DERIVED + TRANSIENT
    }
