"""Write which playlists there are, how they stand, which tracks they hold, and what could not be used."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.models.catalogue import Label, Load, Playlist, RejectedRecord
from db.write.rows import Row, unique

# Compared with what was read here and not by the server: unsure how long an array is, it may go through all of it
# for each member, which for 20 000 tracks takes most of a minute.
MEMBERS = "SELECT track_id FROM playlist_tracks WHERE playlist_id = :playlist AND removed_at IS NULL"


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What one load changed."""

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
    """Make sure that the playlist and its label have rows; the playlist's id.

    A playlist that nobody has seen yet is called by its external id. A description never gives way to none.
    With `keep_name` a known label keeps its name, whatever a folder is called.
    """
    described = upsert(Label).values(**label)
    connection.execute(
        described.on_conflict_do_update(
            index_elements=["slug"],
            set_={
                "name": Label.name if keep_name else described.excluded.name,
                "description": func.coalesce(
                    func.nullif(described.excluded.description, ""), Label.description
                ),
            },
            where=((described.excluded.name != Label.name) & (not keep_name))
            | ~described.excluded.description.in_(["", Label.description]),
        )
    )
    playlist_id: int = connection.execute(
        text("""
            WITH label AS (SELECT id FROM labels WHERE slug = :slug),
            registered AS (
                INSERT INTO playlists AS p (provider, external_id, name, label_id, listed_by)
                SELECT :provider, :external_id, :external_id, id, :listed_by FROM label
                ON CONFLICT (provider, external_id) DO UPDATE
                   SET label_id = excluded.label_id, listed_by = excluded.listed_by
                 WHERE (p.label_id, p.listed_by) IS DISTINCT FROM (excluded.label_id, excluded.listed_by)
                RETURNING id)
            SELECT id FROM registered
            UNION ALL
            SELECT id FROM playlists
             WHERE (provider, external_id) = (:provider, :external_id) AND NOT EXISTS (SELECT FROM registered)
        """),
        {
            "slug": label["slug"],
            "provider": provider,
            "external_id": external_id,
            "listed_by": listed_by,
        },
    ).scalar_one()
    return playlist_id


def saw_unchanged(connection: Connection, playlist_id: int, name: str, snapshot_id: str) -> bool:
    """Note what a provider has just shown; whether that is the version that we hold."""
    called = update(Playlist).where(Playlist.id == playlist_id, Playlist.name != name).values(name=name)
    connection.execute(called)
    same = (Playlist.id == playlist_id, Playlist.snapshot_id == snapshot_id)
    seen = {"status": "ok", "status_reason": None, "last_seen_at": func.now()}
    return connection.execute(update(Playlist).where(*same).values(**seen)).rowcount > 0


def set_playlist_status(connection: Connection, playlist_id: int, status: str, reason: str) -> None:
    """Say why the playlist could not be read; its tracks stay those of its last complete reading."""
    connection.execute(
        update(Playlist)
        .where(
            Playlist.id == playlist_id,
            (Playlist.status != status) | (Playlist.status_reason.is_distinct_from(reason)),
        )
        .values(status=status, status_reason=reason)
    )


def close_absent_playlists(connection: Connection, listed_by: str, present: Iterable[tuple[str, str]]) -> int:
    """Close the playlists that `listed_by` no longer names; returns how many tracks left them.

    `present` has pairs of provider and external id. A playlist that comes back is read again in full.
    """
    pairs = list(present)
    closed = list(
        connection.scalars(
            text("""
                UPDATE playlists p
                   SET status = 'gone', status_reason = 'It is no longer listed.', snapshot_id = NULL
                 WHERE listed_by = :listed_by AND (status <> 'gone' OR snapshot_id IS NOT NULL) AND NOT EXISTS (
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
    leave = "UPDATE playlist_tracks SET removed_at = now() WHERE removed_at IS NULL AND playlist_id = ANY(:closed)"
    return connection.execute(text(leave), {"closed": closed}).rowcount


def complete_load(
    connection: Connection,
    playlist_id: int,
    *,
    name: str,
    raw: Row,
    snapshot_id: str | None,
    added_at: Mapping[int, datetime | None],
    keep_absent: bool,
    rejections: Sequence[Row],
    started_at: datetime,
    flow_run_id: str | None,
) -> LoadCounts:
    """Make the playlist's membership equal to what was read, and leave a row that says so.

    `added_at` has all tracks that were met, with the time that the provider gives, if any. Call it once all
    entries are saved, by the one run that holds the playlist's lock. A snapshot_id of None says that the list
    moved while it was read: the membership is written, but the next ingest reads it again. With `keep_absent`
    tracks that were not met stay members, since an entry that could not be read may have been theirs.
    """
    members = set(connection.scalars(text(MEMBERS), {"playlist": playlist_id}))
    arrived = [track_id for track_id in added_at if track_id not in members]
    added = connection.execute(
        text("""
            INSERT INTO playlist_tracks (playlist_id, track_id, added_at)
            SELECT :playlist, track_id, coalesce(added_at, now())
              FROM unnest(CAST(:tracks AS bigint[]), CAST(:times AS timestamptz[])) AS met (track_id, added_at)
             ORDER BY track_id
            ON CONFLICT (playlist_id, track_id) DO UPDATE SET removed_at = NULL, added_at = excluded.added_at
        """),
        {"playlist": playlist_id, "tracks": arrived, "times": [added_at[track_id] for track_id in arrived]},
    ).rowcount
    absent = [] if keep_absent else sorted(members - added_at.keys())
    removed = connection.execute(
        text("""
            UPDATE playlist_tracks SET removed_at = now()
             WHERE playlist_id = :playlist AND track_id = ANY(CAST(:tracks AS bigint[]))
        """),
        {"playlist": playlist_id, "tracks": absent},
    ).rowcount
    counts = LoadCounts(len(added_at), added, removed, len(rejections))
    load_id = connection.execute(
        insert(Load)
        .values(
            playlist_id=playlist_id,
            flow_run_id=flow_run_id,
            snapshot_id=snapshot_id or "moved while it was read",
            started_at=started_at,
            entries=len(added_at) + len(rejections),
            tracks_added=added,
            tracks_removed=removed,
            rejected=len(rejections),
        )
        .returning(Load.id)
    ).scalar_one()
    _save_rejections(connection, playlist_id, load_id, rejections)
    connection.execute(
        update(Playlist)
        .where(Playlist.id == playlist_id)
        .values(
            name=name,
            raw=raw,
            snapshot_id=snapshot_id,
            status="ok",
            status_reason=None,
            last_seen_at=func.now(),
        )
    )
    return counts


def _save_rejections(
    connection: Connection, playlist_id: int, load_id: int, rejections: Sequence[Row]
) -> None:
    """Keep each bad entry once; say of those that were not met again that they are resolved."""
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
    # now() is the start of the transaction: the very time that the rows above were stamped with.
    connection.execute(
        update(RejectedRecord)
        .where(
            RejectedRecord.playlist_id == playlist_id,
            RejectedRecord.resolved_at.is_(None),
            RejectedRecord.last_seen_at < func.now(),
        )
        .values(resolved_at=func.now())
    )
