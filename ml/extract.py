"""What a worker process does with one clip: decode it, store its spectrogram, its features and its fingerprint."""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from ml.audio.decode import load_mono
from ml.audio.errors import AudioError
from ml.data.crops import CROP_FRAMES
from ml.features.descriptors import AudioFeatures, audio_features
from ml.features.fingerprint import Fingerprint, fingerprint
from ml.features.spectrogram import SpectrogramConfig, log_mel, save_spectrogram


@dataclass(frozen=True, slots=True)
class ClipJob:
    """One clip to extract: a window of a file."""

    clip_id: int
    path: Path
    offset_s: float = 0.0
    duration_s: float | None = None  # None: to the end of the file


@dataclass(frozen=True, slots=True)
class Extraction:
    """A stored spectrogram, the features and the fingerprint of its clip."""

    clip_id: int
    frames: int
    path: str  # of the spectrogram, relative to the folder
    sha256: str  # of the spectrogram file
    bytes: int
    features: AudioFeatures
    fingerprint: Fingerprint
    too_short: bool  # fewer frames than a crop: stored, yet of no use for training or prediction


@dataclass(frozen=True, slots=True)
class Failure:
    """A clip that cannot be used, with AudioError's reason and sentence."""

    clip_id: int
    reason: str
    detail: str


def initialise_worker() -> None:
    """Prepare a worker process: one thread, no chatter from decoders, libraries loaded.

    Parallel work is one process a core, so threads inside of a process would only fight over the cores.
    libmpg123 writes its complaints about damaged MP3s straight to file descriptor 2. That descriptor goes to
    /dev/null here, while Python's sys.stderr keeps the real one, so tracebacks and logs still come through.
    Loading librosa and its compiled functions takes seconds, and the first time after an installation longer;
    done here, it does not count against the time that a clip may take.
    Must not be called in a process that does anything else.
    """
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches all processes; the one that gave the work ends it
    threadpool_limits(limits=1)
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.close(silence)
    recipe = SpectrogramConfig()
    audio_features(np.ones(5 * recipe.sample_rate, dtype=np.float32), recipe.sample_rate)


def extract_clip(job: ClipJob, recipe: SpectrogramConfig, folder: Path) -> Extraction | Failure:
    """Decode a clip, write its spectrogram below `folder` and compute its features and its fingerprint.

    A file that cannot be used comes back as a Failure: running again would not help.

    Raises:
        OSError: the spectrogram cannot be written (a full disk); that is no fault of the clip.
    """
    try:
        samples = load_mono(
            job.path, offset_s=job.offset_s, duration_s=job.duration_s, sample_rate=recipe.sample_rate
        )
    except AudioError as problem:
        return Failure(job.clip_id, problem.reason, str(problem))
    spectrogram = log_mel(samples, recipe)
    stored = save_spectrogram(folder, spectrogram)
    return Extraction(
        clip_id=job.clip_id,
        frames=len(spectrogram),
        path=stored.path,
        sha256=stored.sha256,
        bytes=stored.bytes,
        features=audio_features(samples, recipe.sample_rate),
        fingerprint=fingerprint(spectrogram),
        too_short=len(spectrogram) < CROP_FRAMES,
    )
