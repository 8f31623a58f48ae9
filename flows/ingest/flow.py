"""Bring what the playlists list into the database, with audio and with what services know of it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from prefect import flow
from prefect.runtime import flow_run
from sqlalchemy import Engine

from config.labels import Configuration, read_labels
from config.settings import Settings
from db import read, write
from db.engine import Lock, share_lock
from flows.home.environment import open_database
from flows.ingest.artifacts import leave_ingest
from flows.ingest.audio import Collected, collect_audio
from flows.ingest.playlists import Known, Loaded, ingest_playlist
from flows.ingest.providers import Outside
from flows.ingest.retention import forget_unconfirmed
from flows.ingest.track_features import collect_features
from flows.prefect_tools.events import INGESTED, announce
from flows.prefect_tools.run_names import LISTED_BY, dated
from sources.errors import LoginNeeded, RateLimited, TransientError
from sources.files.crate import FolderSource
from sources.metadata.tags import clean_text
from sources.records import KnownHashes, Label, Reference, path_of
from sources.spotify.auth import login_warning

SERVICES = ("spotify", "deezer")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one ingest brought."""

    playlists: int = 0
    unchanged: int = 0
    unread: int = 0
    deferred: int = 0  # of those unread: to be asked again by the next run
    elsewhere: int = 0  # left to another run, which is reading them
    tracks: int = 0
    added: int = 0
    removed: int = 0
    rejected: int = 0
    audio: Collected | None = None  # None where nobody looked, as in a crate, which has its audio
    features: int = 0
    expired: int = 0
    # a sentence for each playlist that could not be read, and for each warning
    problems: tuple[str, ...] = ()

    @property
    def nothing_read(self) -> bool:
        """Whether not one playlist could be read."""
        return 0 < self.playlists == self.unread

    @property
    def complete(self) -> bool:
        """Whether another run just now would find nothing more to do."""
        return not self.problems and not self.elsewhere and (self.audio is None or not self.audio.later)


def _run_name() -> str:
    return dated("ingest", flow_run.parameters.get("crate"))


@flow(name="ingest", flow_run_name=_run_name)
def ingest(crate: Path | None = None, synthetic: bool = False) -> Ingested:
    """Read the playlists of labels.toml into the database, or those of a crate: a folder with one sub-folder a label.

    Without `crate` it reads the one that LABELSCOPE_CRATE names, and labels.toml where that is not set.

    - **asks** Spotify and Deezer for each playlist, once where it has not changed; then for previews of tracks without
      audio (Deezer: 50 requests in 5 seconds at most), and for audio features. A service that asks for a long wait is
      left alone until then. Of a crate it reads names, tags and checksums; an unchanged folder is not opened at all.
    - **writes** labels, playlists, artists, tracks and clips; a load for each playlist that has changed; a rejected
      record, with its reason, for each entry that cannot be used; why a track has no audio, in lookups.
    - `synthetic` marks a crate that Labelscope rendered itself.
    """
    settings = Settings()
    crate = crate or settings.crate
    with open_database(settings) as engine:
        if crate is not None:
            with share_lock(engine, Lock.CONTENT):
                ingested = _ingest_crate(engine, settings, crate, synthetic)
            _tell(engine, ingested)
            return ingested
        configuration = read_labels(settings.labels)
        with share_lock(engine, Lock.CONTENT):
            ingested = _ingest_listed(engine, settings, configuration)
        expired = [
            forget_unconfirmed(engine, settings, provider, days)
            for provider, days in configuration.retention.days.items()
        ]
        ingested = replace(ingested, expired=sum(leavings.tracks for leavings in expired))
        _tell(engine, ingested)
    return ingested


def _tell(engine: Engine, ingested: Ingested) -> None:
    """To people who look at Prefect's pages, and to the stages that go on from here."""
    audio = ingested.audio.found if ingested.audio else 0
    sentences = [
        f"{ingested.playlists} playlists, {ingested.unchanged} of them unchanged, {ingested.unread} not read.",
        f"{ingested.added} tracks are new, {ingested.removed} have gone, {audio} got audio.",
        f"{ingested.rejected} records could not be used.",
        *ingested.problems,
    ]
    with engine.connect() as connection:
        leave_ingest(connection, sentences)
    if ingested.added or audio:
        announce(INGESTED, tracks=ingested.added, audio=audio)


