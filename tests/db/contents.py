"""All that a database holds, to compare before and after."""

from sqlalchemy import Connection, text

# Rows that follow from all others, whenever that is worked out; tests/db/write/test_track_state.py looks after them.
DERIVED = ("changed_tracks", "track_states", "track_state_members", "playlist_track_states")
OF_THE_MOMENT = ("request_pace",)


def contents(connection: Connection, *, without: tuple[str, ...] = ("last_seen_at",)) -> dict[str, list[str]]:
    """Every row of every table as JSON, but for some columns, and for what is derived from other rows."""
    tables = connection.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    ).all()
    drop = "".join(f" - '{column}'" for column in without)
    return {
        table: sorted(map(str, connection.scalars(text(f"SELECT to_jsonb(t){drop} FROM {table} t"))))
        for table in tables
        if table not in DERIVED + OF_THE_MOMENT
    }
