"""Read playlists and their tracks into the database, with audio and audio features."""

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
from flows.ingest.artifacts import create_ingest_artifacts
from flows.ingest.audio import Collected, collect_audio
from flows.ingest.moved_crates import Recognised, recognise_crate
from flows.ingest.playlists import KnownFiles, Loaded, ingest_playlist
from flows.ingest.providers import Providers
from flows.ingest.retention import remove_unconfirmed
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
    """The result of one ingest: numbers of playlists, of tracks and of problems.

    `deferred`: unread playlists that the next run tries again. `elsewhere`: playlists that another run reads.
    `audio` is None for a crate, which has its audio. `problems`: a sentence for each unread playlist and each warning.
    `moved_from`: former paths of the crate.
    """

    playlists: int = 0
    unchanged: int = 0
    unread: int = 0
    deferred: int = 0
    elsewhere: int = 0
    tracks: int = 0
    added: int = 0
    removed: int = 0
    rejected: int = 0
    audio: Collected | None = None
    features: int = 0
    expired: int = 0
    problems: tuple[str, ...] = ()
    moved_from: tuple[Path, ...] = ()

    @property
    def nothing_read(self) -> bool:
        """Whether not one playlist could be read."""
        return 0 < self.playlists == self.unread

    @property
    def complete(self) -> bool:
        """Whether another run now would have nothing to do."""
        return not self.problems and not self.elsewhere and (self.audio is None or not self.audio.later)


def _run_name() -> str:
    return dated("ingest", flow_run.parameters.get("crate"))


@flow(name="ingest", flow_run_name=_run_name)
def ingest(crate: Path | None = None, synthetic: bool = False) -> Ingested:
    """Read the playlists of labels.toml into the database, or those of a crate: a folder with one sub-folder a label.

    Without `crate` it reads the one that LABELSCOPE_CRATE names, and labels.toml where that is not set.

    - **requests** each playlist from Spotify and Deezer, with one request where it has not changed. Then it requests
      previews of tracks without audio (Deezer: at most 50 requests in 5 seconds), and audio features. A service that
      wants a long pause gets no requests before its end.
    - **reads**, of a crate, names, tags and checksums; where a name does not tell what a file is, its first bytes. It
      reads nothing else of an unchanged folder.
    - **writes** labels, playlists, artists, tracks and clips; a load for each playlist that has changed; a rejected
      record, with its reason, for each entry that cannot be used; into lookups, why a track has no audio.
    - `synthetic` marks a crate that Labelscope has rendered.
    """
    settings = Settings()
    crate = crate or settings.crate
    with open_database(settings) as engine:
        if crate is not None:
            with share_lock(engine, Lock.CONTENT):
                ingested = _ingest_crate(engine, settings, crate, synthetic)
            _publish(engine, ingested)
            return ingested
        configuration = read_labels(settings.labels)
        with share_lock(engine, Lock.CONTENT):
            ingested = _ingest_listed(engine, settings, configuration)
        expired = [
            remove_unconfirmed(engine, settings, provider, days)
            for provider, days in configuration.retention.days.items()
        ]
        ingested = replace(ingested, expired=sum(removed.tracks for removed in expired))
        _publish(engine, ingested)
    return ingested


def _publish(engine: Engine, ingested: Ingested) -> None:
    """Create artifacts on Prefect's pages, and emit the event that starts the next stage."""
    audio = ingested.audio.found if ingested.audio else 0
    sentences = [
        f"{ingested.playlists} playlists, {ingested.unchanged} of them unchanged, {ingested.unread} not read.",
        f"{ingested.added} tracks are new, {ingested.removed} have gone, {audio} got audio.",
        f"{ingested.rejected} records could not be used.",
        *ingested.problems,
    ]
    with engine.connect() as connection:
        create_ingest_artifacts(connection, sentences)
    if ingested.added or audio:
        announce(INGESTED, tracks=ingested.added, audio=audio)


def _ingest_crate(engine: Engine, settings: Settings, crate: Path, synthetic: bool) -> Ingested:
    if synthetic:
        # This import takes seconds, and only the demo has such a crate.
        from sources.synth.crate import synth_source

        source = synth_source(crate, windows=settings.windows_per_track)
    else:
        source = FolderSource(crate, windows=settings.windows_per_track)
    playlists = source.playlists()
    recognised = Recognised() if synthetic else recognise_crate(engine, crate)
    known_files = _known_files(engine, source.provider, recognised.hashes)
    listed_by = playlists[0].external_id.rpartition("/")[0]
    loads = [
        ingest_playlist(engine, source, playlist.reference, listed_by, known_files, fetched=playlist)
        for playlist in playlists
    ]
    with engine.begin() as connection:
        present = [(playlist.provider, playlist.external_id) for playlist in playlists]
        removed = write.playlists.close_absent_playlists(connection, listed_by, present)
    return replace(_summary(loads, removed), moved_from=recognised.moved_from)


