"""Write tracks with their artists and clips, some hundreds at a time.

Null never replaces a value. All statements lock rows in the same order: otherwise two writers would deadlock.
"""

from collections.abc import Sequence
from typing import Any, Final, TypedDict

from sqlalchemy import Connection, text

from db.write.rows import arrays, json_array, unique


class TrackRow(TypedDict):
    """Columns of `tracks`; `raw` is the provider's own record."""

    provider: str
    external_id: str
    title: str
    album: str | None
    isrc: str | None
    duration_s: float | None
    release_date: str | None
    raw: dict[str, Any]


class ArtistRow(TypedDict):
    """Columns of `artists`."""

    provider: str
    external_id: str
    name: str


class ClipRow(TypedDict):
    """Columns of `clips`, without the track: a window of an audio file."""

    provider: str
    licence: str | None
    uri: str
    sha256: str
    bytes: int
    modified_ns: int
    offset_s: float
    duration_s: float


class TrackClipRow(ClipRow):
    """Columns of `clips`; `reference` is that of downloaded audio at its provider."""

    track_id: int
    reference: str | None


TrackEntry = tuple[TrackRow, Sequence[ArtistRow], Sequence[ClipRow]]
"""The columns of a track, of its artists in order of credit, and of its clips."""

TRACK_COLUMNS = ("provider", "external_id", "title", "album", "isrc", "duration_s", "release_date")
SAVE_ARTISTS: Final = """
    INSERT INTO artists (provider, external_id, name)
    SELECT * FROM unnest(CAST(:provider AS text[]), CAST(:external_id AS text[]), CAST(:name AS text[]))
     ORDER BY 1, 2
    ON CONFLICT DO NOTHING
"""
# A scalar query in place of a join: for a join the server would read all artists.
ARTIST_IDS: Final = """
    SELECT provider, external_id, (
           SELECT id FROM artists a
            WHERE (a.provider, a.external_id) = (wanted.provider, wanted.external_id)) AS id
      FROM unnest(CAST(:provider AS text[]), CAST(:external_id AS text[])) AS wanted (provider, external_id)
"""
DELETE_OTHER_CREDITS: Final = """
    DELETE FROM track_artists ta
     WHERE ta.track_id = ANY(:track) AND NOT EXISTS (
           SELECT FROM unnest(CAST(:track AS bigint[]), CAST(:artist AS bigint[])) AS credit (track, artist)
            WHERE credit.track = ta.track_id AND credit.artist = ta.artist_id)
"""
SAVE_CREDITS: Final = """
    INSERT INTO track_artists AS ta (track_id, artist_id, position)
    SELECT * FROM unnest(CAST(:track AS bigint[]), CAST(:artist AS bigint[]), CAST(:position AS bigint[]))
     ORDER BY 1, 2
    ON CONFLICT (track_id, artist_id) DO UPDATE SET position = excluded.position
     WHERE ta.position <> excluded.position
"""
CLIP_COLUMNS = (
    "track_id",
    "provider",
    "licence",
    "reference",
    "uri",
    "sha256",
    "bytes",
    "modified_ns",
    "offset_s",
    "duration_s",
)
# A rejected clip gets another try when its file has moved or changed.
SAVE_CLIPS: Final = """
    INSERT INTO clips AS c
           (track_id, provider, licence, reference, uri, sha256, bytes, modified_ns, offset_s, duration_s)
    SELECT * FROM unnest(
           CAST(:track_id AS bigint[]), CAST(:provider AS text[]), CAST(:licence AS text[]),
           CAST(:reference AS text[]), CAST(:uri AS text[]), CAST(:sha256 AS text[]),
           CAST(:bytes AS bigint[]), CAST(:modified_ns AS bigint[]),
           CAST(:offset_s AS numeric[]), CAST(:duration_s AS numeric[]))
     ORDER BY 1, 2, 9
    ON CONFLICT (track_id, provider, offset_s) DO UPDATE SET
           uri = excluded.uri,
           modified_ns = excluded.modified_ns,
           status = CASE c.status WHEN 'rejected' THEN 'new' ELSE c.status END,
           reason = NULL,
           detail = NULL
     WHERE (c.uri, c.modified_ns) IS DISTINCT FROM (excluded.uri, excluded.modified_ns)
"""
DELETE_OTHER_WINDOWS: Final = """
    DELETE FROM clips c WHERE c.track_id = ANY(:track_id) AND c.provider = ANY(:provider) AND NOT EXISTS (
           SELECT FROM unnest(CAST(:track_id AS bigint[]), CAST(:offset_s AS numeric(12, 3)[])) AS plan (track_id, at)
            WHERE plan.track_id = c.track_id AND plan.at = c.offset_s)
"""


