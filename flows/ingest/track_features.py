"""Ask services for the audio features that they know of whole tracks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from db import read, write
from db.engine import Lock, try_lock
from flows.batch.batches import batches
from flows.batch.settle_track_states import settle
from sources.errors import CapabilityDenied, RateLimited, SourceError
from sources.track_features import TrackFeatures

CAPABILITY = "audio_features"
Answer = Mapping[str, TrackFeatures | None]


@dataclass(frozen=True, slots=True)
class FeatureService:
    """A service that measures tracks: what it is called, what it may be asked for, and how much at once."""

    origin: str
    licence: str
    version: str
    ask: Callable[[list[str]], Answer]
    at_once: int
    providers: tuple[str, ...]  # whose tracks it knows, by their own ids


@dataclass(frozen=True, slots=True)
class Measured:
    """Of how many tracks a service had features, and why it did not get to the others, if so."""

    tracks: int = 0
    problem: str | None = None


@task(task_run_name="audio features of {service.origin}", cache_policy=NO_CACHE)
def collect_features(engine: Engine, service: FeatureService, ask_again_days: int) -> Measured:
    """Ask for the features of each track that the service was not lately asked about.

    A service that refuses this to our key is left alone for `ask_again_days`; the reason is in provider_state.
    """
    settle(engine)
    with try_lock(engine, Lock.FEATURES) as alone, engine.connect() as connection:
        if (
            not alone  # another run is asking
            or read.providers.blocked(connection, service.origin)
            or read.providers.is_closed(connection, service.origin, CAPABILITY, ask_again_days)
        ):
            return Measured()
        waiting = read.providers.tracks_without_features(
            connection, service.origin, service.providers, ask_again_days
        )
        connection.rollback()  # no transaction stays open while the service is asked
        tracks = 0
        for rows in batches(waiting, service.at_once):
            try:
                tracks += _ask(engine, service, rows)
            except SourceError as problem:
                get_run_logger().warning("%s", problem)
                _remember(engine, service.origin, problem)
                return Measured(tracks, None if isinstance(problem, CapabilityDenied) else str(problem))
    if waiting:
        _remember(engine, service.origin, None)
    return Measured(tracks)


def _remember(engine: Engine, origin: str, problem: SourceError | None) -> None:
    """A refusal, or a pause that was asked for, outlives this run; any other fault does not."""
    with engine.begin() as connection:
        if isinstance(problem, RateLimited):
            write.providers.note_trouble(connection, origin, "api", str(problem), problem.until)
        elif isinstance(problem, CapabilityDenied):
            write.providers.note_trouble(connection, origin, CAPABILITY, str(problem))
        elif problem is None:
            write.providers.note_works(connection, origin, CAPABILITY)


def _ask(engine: Engine, service: FeatureService, rows: Sequence[Any]) -> int:
    answer = service.ask(sorted(row.external_id for row in rows))
    now = datetime.now(UTC)
    known = {row.id: features for row in rows if (features := answer.get(row.external_id))}
    unknown = [
        {
            "track_id": row.id,
            "source": service.origin,
            "reason": "unknown",
            "detail": f"{service.origin} has no features of it.",
            "again": False,
            "doubtful": False,
            "version": None,
            "checked_at": now,
        }
        for row in rows
        if row.id not in known
    ]
    marks = {"origin": service.origin, "extractor_version": service.version, "licence": service.licence}
    with engine.begin() as connection:
        write.providers.save_track_features(
            connection,
            [asdict(features) | marks | {"track_id": track_id} for track_id, features in known.items()],
        )
        write.providers.save_not_found(connection, "features", unknown)
        write.providers.forget_not_found(
            connection, "features", [(track_id, service.origin) for track_id in known]
        )
    return len(known)
