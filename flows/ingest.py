"""Bring what a source lists into the database."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from sqlalchemy import Engine

from config.settings import Settings
from db import queries
from db.engine import lock_playlist
from db.store import catalogue as store
from flows.batches import batches
from flows.home import open_database
from sources.catalogue import Entry, KnownHashes, Playlist, Rejection, Source
from sources.folder import FolderSource
from sources.synth import synth_source

ENTRIES_PER_TRANSACTION = 500
MOVED = {"changed", "vanished"}  # reasons that say: this list is not what it was when reading began
PASSING = MOVED | {"unreadable"}  # reasons that say nothing of whether the track is still in the list


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one ingest brought."""

    playlists: int = 0
    unchanged: int = 0
    tracks: int = 0
    added: int = 0
    removed: int = 0
    rejected: int = 0


@flow(name="ingest", flow_run_name="ingest {crate.name}")
def ingest(crate: Path, synthetic: bool = False) -> Ingested:
    """Read a crate, a folder with one sub-folder a label, into the database.

    - **reads** the audio files' names, tags and checksums; a folder that has not changed since the last time is not
      opened at all.
    - **writes** labels, playlists, artists, tracks and clips; a load for each changed folder; a rejected record, with
      its reason, for each file that cannot be used.
    - `synthetic` marks a crate that Labelscope rendered itself.
    """
    settings = Settings()
    source = (synth_source if synthetic else FolderSource)(crate, windows=settings.windows_per_track)
    with open_database(settings) as engine:

        @cache
        def known() -> KnownHashes:
            """Read once, and only if anything has changed: it grows with the clips."""
            with engine.connect() as connection:
                return queries.known_files(connection, source.provider)

        playlists = source.playlists()
        loads = [ingest_playlist(engine, source, playlist, known) for playlist in playlists]
        present = [playlist.external_id for playlist in playlists]
        with engine.begin() as connection:
            left = store.close_absent_playlists(
                connection, source.provider, present[0].rpartition("/")[0], present
            )
    changed = [load for load in loads if load is not None]
    return Ingested(
        playlists=len(loads),
        unchanged=len(loads) - len(changed),
        tracks=sum(load.tracks for load in changed),
        added=sum(load.added for load in changed),
        removed=left + sum(load.removed for load in changed),
        rejected=sum(load.rejected for load in changed),
    )


@task(task_run_name="{playlist.name}", cache_policy=NO_CACHE)
def ingest_playlist(
    engine: Engine, source: Source, playlist: Playlist, known: Callable[[], KnownHashes]
) -> store.LoadCounts | None:
    """Make the database's copy of one playlist equal to the source's; None where nothing has changed.

    Tracks are committed as they are read, so that a run that is killed need not hash them again. The membership is
    written last and at once: it is that of the last complete reading, never of half of one.
    """
    started_at = datetime.now(UTC)
    with engine.begin() as connection:
        held = store.register_playlist(connection, _playlist_row(playlist), asdict(playlist.label))
        if held.snapshot_id == playlist.snapshot_id:
            return None

    track_ids: list[int] = []
    rejections: list[Rejection] = []
    for batch in batches(source.entries(playlist, known()), ENTRIES_PER_TRANSACTION):
        rejections += [record for record in batch if isinstance(record, Rejection)]
        entries = [_entry_rows(record) for record in batch if isinstance(record, Entry)]
        with engine.begin() as connection:
            track_ids += store.save_entries(connection, entries)

    reasons = {rejection.reason for rejection in rejections}
    with engine.begin() as connection:
        lock_playlist(connection, held.id)
        counts = store.complete_load(
            connection,
            held.id,
            snapshot_id=None if reasons & MOVED else playlist.snapshot_id,
            track_ids=track_ids,
            keep_absent=bool(reasons & PASSING),
            rejections=[asdict(rejection) for rejection in rejections],
            started_at=started_at,
            flow_run_id=flow_run.get_id(),
        )
    logger = get_run_logger()
    logger.info("%s: %d tracks, %d new, %d gone", playlist.name, counts.tracks, counts.added, counts.removed)
    for rejection in rejections:
        logger.warning("Left out (%s): %s", rejection.reason, rejection.detail)
    return counts


def _playlist_row(playlist: Playlist) -> dict[str, Any]:
    """The playlist's columns but its snapshot, which only a complete load may set."""
    return {name: getattr(playlist, name) for name in ("provider", "external_id", "name", "raw")}


def _entry_rows(entry: Entry) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """A track, its artists and its clips in the columns of their tables."""
    track = asdict(entry.track)
    artists = track.pop("artists")
    track["duration_seconds"] = track.pop("duration_s")
    clips = [asdict(clip) for clip in entry.clips]
    for clip in clips:
        clip["offset_seconds"] = clip.pop("offset_s")
        clip["duration_seconds"] = clip.pop("duration_s")
    return track, list(artists), clips
