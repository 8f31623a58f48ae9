"""Audio features of a clip: tempo, key, loudness, onsets and the shape of the spectrum.

Definitions are librosa's; loudness is ITU-R BS.1770. One pass over the short-time spectra computes the spectrogram and
all features but loudness and zero crossings. Only the samples take memory that grows with the length of the sound.
"""

from dataclasses import dataclass
from importlib.metadata import version

import librosa
import numpy as np
from numpy.typing import NDArray

from ml.features.key import key_of
from ml.features.loudness import loudness_of
from ml.features.spectral_shape import SpectralShape
from ml.features.spectrogram import SpectrogramConfig, log_mel
from ml.features.stft import HOP_LENGTH, N_FFT
from ml.features.tempo import tempo_of

EXTRACTOR = "librosa"
# Raise the first number when a definition changes, here or in a module of a feature.
EXTRACTOR_VERSION = f"1+librosa {version('librosa')}"


@dataclass(frozen=True, slots=True)
class AudioFeatures:
    """Features of one clip; None where the sound is too short or too quiet to have them."""

    tempo_bpm: float | None  # beats per minute; may be half or double of the perceived tempo
    key: int | None  # pitch class of the tonic: 0 is C, 11 is B
    mode: int | None  # 1 major, 0 minor
    key_confidence: float | None  # correlation of the best key profile with the chroma, 0 to 1
    loudness_lufs: float | None  # integrated, of the mono mix
    onset_rate: float | None  # note beginnings a second
    spectral_centroid_hz: float | None  # this and the next three: mean over frames with sound
    spectral_rolloff_hz: float | None
    spectral_flatness: float | None  # 0 for a tone, near 1 for white noise
    zero_crossing_rate: float | None  # share of samples at which the sign changes


def audio_features(samples: NDArray[np.float32], sample_rate: int) -> AudioFeatures:
    """The features of mono samples, (samples,), contiguous, of any length.

    Full scale is 1.0; samples are finite and below sound.decode.LOUDEST, as load_mono ensures.
    """
    return spectrogram_and_features(samples, _feature_config(sample_rate))[1]


def spectrogram_and_features(
    samples: NDArray[np.float32], config: SpectrogramConfig
) -> tuple[NDArray[np.float32], AudioFeatures]:
    """The log-mel spectrogram of mono samples, (samples,), and their features, both from the same spectra."""
    feature_config = _feature_config(config.sample_rate)
    shape = SpectralShape(config.sample_rate)
    decibels = log_mel(samples, feature_config, visit=shape.add)  # (frames, bands)
    spectrogram = decibels if config == feature_config else log_mel(samples, config)
    return spectrogram, _features(samples, config.sample_rate, shape, decibels)


def _feature_config(sample_rate: int) -> SpectrogramConfig:
    """The spectrogram that features are computed from. At 22 050 Hz it is the default one, which is stored."""
    return SpectrogramConfig(
        sample_rate=sample_rate, n_fft=N_FFT, hop_length=HOP_LENGTH, fmax=sample_rate / 2
    )


def _features(
    samples: NDArray[np.float32], sample_rate: int, shape: SpectralShape, decibels: NDArray[np.float32]
) -> AudioFeatures:
    onset_strength = librosa.onset.onset_strength(S=decibels.T, sr=sample_rate, hop_length=HOP_LENGTH)
    key, mode, confidence = key_of(shape.chroma)
    centroid, rolloff, flatness = shape.means()
    return AudioFeatures(
        tempo_bpm=tempo_of(onset_strength, sample_rate),
        key=key,
        mode=mode,
        key_confidence=confidence,
        loudness_lufs=loudness_of(samples, sample_rate),
        onset_rate=_onset_rate_of(onset_strength, len(samples) / sample_rate, sample_rate),
        spectral_centroid_hz=centroid,
        spectral_rolloff_hz=rolloff,
        spectral_flatness=flatness,
        zero_crossing_rate=_zero_crossing_rate(samples),
    )


def _zero_crossing_rate(samples: NDArray[np.float32]) -> float | None:
    negative = np.signbit(samples)
    crossings = np.count_nonzero(negative[1:] != negative[:-1])
    return float(crossings) / (len(samples) - 1) if len(samples) > 1 else None


def _onset_rate_of(onset_strength: NDArray[np.float32], duration_s: float, sample_rate: int) -> float | None:
    """Onsets a second from the onset strength, (frames,); None below half a second, where one would decide."""
    if duration_s < 0.5:
        return None
    onsets = librosa.onset.onset_detect(onset_envelope=onset_strength, sr=sample_rate, hop_length=HOP_LENGTH)
    return len(onsets) / duration_s
