"""Write what a source said: labels, playlists, tracks, memberships, and what could not be used."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.models.catalogue import Artist, Label, Load, Playlist, RejectedRecord, Track, TrackArtist
from db.models.sound import Clip

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownPlaylist:
    """A playlist's row: its id, and the version of the list that the database holds (None: none yet)."""

    id: int
    snapshot_id: str | None


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What one load changed."""

    tracks: int
    added: int
    removed: int
    rejected: int


def register_playlist(connection: Connection, playlist: Row, label: Row) -> KnownPlaylist:
    """Make sure that the playlist and its label have rows; say which version of the list is held."""
    connection.execute(upsert(Label).values(**label).on_conflict_do_nothing())
    label_id = select(Label.id).where(Label.slug == label["slug"]).scalar_subquery()
    statement = upsert(Playlist).values(**playlist, label_id=label_id)
    statement = statement.on_conflict_do_update(
        index_elements=["provider", "external_id"],
        set_={
            "name": statement.excluded.name,
            "label_id": statement.excluded.label_id,
            "last_seen_at": func.now(),
        },
    )
    row = connection.execute(statement.returning(Playlist.id, Playlist.snapshot_id)).one()
    return KnownPlaylist(row.id, row.snapshot_id)


def close_absent_playlists(connection: Connection, provider: str, parent: str, present: Sequence[str]) -> int:
    """Close the playlists directly below `parent` that are no longer `present`; returns how many tracks left them.

    Both are external ids, as of folders. A playlist that comes back is read again in full.
    """
    absent = {"provider": provider, "parent": parent, "present": list(present)}
    closed = list(
        connection.scalars(
            text("""
                UPDATE playlists SET status = 'gone', status_reason = 'It is no longer there.', snapshot_id = NULL
                 WHERE provider = :provider AND regexp_replace(external_id, '/[^/]*$', '') = :parent
                   AND external_id <> ALL(CAST(:present AS text[])) AND status <> 'gone'
                RETURNING id
            """),
            absent,
        )
    )
    leave = "UPDATE playlist_tracks SET removed_at = now() WHERE removed_at IS NULL AND playlist_id = ANY(:closed)"
    return connection.execute(text(leave), {"closed": closed}).rowcount


def save_entries(
    connection: Connection, entries: Sequence[tuple[Row, Sequence[Row], Sequence[Row]]]
) -> list[int]:
    """Write (track, its artists, its clips) for each entry; the ids of the tracks, in the order given.

    A value that is known is never replaced by null. A clip that is known keeps its row; where its file has
    moved, the row follows. Six statements a call, however many entries.
    """
    if not entries:
        return []
    tracks = _sorted(unique((track for track, _, _ in entries), "provider", "external_id"), "external_id")
    track_ids = _upsert_tracks(connection, tracks)
    ids = [track_ids[track["provider"], track["external_id"]] for track, _, _ in entries]

    artists = unique((artist for _, credit, _ in entries for artist in credit), "provider", "external_id")
    artists = _sorted(artists, "external_id")
    if artists:
        connection.execute(upsert(Artist).on_conflict_do_nothing(), artists)
        artist_ids = _ids(connection, Artist, artists)
        credits_ = [
            {
                "track_id": track_id,
                "artist_id": artist_ids[a["provider"], a["external_id"]],
                "position": position,
            }
            for track_id, (_, credit, _) in zip(ids, entries, strict=True)
            for position, a in enumerate(unique(credit, "provider", "external_id"))
        ]
        connection.execute(upsert(TrackArtist).on_conflict_do_nothing(), _sorted(credits_, "track_id"))

    clips = [
        {**clip, "track_id": track_id}
        for track_id, (_, _, of_track) in zip(ids, entries, strict=True)
        for clip in of_track
    ]
    _save_clips(connection, _sorted(unique(clips, "track_id", "provider", "offset_seconds"), "track_id"))
    return ids


def _save_clips(connection: Connection, clips: Sequence[Row]) -> None:
    if not clips:
        return
    statement = upsert(Clip)
    moved = tuple_(Clip.uri, Clip.modified_ns) != tuple_(
        statement.excluded.uri, statement.excluded.modified_ns
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["track_id", "provider", "offset_seconds"],
            set_={
                "uri": statement.excluded.uri,
                "modified_ns": statement.excluded.modified_ns,
                "status": case(
                    (Clip.status == "rejected", "new"), else_=Clip.status
                ),  # it deserves another try
                "reason": None,
                "detail": None,
            },
            where=moved,
        ),
        clips,
    )
    # Windows that are no longer planned, since their number was changed: they would overlap the new ones.
    connection.execute(
        text("""
            DELETE FROM clips c WHERE c.track_id = ANY(:tracks) AND c.provider = ANY(:providers) AND NOT EXISTS (
                SELECT FROM unnest(CAST(:tracks AS bigint[]), CAST(:offsets AS numeric[])) AS plan (track_id, at)
                 WHERE plan.track_id = c.track_id AND plan.at = c.offset_seconds)
        """),
        {
            "tracks": [clip["track_id"] for clip in clips],
            "offsets": [round(float(clip["offset_seconds"]), 3) for clip in clips],
            "providers": list({clip["provider"] for clip in clips}),
        },
    )


def _upsert_tracks(connection: Connection, tracks: Sequence[Row]) -> dict[tuple[str, str], int]:
    statement = upsert(Track)
    kept = ("album", "isrc", "duration_seconds", "release_date")
    statement = statement.on_conflict_do_update(
        index_elements=["provider", "external_id"],
        set_={
            "title": statement.excluded.title,
            **{name: func.coalesce(statement.excluded[name], getattr(Track, name)) for name in kept},
            "raw": statement.excluded.raw,
            "last_seen_at": func.now(),
        },
    )
    connection.execute(statement, tracks)
    return _ids(connection, Track, tracks)


def _ids(
    connection: Connection, model: type[Artist] | type[Track], rows: Sequence[Row]
) -> dict[tuple[str, str], int]:
    keys = [(row["provider"], row["external_id"]) for row in rows]
    known = tuple_(model.provider, model.external_id).in_(keys)
    found = connection.execute(select(model.id, model.provider, model.external_id).where(known))
    return {(row.provider, row.external_id): row.id for row in found}


def complete_load(
    connection: Connection,
    playlist_id: int,
    *,
    snapshot_id: str | None,
    track_ids: Sequence[int],
    keep_absent: bool,
    rejections: Sequence[Row],
    started_at: datetime,
    flow_run_id: str | None,
) -> LoadCounts:
    """Make the playlist's membership equal to what was read, and leave a row that says so.

    Call it once all entries are saved, under `lock_playlist`. A snapshot_id of None says that the list moved
    while it was read: the membership is written, but the next ingest reads it again. With `keep_absent` tracks
    that were not met stay members, since an entry that could not be read may have been theirs.
    """
    membership: dict[str, Any] = {"playlist": playlist_id, "tracks": sorted(set(track_ids))}
    added = connection.execute(
        text("""
            INSERT INTO playlist_tracks AS pt (playlist_id, track_id)
            SELECT :playlist, track_id FROM unnest(CAST(:tracks AS bigint[])) AS track_id
            ON CONFLICT (playlist_id, track_id) DO UPDATE SET removed_at = NULL, added_at = now()
             WHERE pt.removed_at IS NOT NULL
        """),
        membership,
    ).rowcount
    removed = (
        0
        if keep_absent
        else connection.execute(
            text("""
            UPDATE playlist_tracks pt SET removed_at = now()
             WHERE playlist_id = :playlist AND removed_at IS NULL
               AND NOT EXISTS (SELECT FROM unnest(CAST(:tracks AS bigint[])) AS t WHERE t = pt.track_id)
        """),
            membership,
        ).rowcount
    )
    counts = LoadCounts(len(membership["tracks"]), added, removed, len(rejections))
    load_id = connection.execute(
        insert(Load)
        .values(
            playlist_id=playlist_id,
            flow_run_id=flow_run_id,
            snapshot_id=snapshot_id or "moved while it was read",
            started_at=started_at,
            entries=len(track_ids) + len(rejections),
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
        .values(snapshot_id=snapshot_id, status="ok", status_reason=None, last_seen_at=func.now())
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
        rows = [{**row, "playlist_id": playlist_id, "load_id": load_id} for row in rejections]
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


def _sorted(rows: Iterable[Row], key: str) -> list[Row]:
    """Rows in one order for all writers: two that lock the same rows in two orders wait for each other for ever."""
    return sorted(rows, key=lambda row: row[key])


def unique(rows: Iterable[Row], *key: str) -> list[Row]:
    """The rows without repeats of the key, the first of each kept: one upsert may not touch a row twice."""
    first: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        first.setdefault(tuple(row[name] for name in key), row)
    return list(first.values())