def _ingest_listed(engine: Engine, settings: Settings, configuration: Configuration) -> Ingested:
    providers = Providers(settings, configuration, engine)
    references = [
        Reference(
            playlist.provider, playlist.external_id, Label(playlist.slug, playlist.name, playlist.description)
        )
        for playlist in configuration.references
    ]
    loads = _read_playlists(engine, providers, references)
    with engine.begin() as connection:
        present = [(reference.provider, reference.external_id) for reference in references]
        removed = write.playlists.close_absent_playlists(connection, LISTED_BY, present)
    audio = collect_audio(engine, providers)
    ask_again_days = configuration.previews.ask_again_days
    features = [collect_features(engine, service, ask_again_days) for service in providers.feature_services()]
    problems = [
        *(str(load.problem) for load in loads if load.problem),
        audio.problem,
        *(service.problem for service in features),
        *_warn_of_crates(engine),
        login_warning(settings.spotify_token_file, datetime.now(UTC)),
    ]
    return replace(
        _summary(loads, removed),
        audio=audio,
        features=sum(service.tracks for service in features),
        problems=tuple(dict.fromkeys(problem for problem in problems if problem)),
    )


def _warn_of_crates(engine: Engine) -> list[str]:
    """A sentence for each crate in this home: an ingest of labels.toml does not update its labels."""
    with engine.connect() as connection:
        crates = read.crates.crates(connection)
    return [
        f"The crate {clean_text(path_of(crate.uri))} is in this home, too, and was not read: read it with `labelscope"
        " run DIR`, list its folders in labels.toml as folder:PATH, or remove it with `labelscope crates forget DIR`."
        for crate in crates
    ]


def _read_playlists(engine: Engine, providers: Providers, references: list[Reference]) -> list[Loaded]:
    """Read all playlists, one after the other. The others of a service that wants no more requests are deferred."""
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
            providers.source(reference),
            reference,
            LISTED_BY,
            known_files if provider == "folder" else dict,
            put_off_by=stopped.get(provider),
        )
        loads.append(load)
        if isinstance(load.problem, RateLimited | LoginNeeded):
            if provider not in stopped:
                # Saved at once, so that the run after a kill respects the pause.
                _note_state(engine, provider, load.problem)
            stopped[provider] = load.problem
        elif load.outcome in ("loaded", "unchanged") and provider in SERVICES:
            answered.add(provider)
    for provider in answered - stopped.keys():
        _note_state(engine, provider, None)
    return loads


def _blocked(engine: Engine, provider: str) -> RateLimited | None:
    with engine.connect() as connection:
        row = read.providers.blocked(connection, provider)
    return RateLimited(row.reason, row.blocked_until) if row else None


def _note_state(engine: Engine, provider: str, problem: TransientError | None) -> None:
    """Save that the provider works, or why and until when it gets no requests."""
    with engine.begin() as connection:
        if problem is None:
            write.providers.note_works(connection, provider, "api")
        else:
            until = problem.until if isinstance(problem, RateLimited) else None
            write.providers.note_trouble(connection, provider, "api", str(problem), until)


def _known_files(engine: Engine, provider: str, recognised: KnownHashes | None = None) -> KnownFiles:
    @cache
    def known_files() -> KnownHashes:
        """Read at the first call, as it grows with the clips; not called if no playlist has changed."""
        with engine.connect() as connection:
            return {**read.clips.known_files(connection, provider), **(recognised or {})}

    return known_files


def _summary(loads: list[Loaded], removed: int) -> Ingested:
    counts = [load.counts for load in loads]
    return Ingested(
        playlists=len(loads),
        unchanged=sum(load.outcome == "unchanged" for load in loads),
        unread=sum(load.problem is not None for load in loads),
        deferred=sum(load.outcome == "deferred" for load in loads),
        elsewhere=sum(load.outcome == "elsewhere" for load in loads),
        tracks=sum(count.tracks for count in counts),
        added=sum(count.added for count in counts),
        removed=removed + sum(count.removed for count in counts),
        rejected=sum(count.rejected for count in counts),
    )
