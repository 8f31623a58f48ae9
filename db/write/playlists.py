"""Write playlists, their status, their tracks, and their rejected entries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypedDict

from sqlalchemy import Connection, func, insert, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.models.catalogue import Label, Load, Playlist, RejectedRecord
from db.write.rows import Row, unique

# Compared in Python: the server may scan the whole array for each member, which takes a minute for 20 000 tracks.
MEMBERS: Final = "SELECT track_id FROM playlist_tracks WHERE playlist_id = :playlist AND removed_at IS NULL"
REGISTER_PLAYLIST: Final = """
    WITH label AS (SELECT id FROM labels WHERE slug = :slug),
    registered AS (
        INSERT INTO playlists AS p (provider, external_id, name, label_id, listed_by)
        SELECT :provider, :external_id, :external_id, id, :listed_by FROM label
        ON CONFLICT (provider, external_id) DO UPDATE
           SET label_id = excluded.label_id, listed_by = excluded.listed_by, removed_at = NULL
         WHERE (p.label_id, p.listed_by) IS DISTINCT FROM (excluded.label_id, excluded.listed_by)
            OR p.removed_at IS NOT NULL
        RETURNING id)
    SELECT id FROM registered
    UNION ALL
    SELECT id FROM playlists
     WHERE (provider, external_id) = (:provider, :external_id) AND NOT EXISTS (SELECT FROM registered)
