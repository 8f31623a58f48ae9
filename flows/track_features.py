"""Ask services for the audio features that they know of whole tracks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from db import provider_queries as queries
from db.engine import Lock, try_lock
from db.store import providers as store
from flows.batches import batches
from sources.errors import Blocked, Closed, SourceError
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


@task(task_run_name="audio features of {service.origin}", cache_policy=NO_CACHE)
def collect_features(engine: Engine, service: FeatureService, ask_again_days: int) -> int:
    """Ask for the features of each track that the service was not lately asked about; returns how many it had.

    A service that refuses this to our key is left alone for `ask_again_days`; the reason is in provider_state.
    """
    logger = get_run_logger()
    with try_lock(engine, Lock.FEATURES) as alone:
        if not alone:
            return 0  # another run is asking
        with engine.connect() as connection:
            if queries.blocked(connection, service.origin) or queries.is_closed(
                connection, service.origin, CAPABILITY, ask_again_days
            ):
                return 0
            waiting = queries.tracks_without_features(
                connection, service.origin, service.providers, ask_again_days
            )
        measured = 0
        for rows in batches(waiting, service.at_once):
            try:
                measured += _ask(engine, service, rows)
            except SourceError as problem:
                logger.warning("%s", problem)
                with engine.begin() as connection:
                    if isinstance(problem, Closed):
                        store.set_provider_state(
                            connection, service.origin, CAPABILITY, works=False, reason=str(problem)
                        )
                    elif isinstance(problem, Blocked):
                        store.set_provider_state(
                            connection,
                            service.origin,
                            "api",
                            works=False,
                            reason=str(problem),
                            blocked_until=problem.until,
                        )
                return measured
    return measured


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
            "version": None,
            "checked_at": now,
        }
        for row in rows
        if row.id not in known
    ]
    marks = {"origin": service.origin, "extractor_version": service.version, "licence": service.licence}
    with engine.begin() as connection:
        store.save_track_features(
            connection,
            [asdict(features) | marks | {"track_id": track_id} for track_id, features in known.items()],
        )
        store.save_not_found(connection, "features", unknown)
        store.forget_not_found(connection, "features", [(track_id, service.origin) for track_id in known])
    return len(known)
