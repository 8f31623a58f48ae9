"""The result of an ingest without ids and times: equal for two homes with the same content."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from tests.db.contents import DERIVED, TRANSIENT

IGNORED = {
    "id",
    "added_at",
    "checked_at",
    "created_at",
    "doubted_since",
    "finished_at",
    "first_seen_at",
    "flow_run_id",
    "last_seen_at",
    "load_id",
    "modified_ns",
    "started_at",
}
"""Ids and times; the time of a file is that of its download."""
NAMED_BY = {
    "label_id": "SELECT id, slug FROM labels",
    "playlist_id": "SELECT id, provider || ':' || external_id FROM playlists",
    "track_id": "SELECT id, provider || ':' || external_id FROM tracks",
    "artist_id": "SELECT id, provider || ':' || external_id FROM artists",
    "clip_id": "SELECT id, uri || offset_s FROM clips",
}


def final_state(connection: Connection, home: Path) -> dict[str, list[Any]]:
    """Every row of every table by its natural keys, and name and size of every audio file, even half-written."""
    state: dict[str, list[Any]] = {
        table: sorted(map(str, rows)) for table, rows in named_rows(connection).items()
    }
    audio = home / "audio"
    state["files"] = sorted(
        f"{path.relative_to(audio)} {path.stat().st_size}" for path in audio.rglob("*") if path.is_file()
    )
    return state


def named_rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that is not derived, with natural keys in place of ids and without times."""
    names = {column: dict(map(tuple, connection.execute(text(query)))) for column, query in NAMED_BY.items()}
    tables = connection.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
    ).all()
    return {
        table: [
            _by_name(row, names) for row in connection.scalars(text(f"SELECT to_jsonb(t) FROM {table} t"))
        ]
        for table in tables
        if table not in DERIVED + TRANSIENT
    }


def _by_name(row: dict[str, Any], names: dict[str, dict[int, str]]) -> dict[str, Any]:
    kept = {column: value for column, value in row.items() if column not in IGNORED}
    for column in ("removed_at", "resolved_at"):
        if column in kept:
            kept[column] = kept[column] is not None
    return {
        column: names[column].get(value, value) if column in names else value
        for column, value in sorted(kept.items())
    }
