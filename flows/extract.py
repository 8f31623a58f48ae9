"""Turn clips into spectrograms, audio features and fingerprints, on all cores."""

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from concurrent.futures import TimeoutError as TooSlow
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM
from typing import Any
from weakref import WeakSet

from pebble import ProcessExpired, ProcessFuture, ProcessPool
from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import as_completed
from prefect.task_runners import ThreadPoolTaskRunner
from sqlalchemy import Engine

from config.settings import Settings
from db import queries
from db.engine import Lock, share_lock
from db.store import sound as store
from flows.batches import batches
from flows.fingerprints import fingerprint_row, fingerprint_stored
from flows.home import audio_path, open_database, spectrogram_folder
from flows.progress import progress_bar
from flows.standings import settle
from ml.extract import ClipJob, Extraction, Failure, extract_clip, initialise_worker
from ml.features import EXTRACTOR, EXTRACTOR_VERSION
from ml.fingerprint import FINGERPRINT_VERSION
from ml.spectrogram import Recipe

Schedule = Callable[[ClipJob, Recipe, Path], ProcessFuture[Any]]
STOPPED_FROM_OUTSIDE = (-SIGHUP, -SIGINT, -SIGTERM)
SUBMITTED_AT_ONCE = (
    64  # batches that Prefect is told of at a time; a crate of millions has a hundred thousand
)
BATCHES_AT_ONCE = 2  # while one batch is written to the database, the workers decode another


@dataclass(frozen=True, slots=True)
class Extracted:
    """What became of clips."""

    ready: int = 0
    too_short: int = 0
    rejected: int = 0
    elsewhere: int = 0  # left to another run, which is extracting them

    def __add__(self, other: "Extracted") -> "Extracted":
        return Extracted(
            self.ready + other.ready,
            self.too_short + other.too_short,
            self.rejected + other.rejected,
            self.elsewhere + other.elsewhere,
        )


@flow(
    name="extract",
    task_runner=ThreadPoolTaskRunner(max_workers=BATCHES_AT_ONCE),  # type: ignore[arg-type]  # generic in what it runs
)
def extract(again: bool = False) -> Extracted:
    """Compute the log-mel spectrogram, the audio features and the fingerprint of each clip that has none yet.

    - **reads** the clips' audio files, decoded by one process a core; a file that hangs or kills its decoder costs
      only itself.
    - **writes** spectrogram files below `spectrograms/`, their rows, audio features, fingerprints, and the status of
      each clip: ready, too short for one crop, or rejected with its reason. `again` tries the rejected ones once more.
    """
    settings = Settings()
    recipe = Recipe()
    with open_database(settings) as engine, share_lock(engine, Lock.CONTENT):
        with engine.begin() as connection:
            recipe_id = store.register_recipe(connection, recipe.fingerprint(), recipe.to_dict())
            if again:
                store.retry_rejected(connection)
        settle(engine)
        fingerprint_stored(engine, spectrogram_folder(settings, recipe.fingerprint()), recipe_id)
        settle(engine)
        with engine.connect() as connection:
            waiting = queries.clips_to_extract(connection, recipe_id, FINGERPRINT_VERSION)
        if not waiting:
            return Extracted()
        total = Extracted()
        with worker_pool(settings) as schedule, progress_bar("Listening to clips", len(waiting)) as advance:
            work = ClipWork(engine, schedule, recipe, recipe_id, settings)
            todo = batches(waiting, settings.extraction_batch)
            for some in batches(todo, SUBMITTED_AT_ONCE):
                for future in as_completed([extract_batch.submit(work, clip_ids) for clip_ids in some]):
                    total += future.result()
                    advance(settings.extraction_batch)
    return total


@contextmanager
def worker_pool(settings: Settings) -> Iterator[Schedule]:
    """A function that hands work to processes that decode; they are stopped when the block fails.

    They are spawned, since a fork would copy the locks of this process' threads.
    """
    scheduled: WeakSet[ProcessFuture[Any]] = WeakSet()
    with ProcessPool(
        max_workers=settings.workers, initializer=initialise_worker, context=get_context("spawn")
    ) as pool:

        def schedule(job: ClipJob, recipe: Recipe, folder: Path) -> ProcessFuture[Any]:
            limit = settings.extraction_timeout_seconds
            future = pool.schedule(extract_clip, args=(job, recipe, folder), timeout=limit)
            scheduled.add(future)
            return future

        try:
            yield schedule
        except BaseException:
            pool.stop()  # type: ignore[no-untyped-call]
            for future in list(scheduled):  # a stopped pool leaves whoever waits for these to wait for ever
                future.cancel()  # type: ignore[no-untyped-call]
            raise