"""


class RejectionRow(TypedDict):
    """An entry that could not be used: the reason in one word, a sentence with the cure, and its own record."""

    reference: str
    reason: str
    detail: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """Number of tracks read, added and removed, and of entries rejected, by one load."""

    tracks: int
    added: int
    removed: int
    rejected: int


def register_playlist(
    connection: Connection,
    provider: str,
    external_id: str,
    label: Row,
    listed_by: str,
    *,
    keep_name: bool = True,
) -> int:
    """Write the rows of a playlist and its label unless they exist; returns the playlist's id.

    A new playlist gets its external id as name. An empty description never replaces another. With `keep_name` an
    existing label keeps its name.
    """
    _save_label(connection, label, keep_name=keep_name)
    playlist_id: int = connection.execute(
        text(REGISTER_PLAYLIST),
        {
            "slug": label["slug"],
            "provider": provider,
            "external_id": external_id,
            "listed_by": listed_by,
        },
    ).scalar_one()
    return playlist_id


def _save_label(connection: Connection, label: Row, *, keep_name: bool) -> None:
    """Write a label; an existing one gets the new description unless it is empty, and the new name if asked."""
    described = upsert(Label).values(**label)
    new = described.excluded
    renamed = (new.name != Label.name) & (not keep_name)
    connection.execute(
        described.on_conflict_do_update(
            index_elements=["slug"],
            set_={
                "name": Label.name if keep_name else new.name,
                "description": func.coalesce(func.nullif(new.description, ""), Label.description),
            },
            where=renamed | ~new.description.in_(["", Label.description]),
        )
    )


def saw_unchanged(connection: Connection, playlist_id: int, name: str, snapshot_id: str) -> bool:
    """Write the current name of a playlist; True, with status ok, if its version is the stored one."""
    rename = update(Playlist).where(Playlist.id == playlist_id, Playlist.name != name).values(name=name)
    connection.execute(rename)
    stored_version = (Playlist.id == playlist_id, Playlist.snapshot_id == snapshot_id)
    seen = {"status": "ok", "status_reason": None, "last_seen_at": func.now()}
    return connection.execute(update(Playlist).where(*stored_version).values(**seen)).rowcount > 0


def set_playlist_status(connection: Connection, playlist_id: int, status: str, reason: str) -> None:
    """Write the status and reason of a playlist that could not be read; its tracks stay."""
    connection.execute(
        update(Playlist)
        .where(
            Playlist.id == playlist_id,
            (Playlist.status != status) | (Playlist.status_reason.is_distinct_from(reason)),
        )
        .values(status=status, status_reason=reason)
    )


def close_absent_playlists(connection: Connection, listed_by: str, present: Iterable[tuple[str, str]]) -> int:
    """Mark the playlists that `listed_by` no longer lists as removed; returns the number of tracks that leave them.

    `present` has pairs of provider and external id. The rejected entries of these playlists are resolved. The next
    ingest reads a playlist that returns in full.
    """
    pairs = list(present)
    closed = list(
        connection.scalars(
            text("""
                UPDATE playlists p
                   SET status = 'gone', status_reason = 'It is no longer listed.', snapshot_id = NULL,
                       removed_at = now()
                 WHERE listed_by = :listed_by AND removed_at IS NULL AND NOT EXISTS (
                       SELECT FROM unnest(CAST(:providers AS text[]), CAST(:external_ids AS text[]))
                                AS listed (provider, external_id)
                        WHERE (listed.provider, listed.external_id) = (p.provider, p.external_id))
                RETURNING id
            """),
            {
                "listed_by": listed_by,
                "providers": [provider for provider, _ in pairs],
                "external_ids": [external_id for _, external_id in pairs],
            },
        )
    )
    connection.execute(
        update(RejectedRecord)
        .where(RejectedRecord.playlist_id.in_(closed), RejectedRecord.resolved_at.is_(None))
        .values(resolved_at=func.now())
    )
    leave = "UPDATE playlist_tracks SET removed_at = now() WHERE removed_at IS NULL AND playlist_id = ANY(:closed)"
    return connection.execute(text(leave), {"closed": closed}).rowcount


def move_crate(connection: Connection, old: str, new: str) -> None:
    """Give a crate's playlists and clips the URIs below its new place; the next ingest reads it in full.

    `old` and `new` are `file:` URIs. No crate may be at the new one. The cost grows with the number of all clips.
    """
    places = {"old": f"{old}/", "new": f"{new}/", "listed_by": old, "new_listed_by": new}
    connection.execute(
        text("""
            UPDATE playlists SET external_id = :new || substr(external_id, length(:old) + 1),
                   listed_by = :new_listed_by, snapshot_id = NULL
             WHERE provider = 'folder' AND listed_by = :listed_by AND starts_with(external_id, :old)
        """),
        places,
    )
    connection.execute(
        text("""
            UPDATE clips SET uri = :new || substr(uri, length(:old) + 1)
             WHERE provider = 'folder' AND starts_with(uri, :old)
        """),
        {name: places[name] for name in ("old", "new")},
    )


def complete_load(
    connection: Connection,
    playlist_id: int,
    *,
    name: str,
    raw: Row,
    snapshot_id: str | None,
    added_at: Mapping[int, datetime | None],
    keep_absent: bool,
    rejections: Sequence[RejectionRow],
    started_at: datetime,
    flow_run_id: str | None,
) -> LoadCounts:
    """Write the tracks of a playlist as they were read, and a row for the load.

    `added_at` has all tracks that were read, with the provider's time of addition, if any. Callers hold the playlist's
    lock, and have saved all entries. A snapshot_id of None means a list that changed during the reading: the next
    ingest reads it again. With `keep_absent` tracks that were not read stay, since an unreadable entry may be theirs.
    """
    members = set(connection.scalars(text(MEMBERS), {"playlist": playlist_id}))
    added = _add_members(connection, playlist_id, {k: v for k, v in added_at.items() if k not in members})
    absent = [] if keep_absent else sorted(members - added_at.keys())
    removed = _remove_members(connection, playlist_id, absent)
    counts = LoadCounts(len(added_at), added, removed, len(rejections))
    load = {
        "flow_run_id": flow_run_id,
        "snapshot_id": snapshot_id or "moved while it was read",
        "started_at": started_at,
        "entries": len(added_at) + len(rejections),
    }
    _save_rejections(connection, playlist_id, _save_load(connection, playlist_id, counts, load), rejections)
    fresh = {"name": name, "raw": raw, "snapshot_id": snapshot_id, "last_seen_at": func.now()}
    connection.execute(
        update(Playlist).where(Playlist.id == playlist_id).values(status="ok", status_reason=None, **fresh)
    )
    return counts


def _add_members(connection: Connection, playlist_id: int, added_at: Mapping[int, datetime | None]) -> int:
    """Add tracks to a playlist, some of them again; their number."""
    times = [added_at[track_id] for track_id in added_at]
    return connection.execute(
        text("""
            INSERT INTO playlist_tracks (playlist_id, track_id, added_at)
            SELECT :playlist, track_id, coalesce(added_at, now())
              FROM unnest(CAST(:tracks AS bigint[]), CAST(:times AS timestamptz[])) AS entry (track_id, added_at)
             ORDER BY track_id
            ON CONFLICT (playlist_id, track_id) DO UPDATE SET removed_at = NULL, added_at = excluded.added_at
        """),
        {"playlist": playlist_id, "tracks": list(added_at), "times": times},
    ).rowcount


def _remove_members(connection: Connection, playlist_id: int, track_ids: Sequence[int]) -> int:
    """Mark tracks as removed from a playlist; their number."""
    return connection.execute(
        text("""
            UPDATE playlist_tracks SET removed_at = now()
             WHERE playlist_id = :playlist AND track_id = ANY(CAST(:tracks AS bigint[]))
        """),
        {"playlist": playlist_id, "tracks": track_ids},
    ).rowcount


def _save_load(connection: Connection, playlist_id: int, counts: LoadCounts, load: Row) -> int:
    """Write the row of a load; its id."""
    return connection.execute(
        insert(Load)
        .values(
            playlist_id=playlist_id,
            tracks_added=counts.added,
            tracks_removed=counts.removed,
            rejected=counts.rejected,
            **load,
        )
        .returning(Load.id)
    ).scalar_one()


def _save_rejections(
    connection: Connection, playlist_id: int, load_id: int, rejections: Sequence[RejectionRow]
) -> None:
    """Write rejected entries, each once, and resolve the earlier ones that are not among them."""
    if rejections:
        statement = upsert(RejectedRecord)
        statement = statement.on_conflict_do_update(
            index_elements=["playlist_id", "reference", "reason"],
            set_={
                "detail": statement.excluded.detail,
                "payload": statement.excluded.payload,
                "last_seen_at": func.now(),
                "resolved_at": None,
            },
        )
        rows: list[dict[str, Any]] = [
            {**row, "playlist_id": playlist_id, "load_id": load_id} for row in rejections
        ]
        connection.execute(statement, unique(rows, "playlist_id", "reference", "reason"))
    # now() is the start of the transaction, so that the rows above have exactly this time.
    connection.execute(
        update(RejectedRecord)
        .where(
            RejectedRecord.playlist_id == playlist_id,
            RejectedRecord.resolved_at.is_(None),
            RejectedRecord.last_seen_at < func.now(),
        )
        .values(resolved_at=func.now())
    )
