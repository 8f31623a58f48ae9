"""Turn clips into spectrograms, audio features and fingerprints, on all cores."""

from dataclasses import asdict, dataclass
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from config.settings import Settings
from db import read, write
from db.engine import Lock, share_lock
from flows.batch import worker_resources
from flows.batch.batches import batches
from flows.batch.decoder_pool import decoders, outcome_of
from flows.batch.settle_track_states import settle
from flows.batch.task_runners import worked_through
from flows.extract.artifacts import leave_extraction
from flows.extract.fingerprint_backfill import fingerprint_row, fingerprint_stored
from flows.home.environment import audio_path, open_database, spectrogram_folder
from flows.prefect_tools.events import EXTRACTED, announce
from flows.prefect_tools.progress import progress_bar
from ml.extract import ClipJob, Extraction, Failure
from ml.features.descriptors import EXTRACTOR, EXTRACTOR_VERSION
from ml.features.fingerprint import FINGERPRINT_VERSION
from ml.features.spectrogram import Recipe

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


@flow(name="extract")
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
            config_id = write.clips.register_spectrogram_config(
                connection, recipe.fingerprint(), recipe.to_dict()
            )
            if again:
                write.clips.retry_rejected(connection)
        settle(engine)
        fingerprint_stored(engine, spectrogram_folder(settings, recipe.fingerprint()), config_id)
        settle(engine)
        with engine.connect() as connection:
            waiting = read.clips.clips_to_extract(connection, config_id, FINGERPRINT_VERSION)
        if not waiting:
            return Extracted()
        total = Extracted()
        work, todo = ClipWork(recipe, config_id), batches(waiting, settings.extraction_batch)
        with (
            worked_through(extract_batch, work, todo, settings, BATCHES_AT_ONCE) as results,
            decoders(settings) as schedule,
            worker_resources.DATABASE.lent(engine),
            worker_resources.DECODERS.lent(schedule),
            progress_bar("Listening to clips", len(waiting)) as advance,
        ):
            for clip_ids, extracted in results:
                total += extracted
                advance(len(clip_ids))
        with engine.connect() as connection:
            leave_extraction(connection, _sentences(total))
    if total.ready:
        announce(EXTRACTED, clips=total.ready)
    return total


def _sentences(total: Extracted) -> list[str]:
    return [
        f"{total.ready} clips are ready.",
        f"{total.too_short} are too short for one crop, {total.rejected} could not be used.",
        *([f"{total.elsewhere} are left to another run."] if total.elsewhere else []),
    ]


@dataclass(frozen=True, slots=True)
class ClipWork:
    """What each batch needs beside the ids of its clips, and can take along wherever it runs."""

    recipe: Recipe
    config_id: int


@task(task_run_name="clips from {ids[0]} on", cache_policy=NO_CACHE)
def extract_batch(work: ClipWork, ids: list[int]) -> Extracted:
    """Extract some clips in one transaction. Clips that another run is extracting are left to it."""
    settings, schedule = Settings(), worker_resources.DECODERS.here()
    folder = spectrogram_folder(settings, work.recipe.fingerprint())
    with worker_resources.DATABASE.here().begin() as connection:
        clips = write.clips.claim_clips(connection, ids, work.config_id, FINGERPRINT_VERSION)
        futures = [schedule(_job(clip, settings), work.recipe, folder) for clip in clips]
        outcomes = [outcome_of(clip, future, settings) for clip, future in zip(clips, futures, strict=True)]
        track_of = {clip.id: clip.track_id for clip in clips}
        failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        extractions = [outcome for outcome in outcomes if isinstance(outcome, Extraction)]
        too_short = [extraction.clip_id for extraction in extractions if extraction.too_short]
        write.clips.save_extractions(
            connection,
            [_spectrogram_row(extraction, work.config_id) for extraction in extractions],
            [_features_row(extraction, track_of[extraction.clip_id]) for extraction in extractions],
            [fingerprint_row(done.clip_id, done.fingerprint) for done in extractions if not done.too_short],
            too_short,
        )
        write.clips.reject_clips(connection, [asdict(failure) for failure in failures])
    for failure in failures:
        get_run_logger().warning("Clip %d (%s): %s", failure.clip_id, failure.reason, failure.detail)
    elsewhere = len(ids) - len(clips)
    return Extracted(len(extractions) - len(too_short), len(too_short), len(failures), elsewhere)


def _job(clip: Any, settings: Settings) -> ClipJob:
    return ClipJob(clip.id, audio_path(settings, clip.uri), clip.offset_s, clip.duration_s)


def _spectrogram_row(extraction: Extraction, config_id: int) -> dict[str, Any]:
    names = ("clip_id", "path", "sha256", "bytes", "frames")
    return {name: getattr(extraction, name) for name in names} | {"config_id": config_id}


def _features_row(extraction: Extraction, track_id: int) -> dict[str, Any]:
    return {
        **asdict(extraction.features),
        "track_id": track_id,
        "clip_id": extraction.clip_id,
        "origin": EXTRACTOR,
        "extractor_version": EXTRACTOR_VERSION,
    }