@dataclass(frozen=True, slots=True)
class ClipWork:
    """What each batch needs beside its clips."""

    engine: Engine
    schedule: Schedule
    recipe: Recipe
    recipe_id: int
    settings: Settings


@task(task_run_name="clips from {clip_ids[0]} on", cache_policy=NO_CACHE)
def extract_batch(work: ClipWork, clip_ids: list[int]) -> Extracted:
    """Extract some clips in one transaction. Clips that another run is extracting are left to it."""
    folder = spectrogram_folder(work.settings, work.recipe.fingerprint())
    with work.engine.begin() as connection:
        clips = store.claim_clips(connection, clip_ids, work.recipe_id, FINGERPRINT_VERSION)
        futures = [work.schedule(_job(clip, work.settings), work.recipe, folder) for clip in clips]
        outcomes = [
            _outcome(clip, future, work.settings) for clip, future in zip(clips, futures, strict=True)
        ]
        track_of = {clip.id: clip.track_id for clip in clips}
        failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        extractions = [outcome for outcome in outcomes if isinstance(outcome, Extraction)]
        too_short = [extraction.clip_id for extraction in extractions if extraction.too_short]
        store.save_extractions(
            connection,
            [_spectrogram_row(extraction, work.recipe_id) for extraction in extractions],
            [_features_row(extraction, track_of[extraction.clip_id]) for extraction in extractions],
            [fingerprint_row(done.clip_id, done.fingerprint) for done in extractions if not done.too_short],
            too_short,
        )
        store.reject_clips(connection, [asdict(failure) for failure in failures])
    for failure in failures:
        get_run_logger().warning("Clip %d (%s): %s", failure.clip_id, failure.reason, failure.detail)
    elsewhere = len(clip_ids) - len(clips)
    return Extracted(len(extractions) - len(too_short), len(too_short), len(failures), elsewhere)


def _job(clip: Any, settings: Settings) -> ClipJob:
    return ClipJob(clip.id, audio_path(settings, clip.uri), clip.offset_seconds, clip.duration_seconds)


def _outcome(clip: Any, future: ProcessFuture[Any], settings: Settings) -> Extraction | Failure:
    """What a worker made of a clip. A worker's OSError comes through: a full disk is no fault of the clip."""
    try:
        outcome: Extraction | Failure = future.result()
    except TooSlow as error:
        if (
            error.errno is not None
        ):  # a time-out of the file system is the same class, and no fault of the clip
            raise
        limit = settings.extraction_timeout_seconds
        cure = "re-encode it, or raise LABELSCOPE_EXTRACTION_TIMEOUT_SECONDS"
        return Failure(clip.id, "timeout", f"{clip.uri} took longer than {limit} s; {cure}.")
    except ProcessExpired as expired:
        if expired.exitcode in STOPPED_FROM_OUTSIDE:
            raise InterruptedError(
                "The processes that decode were stopped; run again to carry on."
            ) from expired
        sentence = (
            f"{clip.uri} ended the process that decoded it (exit code {expired.exitcode}); re-encode it."
        )
        return Failure(clip.id, "decoder_crashed", sentence)
    except (OSError, BrokenExecutor, CancelledError):
        raise
    except Exception as error:  # noqa: BLE001  (whatever a library makes of this clip, the others go on)
        problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
        cure = "try it once more with `labelscope extract --again`, then re-encode it"
        return Failure(clip.id, "extraction_failed", f"{clip.uri} could not be analysed ({problem}); {cure}.")
    return outcome


def _spectrogram_row(extraction: Extraction, recipe_id: int) -> dict[str, Any]:
    names = ("clip_id", "path", "sha256", "bytes", "frames")
    return {name: getattr(extraction, name) for name in names} | {"recipe_id": recipe_id}


def _features_row(extraction: Extraction, track_id: int) -> dict[str, Any]:
    return {
        **asdict(extraction.features),
        "track_id": track_id,
        "clip_id": extraction.clip_id,
        "origin": EXTRACTOR,
        "extractor_version": EXTRACTOR_VERSION,
    }