def _ingest_crate(engine: Engine, settings: Settings, crate: Path, synthetic: bool) -> Ingested:
    if synthetic:
        from sources.synth.crate import synth_source  # takes seconds, and only the demo has such a crate

        source = synth_source(crate, windows=settings.windows_per_track)
    else:
        source = FolderSource(crate, windows=settings.windows_per_track)
    known = _known_files(engine, source.provider)
    playlists = source.playlists()
    listed_by = playlists[0].external_id.rpartition("/")[0]
    loads = [
        ingest_playlist(engine, source, playlist.reference, listed_by, known, looked=playlist)
        for playlist in playlists
    ]
    with engine.begin() as connection:
        present = [(playlist.provider, playlist.external_id) for playlist in playlists]
        left = write.playlists.close_absent_playlists(connection, listed_by, present)
    return _summary(loads, left)


def _ingest_listed(engine: Engine, settings: Settings, configuration: Configuration) -> Ingested:
    outside = Outside(settings, configuration, engine)
    references = [
        Reference(one.provider, one.external_id, Label(one.slug, one.name, one.description))
        for one in configuration.references
    ]
    loads = _read_playlists(engine, outside, references)
    with engine.begin() as connection:
        present = [(reference.provider, reference.external_id) for reference in references]
        left = write.playlists.close_absent_playlists(connection, LISTED_BY, present)
    audio = collect_audio(engine, outside)
    again = configuration.previews.ask_again_days
    measured = [collect_features(engine, service, again) for service in outside.feature_services()]
    problems = [
        *(str(load.problem) for load in loads if load.problem),
        audio.problem,
        *(service.problem for service in measured),
        *_crates_beside(engine),
        login_warning(settings.spotify_token_file, datetime.now(UTC)),
    ]
    return replace(
        _summary(loads, left),
        audio=audio,
        features=sum(service.tracks for service in measured),
        problems=tuple(dict.fromkeys(problem for problem in problems if problem)),
    )


def _crates_beside(engine: Engine) -> list[str]:
    """A sentence for each crate whose labels are in here, too, and stand as they were."""
    with engine.connect() as connection:
        crates = read.clips.crates_beside(connection, LISTED_BY)
    return [
        f"The crate {clean_text(path_of(uri))} is in this home, too, and was not read: read it with --folder, or list"
        " its folders in labels.toml as folder:PATH."
        for uri in crates
    ]


def _read_playlists(engine: Engine, outside: Outside, references: list[Reference]) -> list[Loaded]:
    """All playlists, one after the other. Once a service wants no more requests, its others are put off unasked."""
    stopped: dict[str, TransientError] = {
        provider: problem for provider in SERVICES if (problem := _blocked(engine, provider))
    }
    known_files = _known_files(engine, "folder")
    loads: list[Loaded] = []
    answered: set[str] = set()
    for reference in references:
        provider = reference.provider
        load = ingest_playlist(
            engine,
            outside.source(provider),
            reference,
            LISTED_BY,
            known_files if provider == "folder" else dict,
            put_off_by=stopped.get(provider),
        )
        loads.append(load)
        if isinstance(load.problem, RateLimited | LoginNeeded):
            if provider not in stopped:
                _remember(engine, provider, load.problem)  # at once: a run that is killed must not ask again
            stopped[provider] = load.problem
        elif load.outcome in ("loaded", "unchanged") and provider in SERVICES:
            answered.add(provider)
    for provider in answered - stopped.keys():
        _remember(engine, provider, None)
    return loads


def _blocked(engine: Engine, provider: str) -> RateLimited | None:
    with engine.connect() as connection:
        row = read.providers.blocked(connection, provider)
    return RateLimited(row.reason, row.blocked_until) if row else None


def _remember(engine: Engine, provider: str, problem: TransientError | None) -> None:
    with engine.begin() as connection:
        if problem is None:
            write.providers.note_works(connection, provider, "api")
        else:
            until = problem.until if isinstance(problem, RateLimited) else None
            write.providers.note_trouble(connection, provider, "api", str(problem), until)


def _known_files(engine: Engine, provider: str) -> Known:
    @cache
    def known() -> KnownHashes:
        """Read once, and only if anything has changed: it grows with the clips."""
        with engine.connect() as connection:
            return read.clips.known_files(connection, provider)

    return known


def _summary(loads: list[Loaded], left: int) -> Ingested:
    counts = [load.counts for load in loads]
    return Ingested(
        playlists=len(loads),
        unchanged=sum(load.outcome == "unchanged" for load in loads),
        unread=sum(load.problem is not None for load in loads),
        deferred=sum(load.outcome == "deferred" for load in loads),
        elsewhere=sum(load.outcome == "elsewhere" for load in loads),
        tracks=sum(count.tracks for count in counts),
        added=sum(count.added for count in counts),
        removed=left + sum(count.removed for count in counts),
        rejected=sum(count.rejected for count in counts),
    )
