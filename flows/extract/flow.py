"""Turn clips into spectrograms, audio features and fingerprints, on all cores."""

from collections.abc import Sequence
from dataclasses import dataclass

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from config.settings import Settings
from db import read, write
from db.engine import Lock, share_lock
from db.write.clips import ClaimedClip, ClipFeaturesRow, RejectedClip, SpectrogramRow
from flows.batch import worker_resources
from flows.batch.batches import batches
from flows.batch.decoder_pool import decoders, outcome_of
from flows.batch.refresh_track_states import refresh_track_states
from flows.batch.task_runners import map_batches
from flows.extract.artifacts import create_extraction_artifacts
from flows.extract.fingerprint_backfill import fingerprint_row, fingerprint_stored
from flows.home.environment import audio_path, open_database, spectrogram_folder
from flows.prefect_tools.events import EXTRACTED, announce
from flows.prefect_tools.progress import progress_bar
from flows.prefect_tools.run_names import timed
from ml.extract import ClipJob, Extraction, Failure
from ml.features.descriptors import EXTRACTOR, EXTRACTOR_VERSION
from ml.features.fingerprint import FINGERPRINT_VERSION
from ml.features.spectrogram import SpectrogramConfig

# While one batch is written to the database, the workers decode another.
BATCHES_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Extracted:
    """How many clips ended in each state."""

    ready: int = 0
    too_short: int = 0
    rejected: int = 0
    elsewhere: int = 0  # skipped, as another run is extracting them

    def __add__(self, other: "Extracted") -> "Extracted":
        return Extracted(
            self.ready + other.ready,
            self.too_short + other.too_short,
            self.rejected + other.rejected,
            self.elsewhere + other.elsewhere,
        )


@flow(name="extract", flow_run_name=timed("extract"))
def extract(again: bool = False) -> Extracted:
    """Compute the log-mel spectrogram, the audio features and the fingerprint of each clip that has none yet.

    - **reads** the clips' audio files, decoded by one process a core. A file that hangs or kills its decoder affects
      no other file.
    - **writes** spectrogram files below `spectrograms/`, their rows, audio features, fingerprints, and the status of
      each clip: ready, too short for one crop, or rejected with its reason. `again` tries rejected clips once more.
    """
    settings = Settings()
    recipe = SpectrogramConfig()
    with open_database(settings) as engine, share_lock(engine, Lock.CONTENT):
        with engine.begin() as connection:
            config_id = write.clips.register_spectrogram_config(
                connection, recipe.fingerprint(), recipe.to_dict()
            )
            if again:
                write.clips.retry_rejected(connection)
        refresh_track_states(engine)
        fingerprint_stored(engine, spectrogram_folder(settings, recipe.fingerprint()), config_id)
        refresh_track_states(engine)
        with engine.connect() as connection:
            clip_ids = read.clips.clips_to_extract(connection, config_id, FINGERPRINT_VERSION)
        if not clip_ids:
            return Extracted()
        total = _extract_all(engine, settings, ClipWork(recipe, config_id), clip_ids)
        with engine.connect() as connection:
            create_extraction_artifacts(connection, _sentences(total))
    if total.ready:
        announce(EXTRACTED, clips=total.ready)
    return total


@dataclass(frozen=True, slots=True)
class ClipWork:
    """What each batch needs beside the ids of its clips. It can be pickled for a cluster."""

    recipe: SpectrogramConfig
    config_id: int


def _extract_all(engine: Engine, settings: Settings, work: ClipWork, clip_ids: list[int]) -> Extracted:
    total = Extracted()
    todo = batches(clip_ids, settings.extraction_batch)
    with (
        map_batches(extract_batch, work, todo, settings, BATCHES_AT_ONCE) as results,
        decoders(settings) as schedule,
        worker_resources.DATABASE.provided(engine),
        worker_resources.DECODERS.provided(schedule),
        progress_bar("Extracting clips", len(clip_ids)) as advance,
    ):
        for batch_ids, extracted in results:
            total += extracted
            advance(len(batch_ids))
    return total


def _sentences(total: Extracted) -> list[str]:
    return [
        f"{total.ready} clips are ready.",
        f"{total.too_short} are too short for one crop, {total.rejected} could not be used.",
        *([f"{total.elsewhere} are being extracted by another run."] if total.elsewhere else []),
    ]


@task(task_run_name="clips from {ids[0]} on", cache_policy=NO_CACHE)
def extract_batch(work: ClipWork, ids: list[int]) -> Extracted:
    """Extract some clips in one transaction. Skips clips that another run is extracting."""
    with worker_resources.DATABASE.get().begin() as connection:
        clips = write.clips.claim_clips(connection, ids, work.config_id, FINGERPRINT_VERSION)
        outcomes = _decode(clips, work.recipe)
        track_ids = {clip.id: clip.track_id for clip in clips}
        failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        extractions = [outcome for outcome in outcomes if isinstance(outcome, Extraction)]
        too_short = [extraction.clip_id for extraction in extractions if extraction.too_short]
        write.clips.save_extractions(
            connection,
            [_spectrogram_row(extraction, work.config_id) for extraction in extractions],
            [_features_row(extraction, track_ids[extraction.clip_id]) for extraction in extractions],
            [fingerprint_row(clip.clip_id, clip.fingerprint) for clip in extractions if not clip.too_short],
            too_short,
        )
        write.clips.reject_clips(connection, [_rejected_clip(failure) for failure in failures])
    for failure in failures:
        get_run_logger().warning("Clip %d (%s): %s", failure.clip_id, failure.reason, failure.detail)
    elsewhere = len(ids) - len(clips)
    return Extracted(len(extractions) - len(too_short), len(too_short), len(failures), elsewhere)


def _decode(clips: Sequence[ClaimedClip], recipe: SpectrogramConfig) -> list[Extraction | Failure]:
    """Extract claimed clips on the decoder processes, in the order of `clips`."""
    settings, schedule = Settings(), worker_resources.DECODERS.get()
    folder = spectrogram_folder(settings, recipe.fingerprint())
    jobs = [
        ClipJob(clip.id, audio_path(settings, clip.uri), clip.offset_s, clip.duration_s) for clip in clips
    ]
    futures = [schedule(job, recipe, folder) for job in jobs]
    return [
        outcome_of(clip.id, clip.uri, future, settings) for clip, future in zip(clips, futures, strict=True)
    ]


def _spectrogram_row(extraction: Extraction, config_id: int) -> SpectrogramRow:
    return {
        "clip_id": extraction.clip_id,
        "config_id": config_id,
        "path": extraction.path,
        "sha256": extraction.sha256,
        "bytes": extraction.bytes,
        "frames": extraction.frames,
    }


def _features_row(extraction: Extraction, track_id: int) -> ClipFeaturesRow:
    features = extraction.features
    return {
        "track_id": track_id,
        "clip_id": extraction.clip_id,
        "origin": EXTRACTOR,
        "extractor_version": EXTRACTOR_VERSION,
        "tempo_bpm": features.tempo_bpm,
        "key": features.key,
        "mode": features.mode,
        "key_confidence": features.key_confidence,
        "loudness_lufs": features.loudness_lufs,
        "onset_rate": features.onset_rate,
        "spectral_centroid_hz": features.spectral_centroid_hz,
        "spectral_rolloff_hz": features.spectral_rolloff_hz,
        "spectral_flatness": features.spectral_flatness,
        "zero_crossing_rate": features.zero_crossing_rate,
    }


def _rejected_clip(failure: Failure) -> RejectedClip:
    return {"clip_id": failure.clip_id, "reason": failure.reason, "detail": failure.detail}