def save_entries(connection: Connection, entries: Sequence[TrackEntry]) -> list[int]:
    """Write entries by seven statements in all; returns the ids of the tracks, in the order of the entries.

    An existing clip keeps its row; a new place of its file is updated.
    """
    if not entries:
        return []
    ids = _save_tracks(connection, [track for track, _, _ in entries])
    _save_credits(connection, ids, [artists for _, artists, _ in entries])
    clips: list[TrackClipRow] = [
        {"reference": None, **clip, "track_id": track_id}
        for track_id, (_, _, of_track) in zip(ids, entries, strict=True)
        for clip in of_track
    ]
    save_clips(connection, clips)
    return ids


def _save_tracks(connection: Connection, tracks: Sequence[TrackRow]) -> list[int]:
    distinct = unique(tracks, "provider", "external_id")
    saved = connection.execute(
        text("""
            INSERT INTO tracks AS t
                   (provider, external_id, title, album, isrc, duration_s, release_date, raw)
            SELECT * FROM ROWS FROM (
                   unnest(CAST(:provider AS text[]), CAST(:external_id AS text[]), CAST(:title AS text[]),
                          CAST(:album AS text[]), CAST(:isrc AS text[]), CAST(:duration_s AS numeric[]),
                          CAST(:release_date AS text[])),
                   jsonb_array_elements(CAST(:raw AS jsonb)))
             ORDER BY 1, 2
            ON CONFLICT (provider, external_id) DO UPDATE SET
                   title = excluded.title,
                   album = coalesce(excluded.album, t.album),
                   isrc = coalesce(excluded.isrc, t.isrc),
                   duration_s = coalesce(excluded.duration_s, t.duration_s),
                   release_date = coalesce(excluded.release_date, t.release_date),
                   raw = excluded.raw,
                   last_seen_at = now()
            RETURNING id, provider, external_id
        """),
        arrays(distinct, *TRACK_COLUMNS) | {"raw": json_array(distinct, "raw")},
    )
    ids = {(row.provider, row.external_id): row.id for row in saved}
    return [ids[track["provider"], track["external_id"]] for track in tracks]


def _save_credits(
    connection: Connection, ids: Sequence[int], credits_: Sequence[Sequence[ArtistRow]]
) -> None:
    """Write the artists of each track, in order. A track without artists keeps its stored ones."""
    artists = unique((artist for credit in credits_ for artist in credit), "provider", "external_id")
    if not artists:
        return
    artist_ids = _save_artists(connection, artists)
    rows = [
        {
            "track": track_id,
            "artist": artist_ids[artist["provider"], artist["external_id"]],
            "position": position,
        }
        for track_id, credit in zip(ids, credits_, strict=True)
        for position, artist in enumerate(unique(credit, "provider", "external_id"))
    ]
    credited = arrays(unique(rows, "track", "artist"), "track", "artist", "position")
    connection.execute(text(DELETE_OTHER_CREDITS), {"track": credited["track"], "artist": credited["artist"]})
    connection.execute(text(SAVE_CREDITS), credited)


def _save_artists(connection: Connection, artists: Sequence[ArtistRow]) -> dict[tuple[str, str], int]:
    """Write artists that are new; returns the id of each by its provider and external id."""
    named = arrays(artists, "provider", "external_id", "name")
    connection.execute(text(SAVE_ARTISTS), named)
    stored = connection.execute(
        text(ARTIST_IDS), {"provider": named["provider"], "external_id": named["external_id"]}
    )
    return {(row.provider, row.external_id): row.id for row in stored}


def save_clips(connection: Connection, clips: Sequence[TrackClipRow]) -> None:
    """Write clips, and delete other windows of these tracks and providers."""
    distinct = unique(clips, "track_id", "provider", "offset_s")
    if not distinct:
        return
    columns = arrays(distinct, *CLIP_COLUMNS)
    connection.execute(text(SAVE_CLIPS), columns)
    # After a change of the number of windows, old windows would overlap the new ones.
    connection.execute(
        text(DELETE_OTHER_WINDOWS), {name: columns[name] for name in ("track_id", "provider", "offset_s")}
    )
