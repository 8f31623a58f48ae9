"""Find audio for tracks that have none: the track's own preview, Deezer's, or a file of the user's library."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Connection, Engine

from db import read, write
from db.read.providers import WantedTrack
from db.write.providers import LookupRow
from db.write.tracks import TrackClipRow, save_clips
from flows.batch.batches import batches
from flows.batch.refresh_track_states import refresh_track_states
from flows.home.download_inbox import move_to_store, open_inbox, stored_clips
from flows.home.environment import audio_folder
from flows.ingest.playlists import clip_row
from flows.ingest.providers import Providers
from flows.prefect_tools.progress import progress_bar
from sources.errors import RateLimited
from sources.previews.finders import AudioSource, Found, NotFound, Wanted, find_audio

TRACKS_PER_TRANSACTION = 50
PREVIEWS = "previews"
"""The name in provider_state for all services that give out audio."""
FAILURES_OF_AN_OUTAGE = 40
"""So many tracks without any answer, of one transaction, mean that a service is down."""


@dataclass(frozen=True, slots=True)
class Collected:
    """How many tracks got audio, how many have none anywhere, and how many the next run will try again.

    `doubtful`: how many answers of the latter may be final. `problem`: why previews are not requested for now.
    """

    found: int = 0
    nowhere: int = 0
    later: int = 0
    doubtful: int = 0
    problem: str | None = None


@dataclass(slots=True)
class Search:
    """What each batch needs beside its tracks, and what the batches have learned about the sources.

    `blocked` is set by the first thread whose service wants no more requests. `doubted` holds, by track, the sources
    with a doubtful answer, for the second pass. `gave` holds the sources that gave audio: in the second pass their
    answer is final.
    """

    engine: Engine
    audio: Path
    inbox: Path
    finders: Sequence[AudioSource]
    ask_again_days: int
    library_version: str | None
    threads: ThreadPoolExecutor
    blocked: RateLimited | None = field(default=None)
    doubted: dict[int, set[str]] = field(default_factory=dict)
    gave: set[str] = field(default_factory=set)
    second_pass: bool = False


@dataclass(frozen=True, slots=True)
class TrackResult:
    """The audio of one track, if a source had some, and the answers of sources without, with their times."""

    track_id: int
    found: Found | None
    not_found: tuple[tuple[NotFound, datetime], ...]

    @property
    def again(self) -> bool:
        """Whether the next run should try again."""
        return self.found is None and (not self.not_found or self.not_found[-1][0].again)


def collect_audio(engine: Engine, providers: Providers) -> Collected:
    """Search for audio of each track in a playlist that has none and has no recent final answer.

    Grows with the tracks that are searched for, not with those that have audio.
    """
    finders = providers.finders()
    ask_again_days = providers.configuration.previews.ask_again_days
    library_version = providers.library.version if providers.library else None
    with engine.begin() as connection:
        write.providers.forget_lost_audio(connection)
    refresh_track_states(engine)
    with engine.connect() as connection:
        sources = [finder.source for finder in finders]
        waiting = read.providers.tracks_without_audio(connection, sources, ask_again_days, library_version)
        pause = read.providers.blocked(connection, PREVIEWS)

    audio = audio_folder(providers.settings)
    with (
        open_inbox(audio, partial(stored_clips, engine)) as inbox,
        ThreadPoolExecutor(providers.settings.downloads, thread_name_prefix="download") as threads,
        progress_bar("Fetching audio", len(waiting)) as advance,
    ):
        search = Search(engine, audio, inbox, finders, ask_again_days, library_version, threads)
        collected = _search_all(search, [] if pause else waiting, advance)
    if collected:
        _note_state(engine, search.blocked)
    found = sum(batch.found for batch in collected)
    nowhere = sum(batch.nowhere for batch in collected)
    problem = str(search.blocked) if search.blocked else pause.reason if pause and waiting else None
    return Collected(found, nowhere, len(waiting) - found - nowhere, problem=problem)


def _search_all(search: Search, track_ids: Sequence[int], advance: Callable[[int], None]) -> list[Collected]:
    """Search in batches, and once more at the end for tracks with a doubtful answer. Stops at an outage."""
    collected: list[Collected] = []
    for batch_ids in batches(track_ids, TRACKS_PER_TRANSACTION):
        batch = fetch_batch(search, batch_ids)
        collected.append(batch)
        advance(len(batch_ids))
        # Requests for the remaining tracks would fail, too.
        if search.blocked is not None or batch.later - batch.doubtful >= FAILURES_OF_AN_OUTAGE:
            return collected
    search.second_pass = True
    for batch_ids in batches(sorted(search.doubted), TRACKS_PER_TRANSACTION):
        collected.append(fetch_batch(search, batch_ids))
    return collected


def _note_state(engine: Engine, blocked: RateLimited | None) -> None:
    """Save that previews work, or the pause that a service asked for; its message names the service."""
    with engine.begin() as connection:
        if blocked is None:
            write.providers.note_works(connection, PREVIEWS, "api")
        else:
            get_run_logger().warning("%s", blocked)
            write.providers.note_trouble(connection, PREVIEWS, "api", str(blocked), blocked.until)


@task(task_run_name="audio of tracks from {track_ids[0]} on", cache_policy=NO_CACHE)
def fetch_batch(search: Search, track_ids: list[int]) -> Collected:
    """Search for audio of some tracks, in one transaction. Skips tracks that another run has claimed."""
    with search.engine.begin() as connection:
        claimed = write.providers.claim_tracks(connection, track_ids)
        wanted = read.providers.wanted_audio(
            connection, claimed, search.ask_again_days, search.library_version
        )
        results = list(search.threads.map(partial(_search_track, search), wanted))
        lookups = _lookup_rows(results, search.library_version)
        _save(connection, results, lookups)
    if not search.second_pass:
        _note_for_second_pass(search, results, lookups)
    files = (result.found.file for result in results if result.found)
    move_to_store((file for file in files if file is not None), search.audio)
    _log_retries(lookups)
    found = sum(result.found is not None for result in results)
    later = sum(result.again for result in results)
    doubtful = sum(row["doubtful"] for row in lookups)
    return Collected(found, len(results) - found - later, later, doubtful)


def _search_track(search: Search, row: WantedTrack) -> TrackResult:
    """Search the sources for one track's audio. Searches none once a service wants no more requests."""
    if search.blocked is not None:
        return TrackResult(row.track_id, None, ())
    final = search.doubted.get(row.track_id, set()) & search.gave if search.second_pass else set()
    wanted = Wanted(
        track_id=row.track_id,
        provider=row.provider,
        external_id=row.external_id,
        title=row.title,
        artists=tuple(row.artists),
        isrc=row.isrc,
        duration_s=row.duration_s,
        preview_url=row.preview_url,
        settled=frozenset(row.settled),
        doubted=frozenset(row.doubted) | final,
    )
    try:
        found, missing = find_audio(wanted, search.finders, search.inbox)
    except RateLimited as blocked:
        search.blocked = blocked
        return TrackResult(row.track_id, None, ())
    now = datetime.now(UTC)
    return TrackResult(row.track_id, found, tuple((answer, now) for answer in missing))


