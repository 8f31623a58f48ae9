"""Extraction of one clip in a worker process: decode, store the spectrogram, compute features and fingerprint."""

import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from ml.data.crops import CROP_FRAMES
from ml.features.descriptors import AudioFeatures, audio_features, spectrogram_and_features
from ml.features.fingerprint import Fingerprint, fingerprint
from ml.features.spectrogram import SpectrogramConfig, save_spectrogram
from sound.decode import load_mono
from sound.errors import AudioError


@dataclass(frozen=True, slots=True)
class ClipJob:
    """One clip to extract: a window of a file."""

    clip_id: int
    path: Path
    offset_s: float = 0.0
    duration_s: float | None = None  # None: to the end of the file


@dataclass(frozen=True, slots=True)
class Extraction:
    """The stored spectrogram, the audio features and the fingerprint of a clip."""

    clip_id: int
    frames: int
    path: str  # of the spectrogram, relative to the folder
    sha256: str  # of the spectrogram file
    bytes: int
    features: AudioFeatures
    fingerprint: Fingerprint
    too_short: bool  # fewer frames than a crop: stored, but not used for training or prediction


@dataclass(frozen=True, slots=True)
class Failure:
    """A clip that cannot be used, with the reason and the sentence of the AudioError."""

    clip_id: int
    reason: str
    detail: str


def initialise_worker() -> None:
    """Prepare a worker process: one thread, libraries loaded.

    There is one process for each core, so threads within a process would only compete for cores.
    Loading librosa and its compiled functions takes seconds, and longer after an installation. Done here, it does not
    count towards the time limit of a clip. Must not be called in a process that does anything else.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent ends its workers
    threadpool_limits(limits=1)
    sample_rate = SpectrogramConfig().sample_rate
    audio_features(np.ones(5 * sample_rate, dtype=np.float32), sample_rate)


def extract_clip(job: ClipJob, config: SpectrogramConfig, folder: Path) -> Extraction | Failure:
    """Decode a clip, write its spectrogram below `folder` and compute its features and its fingerprint.

    Returns a Failure for a file that cannot be used: another attempt would not help.

    Raises:
        OSError: the spectrogram cannot be written, for example on a full disk.
    """
    try:
        samples = load_mono(
            job.path, offset_s=job.offset_s, duration_s=job.duration_s, sample_rate=config.sample_rate
        )
    except AudioError as problem:
        return Failure(job.clip_id, problem.reason, str(problem))
    decibels, features = spectrogram_and_features(samples, config)  # (frames, n_mels)
    spectrogram = decibels.astype(np.float16)  # as it is stored
    stored = save_spectrogram(folder, spectrogram)
    return Extraction(
        clip_id=job.clip_id,
        frames=len(spectrogram),
        path=stored.path,
        sha256=stored.sha256,
        bytes=stored.bytes,
        features=features,
        fingerprint=fingerprint(spectrogram),
        too_short=len(spectrogram) < CROP_FRAMES,
    )
