"""Read one playlist of any source into the database."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from sqlalchemy import Engine
from sqlalchemy.exc import DataError

from db import write
from db.engine import Lock, try_lock
from db.write.playlists import RejectionRow
from db.write.tracks import ArtistRow, ClipRow, TrackEntry, TrackRow, save_entries
from flows.batch.batches import batches
from sources.errors import ChangedWhileReading, SourceError, TransientError, Unavailable
from sources.metadata.storable import storable_key
from sources.records import (
    Artist,
    AudioClip,
    Entry,
    KnownHashes,
    Playlist,
    Reference,
    Rejection,
    Source,
    Track,
)

ENTRIES_PER_TRANSACTION = 500
ATTEMPTS = 3
"""How often a list is read that changes meanwhile."""
CHANGED = {"changed", "vanished"}
"""Reasons of rejections: the list has changed since reading began."""
INCONCLUSIVE = CHANGED | {"unreadable", "not_listed"}
"""Reasons of rejections after which the track may still be in the list."""

NOTHING = write.playlists.LoadCounts(0, 0, 0, 0)

KnownFiles = Callable[[], KnownHashes]
"""Returns the sha256 of files that were hashed before; reads them at the first call."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of one playlist.

    `outcome` is loaded, unchanged or elsewhere (another run reads it). With a problem it is deferred, forbidden, gone
    or metadata_only.
    """

    outcome: str
    counts: write.playlists.LoadCounts = NOTHING
    problem: SourceError | None = None


@task(task_run_name="{reference.label.name}", cache_policy=NO_CACHE)
def ingest_playlist(
    engine: Engine,
    source: Source,
    reference: Reference,
    listed_by: str,
    known_files: KnownFiles,
    *,
    fetched: Playlist | None = None,
    put_off_by: TransientError | None = None,
) -> Loaded:
    """Update the database's copy of one playlist.

    `fetched`: the playlist, where it was just fetched. `put_off_by`: why this source gets no requests for now. A
    playlist that cannot be read keeps the tracks of its last complete reading; its row gets the reason.
    """
    with engine.begin() as connection:
        label = asdict(reference.label)
        playlist_id = write.playlists.register_playlist(
            connection,
            reference.provider,
            reference.external_id,
            label,
            listed_by,
            # A crate takes the name of a folder; in labels.toml a person has written it.
            keep_name=fetched is not None,
        )
    with try_lock(engine, Lock.PLAYLIST, playlist_id) as locked:
        if not locked:
            return Loaded("elsewhere")
        try:
            if put_off_by is not None:
                raise put_off_by
            return _load_if_changed(engine, source, reference, playlist_id, known_files, fetched=fetched)
        except SourceError as problem:
            return _note_unread(engine, playlist_id, reference, problem)
        # One playlist's invalid value must not stop the others.
        except DataError as error:
            message = " ".join(str(error.orig).split())[:200]
            sentence = f"PostgreSQL rejects a value of this playlist ({message}); report it, with its id."
            return _note_unread(engine, playlist_id, reference, TransientError(sentence))


def _note_unread(engine: Engine, playlist_id: int, reference: Reference, problem: SourceError) -> Loaded:
    """Save why the playlist was not read; its tracks stay."""
    status = problem.status if isinstance(problem, Unavailable) else "deferred"
    with engine.begin() as connection:
        write.playlists.set_playlist_status(connection, playlist_id, status, str(problem))
    get_run_logger().warning("%s (%s): %s", reference.label.name, status, problem)
    return Loaded(status, problem=problem)


def _load_if_changed(
    engine: Engine,
    source: Source,
    reference: Reference,
    playlist_id: int,
    known_files: KnownFiles,
    *,
    fetched: Playlist | None,
) -> Loaded:
    """Read the playlist unless it is unchanged; up to three times where it changes meanwhile."""
    last_change = None
    for _ in range(ATTEMPTS):
        playlist = fetched or source.fetch_playlist(reference)
        with engine.begin() as connection:
            if write.playlists.saw_unchanged(connection, playlist_id, playlist.name, playlist.snapshot_id):
                return Loaded("unchanged")
        try:
            return Loaded("loaded", _load(engine, source, playlist, playlist_id, known_files))
        except ChangedWhileReading as change:
            last_change, fetched = change, None
    assert last_change is not None
    raise last_change


def _load(
    engine: Engine, source: Source, playlist: Playlist, playlist_id: int, known_files: KnownFiles
) -> write.playlists.LoadCounts:
    """Read the whole list, and save its membership in one transaction: that of a complete reading, or the former."""
    started_at = datetime.now(UTC)
    added_at, rejections = _save_tracks(engine, source, playlist, known_files)
    reasons = {rejection.reason for rejection in rejections}
    with engine.begin() as connection:
        counts = write.playlists.complete_load(
            connection,
            playlist_id,
            name=playlist.name,
            raw=playlist.raw,
            snapshot_id=None if reasons & CHANGED else playlist.snapshot_id,
            added_at=added_at,
            keep_absent=bool(reasons & INCONCLUSIVE),
            rejections=[_rejection_row(rejection) for rejection in rejections],
            started_at=started_at,
            flow_run_id=flow_run.get_id(),
        )
    _log_counts(playlist.label.name, counts, rejections)
    return counts


def _save_tracks(
    engine: Engine, source: Source, playlist: Playlist, known_files: KnownFiles
) -> tuple[dict[int, datetime | None], list[Rejection]]:
    """Save the tracks of the list. Returns when each was added to the list, by id, and the rejected entries.

    Each batch is committed, so that the run after a kill need not hash its files again.
    """
    added_at: dict[int, datetime | None] = {}
    rejections: list[Rejection] = []
    for batch in batches(source.entries(playlist, known_files()), ENTRIES_PER_TRANSACTION):
        rejections += [record for record in batch if isinstance(record, Rejection)]
        entries = [record for record in batch if isinstance(record, Entry)]
        with engine.begin() as connection:
            track_ids = save_entries(connection, [entry_rows(entry) for entry in entries])
        for track_id, entry in zip(track_ids, entries, strict=True):
            added_at.setdefault(track_id, entry.added_at)
    return added_at, rejections


def _log_counts(name: str, counts: write.playlists.LoadCounts, rejections: list[Rejection]) -> None:
    # No titles in the log, which a purge does not reach; rejected_records has each entry with its cure.
    logger = get_run_logger()
    logger.info("%s: %d tracks, %d new, %d gone", name, counts.tracks, counts.added, counts.removed)
    for reason, number in Counter(rejection.reason for rejection in rejections).items():
        logger.warning("%s: %d left out (%s); rejected_records lists them.", name, number, reason)


def _rejection_row(rejection: Rejection) -> RejectionRow:
    return {
        "reference": storable_key(rejection.reference),
        "reason": rejection.reason,
        "detail": rejection.detail,
        "payload": rejection.payload,
    }


def entry_rows(entry: Entry) -> TrackEntry:
    """Rows of the tables tracks, artists and clips."""
    artists = [_artist_row(artist) for artist in entry.track.artists]
    return _track_row(entry.track), artists, [clip_row(clip) for clip in entry.clips]


def _track_row(track: Track) -> TrackRow:
    return {
        "provider": track.provider,
        "external_id": track.external_id,
        "title": track.title,
        "album": track.album,
        "isrc": track.isrc,
        "duration_s": track.duration_s,
        "release_date": track.release_date,
        "raw": track.raw,
    }


def _artist_row(artist: Artist) -> ArtistRow:
    return {"provider": artist.provider, "external_id": artist.external_id, "name": artist.name}


def clip_row(clip: AudioClip) -> ClipRow:
    """A row of the table clips, without the track."""
    return {
        "provider": clip.file.provider,
        "licence": clip.file.licence,
        "uri": clip.file.uri,
        "sha256": clip.file.sha256,
        "bytes": clip.file.bytes,
        "modified_ns": clip.file.modified_ns,
        "offset_s": clip.offset_s,
        "duration_s": clip.duration_s,
    }
