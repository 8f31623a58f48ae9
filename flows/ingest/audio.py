"""Find audio for the tracks that have none: their own preview, Deezer's, or a file of the user's library."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from db import read, write
from db.write.tracks import save_clips
from flows.batch.batches import batches
from flows.batch.settle_track_states import settle
from flows.home.download_inbox import open_inbox, put_away, stored_clips
from flows.home.environment import audio_folder
from flows.ingest.playlists import clip_row
from flows.ingest.providers import Outside
from flows.prefect_tools.progress import progress_bar
from sources.errors import Blocked
from sources.previews.finders import Finder, Found, NotFound, Wanted, find_audio

TRACKS_PER_TRANSACTION = 50
PREVIEWS = "previews"  # what provider_state calls all who give out audio
MISHAPS_THAT_TELL = 40  # so many failures to get any answer in one transaction mean that a service is down


@dataclass(frozen=True, slots=True)
class Collected:
    """How many tracks got audio, how many have none anywhere, and for how many the next run will look again.

    `doubtful`: how many of the latter got an answer that may be final.
    """

    found: int = 0
    nowhere: int = 0
    later: int = 0
    doubtful: int = 0
    problem: str | None = None  # why whoever gives out audio is left alone for now


@dataclass(slots=True)
class Search:
    """What each batch needs beside its tracks. `blocked` is set by the first who is told to ask no more.

    `doubted`: the sources whose answer about a track is doubtful, to be looked at again once all others are done.
    `gave`: the sources that gave audio; what such a source answers at the second look is final.
    """

    engine: Engine
    audio: Path
    finders: Sequence[Finder]
    ask_again_days: int
    library_version: str | None
    threads: ThreadPoolExecutor
    blocked: Blocked | None = field(default=None)
    doubted: dict[int, set[str]] = field(default_factory=dict)
    gave: set[str] = field(default_factory=set)
    second_look: bool = False


def collect_audio(engine: Engine, outside: Outside) -> Collected:
    """Look for audio of each track in a playlist that has none and was not lately looked for in vain.

    Grows with the tracks that are looked for, and not with those that have audio.
    """
    finders = outside.finders()
    sources = [finder.source for finder in finders]
    ask_again_days = outside.configuration.previews.ask_again_days
    library_version = outside.library.version if outside.library else None
    with engine.begin() as connection:
        write.providers.forget_lost_audio(connection)
    settle(engine)
    with engine.connect() as connection:
        waiting = read.providers.tracks_without_audio(connection, sources, ask_again_days, library_version)
        put_off = read.providers.blocked(connection, PREVIEWS)

    settings = outside.settings
    audio = audio_folder(settings)
    fetched: list[Collected] = []
    with (
        open_inbox(audio, partial(stored_clips, engine)) as inbox,
        ThreadPoolExecutor(settings.downloads, thread_name_prefix="download") as threads,
        progress_bar("Fetching audio", len(waiting)) as advance,
    ):
        search = Search(engine, audio, finders, ask_again_days, library_version, threads)
        down = False
        for track_ids in batches([] if put_off else waiting, TRACKS_PER_TRANSACTION):
            batch = fetch_batch(search, inbox, track_ids)
            fetched.append(batch)
            advance(len(track_ids))
            down = search.blocked is not None or batch.later - batch.doubtful >= MISHAPS_THAT_TELL
            if down:
                break  # whoever is asked for the rest would fare the same
        if not down:
            search.second_look = True
            for track_ids in batches(sorted(search.doubted), TRACKS_PER_TRANSACTION):
                fetched.append(fetch_batch(search, inbox, track_ids))
    if fetched:
        _remember(engine, search.blocked)
    found = sum(batch.found for batch in fetched)
    nowhere = sum(batch.nowhere for batch in fetched)
    problem = str(search.blocked) if search.blocked else put_off.reason if put_off and waiting else None
    return Collected(found, nowhere, len(waiting) - found - nowhere, problem=problem)


def _remember(engine: Engine, blocked: Blocked | None) -> None:
    """Whoever gives out audio may ask for a pause: Deezer, or a host of previews; the sentence says who."""
    with engine.begin() as connection:
        if blocked is None:
            write.providers.note_works(connection, PREVIEWS, "api")
        else:
            get_run_logger().warning("%s", blocked)
            write.providers.note_trouble(connection, PREVIEWS, "api", str(blocked), blocked.until)


@task(task_run_name="audio of tracks from {track_ids[0]} on", cache_policy=NO_CACHE)
def fetch_batch(search: Search, inbox: Path, track_ids: list[int]) -> Collected:
    """Look for audio of some tracks, in one transaction. Tracks that another run has taken on are left to it."""
    with search.engine.begin() as connection:
        claimed = write.providers.claim_tracks(connection, track_ids)
        rows = read.providers.wanted_audio(connection, claimed, search.ask_again_days, search.library_version)
        outcomes = list(search.threads.map(partial(_look_for, search, inbox), rows))
        found = [(row.track_id, one) for row, (one, _) in zip(rows, outcomes, strict=True) if one]
        not_found = [
            _lookup_row(row.track_id, missing, search.library_version, at)
            for row, (_, all_missing) in zip(rows, outcomes, strict=True)
            for missing, at in all_missing
        ]
        save_clips(connection, [clip for track_id, one in found for clip in _clip_rows(track_id, one)])
        write.providers.forget_not_found(
            connection, "audio", [(track_id, one.source) for track_id, one in found]
        )
        write.providers.save_not_found(connection, "audio", not_found)
    if not search.second_look:
        search.gave.update(one.source for _, one in found)
        for row in not_found:
            if row["doubtful"]:
                search.doubted.setdefault(row["track_id"], set()).add(row["source"])
    put_away((one.file for _, one in found if one.file is not None), search.audio)
    passing = Counter(row["reason"] for row in not_found if row["again"])
    for reason, number in passing.items():
        get_run_logger().warning(
            "%d tracks wait for the next run (%s); audio_not_found says why.", number, reason
        )
    later = sum(1 for one, missing in outcomes if not one and (not missing or missing[-1][0].again))
    doubtful = sum(row["doubtful"] for row in not_found)
    return Collected(len(found), len(rows) - len(found) - later, later, doubtful)


Missing = list[tuple[NotFound, datetime]]


def _look_for(search: Search, inbox: Path, row: Any) -> tuple[Found | None, Missing]:
    """What was found for a track, and who had nothing, and when. Nobody is asked any more once one is blocked."""
    if search.blocked is not None:
        return None, []
    again = search.doubted.get(row.track_id, set()) & search.gave if search.second_look else set()
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
        doubted=frozenset(row.doubted) | again,
    )
    try:
        found, missing = find_audio(wanted, search.finders, inbox)
    except Blocked as blocked:
        search.blocked = blocked
        return None, []
    return found, [(one, datetime.now(UTC)) for one in missing]


def _clip_rows(track_id: int, found: Found) -> list[dict[str, Any]]:
    marks = {"track_id": track_id, "reference": found.reference}
    return [clip_row(clip) | marks for clip in found.clips]


def _lookup_row(
    track_id: int, missing: NotFound, library_version: str | None, at: datetime
) -> dict[str, Any]:
    version = library_version if missing.source == "library" else None
    return asdict(missing) | {"track_id": track_id, "version": version, "checked_at": at}
