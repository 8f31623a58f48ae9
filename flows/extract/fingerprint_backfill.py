"""Fingerprints of clips that were heard before there were any, or by older code: from stored spectrograms."""

from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from db import read
from db.write.clips import save_fingerprints
from flows.batch.batches import batches
from flows.prefect_tools.progress import progress_bar
from ml.features.fingerprint import FINGERPRINT_VERSION, Fingerprint, fingerprint
from ml.features.spectrogram import load_spectrogram

CLIPS_AT_ONCE = 256  # in a transaction


@task(name="fingerprint stored spectrograms", cache_policy=NO_CACHE)
def fingerprint_stored(engine: Engine, folder: Path, config_id: int) -> int:
    """Fingerprint ready clips that have none of this version; no audio is read. Returns how many.

    One whose spectrogram cannot be read stays without, and is extracted anew. About 7 ms a clip.
    """
    with engine.connect() as connection:
        waiting = read.clips.clips_to_fingerprint(connection, config_id, FINGERPRINT_VERSION)
    done = 0
    with progress_bar("Fingerprinting clips", len(waiting)) as advance:
        for some in batches(waiting, CLIPS_AT_ONCE):
            rows = [row for clip in some if (row := _row_of(clip, folder)) is not None]
            with engine.begin() as connection:
                save_fingerprints(connection, rows)
            done += len(rows)
            advance(len(some))
    return done


def fingerprint_row(clip_id: int, made: Fingerprint) -> dict[str, Any]:
    """A row for the table fingerprints."""
    return {
        "clip_id": clip_id,
        "version": FINGERPRINT_VERSION,
        "landmarks": made.landmarks,
        "sketch": list(made.sketch),
    }


def _row_of(clip: Any, folder: Path) -> dict[str, Any] | None:
    try:
        return fingerprint_row(clip.clip_id, fingerprint(load_spectrogram(folder / clip.path)))
    except (FileNotFoundError, ValueError):
        return None