def _save(connection: Connection, results: Sequence[TrackResult], lookups: Sequence[LookupRow]) -> None:
    found = [(result.track_id, result.found) for result in results if result.found]
    save_clips(connection, [clip for track_id, audio in found for clip in _clip_rows(track_id, audio)])
    write.providers.forget_not_found(
        connection, "audio", [(track_id, audio.source) for track_id, audio in found]
    )
    write.providers.save_not_found(connection, "audio", lookups)


def _note_for_second_pass(
    search: Search, results: Sequence[TrackResult], lookups: Sequence[LookupRow]
) -> None:
    search.gave.update(result.found.source for result in results if result.found)
    for row in lookups:
        if row["doubtful"]:
            search.doubted.setdefault(row["track_id"], set()).add(row["source"])


def _log_retries(lookups: Sequence[LookupRow]) -> None:
    reasons = Counter(row["reason"] for row in lookups if row["again"])
    for reason, number in reasons.items():
        get_run_logger().warning(
            "%d tracks wait for the next run (%s); audio_not_found has the details.", number, reason
        )


def _clip_rows(track_id: int, found: Found) -> list[TrackClipRow]:
    return [{**clip_row(clip), "track_id": track_id, "reference": found.reference} for clip in found.clips]


def _lookup_rows(results: Sequence[TrackResult], library_version: str | None) -> list[LookupRow]:
    """Rows of the table lookups: a source, a track and why there was no audio."""
    return [
        {
            "track_id": result.track_id,
            "source": answer.source,
            "reason": answer.reason,
            "detail": answer.detail,
            "again": answer.again,
            "doubtful": answer.doubtful,
            "version": library_version if answer.source == "library" else None,
            "checked_at": checked_at,
        }
        for result in results
        for answer, checked_at in result.not_found
    ]
