"""Fetch audio features of whole tracks from services."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from db import read, write
from db.engine import Lock, try_lock
from db.write.providers import LookupRow
from flows.batch.batches import batches
from flows.batch.refresh_track_states import refresh_track_states
from sources.errors import CapabilityDenied, RateLimited, SourceError
from sources.track_features import TrackFeatures

CAPABILITY = "audio_features"
FeaturesById = Mapping[str, TrackFeatures | None]


@dataclass(frozen=True, slots=True)
class FeatureService:
    """A service with audio features of tracks.

    `fetch` takes at most `ids_per_request` ids of tracks from one of `providers`. It returns the features by id, or
    None for a track that the service does not have.
    """

    origin: str
    licence: str
    version: str
    fetch: Callable[[list[str]], FeaturesById]
    ids_per_request: int
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """How many tracks got features, and why the service was not asked for all others, if so."""

    tracks: int = 0
    problem: str | None = None


@task(task_run_name="audio features of {service.origin}", cache_policy=NO_CACHE)
def collect_features(engine: Engine, service: FeatureService, ask_again_days: int) -> Measured:
    """Fetch the features of each track that was not requested from the service in the last `ask_again_days`.

    A service that denies audio features to our key is not asked for `ask_again_days`; provider_state has the reason.
    """
    refresh_track_states(engine)
    with try_lock(engine, Lock.FEATURES) as locked, engine.connect() as connection:
        if (
            # Another run fetches from this service.
            not locked
            or read.providers.blocked(connection, service.origin)
            or read.providers.is_closed(connection, service.origin, CAPABILITY, ask_again_days)
        ):
            return Measured()
        waiting = read.providers.tracks_without_features(
            connection, service.origin, service.providers, ask_again_days
        )
        # Ends the transaction before the requests.
        connection.rollback()
        tracks = 0
        for rows in batches(waiting, service.ids_per_request):
            try:
                tracks += _fetch_batch(engine, service, {row.id: row.external_id for row in rows})
            except SourceError as problem:
                get_run_logger().warning("%s", problem)
                _note_state(engine, service.origin, problem)
                return Measured(tracks, None if isinstance(problem, CapabilityDenied) else str(problem))
    if waiting:
        _note_state(engine, service.origin, None)
    return Measured(tracks)


def _note_state(engine: Engine, origin: str, problem: SourceError | None) -> None:
    """Save that the service works, denies audio features, or wants a pause. Other problems are not saved."""
    with engine.begin() as connection:
        if isinstance(problem, RateLimited):
            write.providers.note_trouble(connection, origin, "api", str(problem), problem.until)
        elif isinstance(problem, CapabilityDenied):
            write.providers.note_trouble(connection, origin, CAPABILITY, str(problem))
        elif problem is None:
            write.providers.note_works(connection, origin, CAPABILITY)


def _fetch_batch(engine: Engine, service: FeatureService, external_ids: Mapping[int, str]) -> int:
    """Save the features of some tracks (id -> the service's id), or that they have none; returns how many have."""
    answer = service.fetch(sorted(external_ids.values()))
    now = datetime.now(UTC)
    found = {
        track_id: features
        for track_id, external_id in external_ids.items()
        if (features := answer.get(external_id))
    }
    not_found: list[LookupRow] = [
        {
            "track_id": track_id,
            "source": service.origin,
            "reason": "unknown",
            "detail": f"{service.origin} has no features of it.",
            "again": False,
            "doubtful": False,
            "version": None,
            "checked_at": now,
        }
        for track_id in external_ids
        if track_id not in found
    ]
    columns = {"origin": service.origin, "extractor_version": service.version, "licence": service.licence}
    with engine.begin() as connection:
        write.providers.save_track_features(
            connection,
            [asdict(features) | columns | {"track_id": track_id} for track_id, features in found.items()],
        )
        write.providers.save_not_found(connection, "features", not_found)
        write.providers.forget_not_found(
            connection, "features", [(track_id, service.origin) for track_id in found]
        )
    return len(found)
