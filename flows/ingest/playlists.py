"""Bring one playlist into the database, whatever source it comes from."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from sqlalchemy import Engine
from sqlalchemy.exc import DataError

from db import write
from db.engine import Lock, try_lock
from db.write.tracks import TrackEntry, save_entries
from flows.batch.batches import batches
from sources.errors import Later, Moved, SourceError, Unavailable
from sources.metadata.storable import storable_key
from sources.records import AudioClip, Entry, KnownHashes, Playlist, Reference, Rejection, Source

ENTRIES_PER_TRANSACTION = 500
READINGS = 3  # of a list that changes while it is read
# Reasons for rejection that say: this list is not what it was when reading began.
MOVED = {"changed", "vanished"}
# Reasons that say nothing of whether the track is still in the list.
PASSING = MOVED | {"unreadable", "not_listed"}

NOTHING = write.playlists.LoadCounts(0, 0, 0, 0)
TRACK_COLUMNS = ("provider", "external_id", "title", "album", "isrc", "duration_s", "release_date", "raw")

Known = Callable[[], KnownHashes]


@dataclass(frozen=True, slots=True)
class Loaded:
    """How the ingest of one playlist ended.

    `outcome`: loaded; unchanged; elsewhere (another run is at it); or, with the problem, deferred, forbidden, gone or
    metadata_only.
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
    known: Known,
    looked: Playlist | None = None,
    put_off_by: Later | None = None,
) -> Loaded:
    """Make the database's copy of one playlist equal to the source's.

    `looked`: it was just looked at. `put_off_by`: why nothing is to be asked of this source for now. A playlist
    that is not to be had keeps the tracks of its last complete reading, and the reason stands in its row.
    """
    with engine.begin() as connection:
        label = asdict(reference.label)
        playlist_id = write.playlists.register_playlist(
            connection,
            reference.provider,
            reference.external_id,
            label,
            listed_by,
            keep_name=looked is not None,  # as in a crate; in labels.toml a person has written it
        )
    with try_lock(engine, Lock.PLAYLIST, playlist_id) as alone:
        if not alone:
            return Loaded("elsewhere")
        try:
            if put_off_by is not None:
                raise put_off_by
            return _ingest(engine, source, reference, playlist_id, known, looked)
        except SourceError as problem:
            return _leave_as_it_is(engine, playlist_id, reference, problem)
        except DataError as error:  # one playlist's odd value must not cost the others anything
            why = " ".join(str(error.orig).split())[:200]
            sentence = f"PostgreSQL does not take a value of this playlist ({why}); report it, with its id."
            return _leave_as_it_is(engine, playlist_id, reference, Later(sentence))


def _leave_as_it_is(engine: Engine, playlist_id: int, reference: Reference, problem: SourceError) -> Loaded:
    """Note why the playlist was not read; its tracks stay."""
    status = problem.status if isinstance(problem, Unavailable) else "deferred"
    with engine.begin() as connection:
        write.playlists.set_playlist_status(connection, playlist_id, status, str(problem))
    get_run_logger().warning("%s (%s): %s", reference.label.name, status, problem)
    return Loaded(status, problem=problem)


def _ingest(
    engine: Engine,
    source: Source,
    reference: Reference,
    playlist_id: int,
    known: Known,
    looked: Playlist | None,
) -> Loaded:
    moved = None
    for _ in range(READINGS):
        playlist = looked or source.look(reference)
        with engine.begin() as connection:
            if write.playlists.saw_unchanged(connection, playlist_id, playlist.name, playlist.snapshot_id):
                return Loaded("unchanged")
        try:
            return Loaded("loaded", _load(engine, source, playlist, playlist_id, known))
        except Moved as error:
            moved, looked = error, None
    assert moved is not None
    raise moved


def _load(
    engine: Engine, source: Source, playlist: Playlist, playlist_id: int, known: Known
) -> write.playlists.LoadCounts:
    """Read the whole list. Tracks are committed as they are read, so that a killed run need not hash them again.

    The membership is written last and at once: it is that of the last complete reading, never of half of one.
    """
    started_at = datetime.now(UTC)
    added_at: dict[int, datetime | None] = {}
    rejections: list[Rejection] = []
    for batch in batches(source.entries(playlist, known()), ENTRIES_PER_TRANSACTION):
        rejections += [record for record in batch if isinstance(record, Rejection)]
        entries = [record for record in batch if isinstance(record, Entry)]
        with engine.begin() as connection:
            track_ids = save_entries(connection, [entry_rows(entry) for entry in entries])
        for track_id, entry in zip(track_ids, entries, strict=True):
            added_at.setdefault(track_id, entry.added_at)

    reasons = {rejection.reason for rejection in rejections}
    with engine.begin() as connection:
        counts = write.playlists.complete_load(
            connection,
            playlist_id,
            name=playlist.name,
            raw=playlist.raw,
            snapshot_id=None if reasons & MOVED else playlist.snapshot_id,
            added_at=added_at,
            keep_absent=bool(reasons & PASSING),
            rejections=[_rejection_row(rejection) for rejection in rejections],
            started_at=started_at,
            flow_run_id=flow_run.get_id(),
        )
    # No title goes into the log, which a purge does not reach; rejected_records has each entry with its cure.
    logger = get_run_logger()
    name = playlist.label.name
    logger.info("%s: %d tracks, %d new, %d gone", name, counts.tracks, counts.added, counts.removed)
    for reason, number in Counter(rejection.reason for rejection in rejections).items():
        logger.warning("%s: %d left out (%s); rejected_records says which.", name, number, reason)
    return counts


def _rejection_row(rejection: Rejection) -> dict[str, Any]:
    return asdict(rejection) | {"reference": storable_key(rejection.reference)}


def entry_rows(entry: Entry) -> TrackEntry:
    """A track, its artists and its clips in the columns of their tables."""
    track = {name: getattr(entry.track, name) for name in TRACK_COLUMNS}  # asdict would copy all of raw
    artists = [asdict(artist) for artist in entry.track.artists]
    return track, artists, [clip_row(clip) for clip in entry.clips]


def clip_row(clip: AudioClip) -> dict[str, Any]:
    """A clip in the columns of its table."""
    return asdict(clip)
