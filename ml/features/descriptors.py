"""Audio features: tempo, key, loudness, onsets and the shape of the spectrum.

Definitions are librosa's; loudness is ITU-R BS.1770 by pyloudnorm. One pass over the short-time spectra computes all
but loudness and zero crossings. Only the samples take memory that grows with the length of the sound.
"""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import librosa
import numpy as np
from numpy.typing import NDArray

from ml.features.stft import decibels, hann, mel_power, mel_products, spectra

EXTRACTOR = "librosa"
# Raise the first number when a definition below changes.
EXTRACTOR_VERSION = f"1+librosa {version('librosa')}"

N_FFT = 2048
HOP_LENGTH = 512
N_MELS = 128
ROLLOFF = 0.85  # share of a frame's magnitude below the rolloff frequency
# Power. Frames below it are skipped; in flatness lower values are raised to it.
QUIETEST = 1e-10
GATING_BLOCK_S = 0.4  # BS.1770 measures blocks of this length
TEMPO_WINDOW_S = 8.0  # length of one column of the tempogram
TEMPO_STEP = 8  # frames from one column of the tempogram to the next: 0.2 s
SHORTEST_TEMPO_S = 4.0  # eight beats at 120 BPM; fewer repetitions are guesswork

# Probe-tone profiles of Krumhansl and Kessler (1982), "Tracing the dynamic changes in perceived tonal
# organization in a spatial representation of musical keys", Psychological Review 89: the fit of each pitch
# class to a key on C.
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


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


@dataclass(frozen=True, slots=True)
class Shape:
    """The results of one pass over the spectra."""

    onset_strength: NDArray[np.float32]  # (frames,)
    chroma: NDArray[np.float32]  # (12,)
    centroid_hz: float | None
    rolloff_hz: float | None
    flatness: float | None


def audio_features(samples: NDArray[np.float32], sample_rate: int) -> AudioFeatures:
    """The features of mono samples, (samples,), full scale at 1.0, of any length and content."""
    shape = spectral_shape(samples, sample_rate)
    key, mode, confidence = key_of(shape.chroma)
    return AudioFeatures(
        tempo_bpm=tempo_of(shape.onset_strength, sample_rate),
        key=key,
        mode=mode,
        key_confidence=confidence,
        loudness_lufs=loudness_of(samples, sample_rate),
        onset_rate=onset_rate_of(shape.onset_strength, len(samples) / sample_rate, sample_rate),
        spectral_centroid_hz=shape.centroid_hz,
        spectral_rolloff_hz=shape.rolloff_hz,
        spectral_flatness=shape.flatness,
        zero_crossing_rate=float(np.mean(np.diff(np.signbit(samples)))) if len(samples) > 1 else None,
    )


def spectral_shape(samples: NDArray[np.float32], sample_rate: int) -> Shape:
    """Centroid, rolloff, flatness, chroma and onset strength of (samples,), from one pass over the spectra.

    The first three equal librosa.feature.spectral_centroid, _rolloff and _flatness, as means over the frames
    with sound; chroma is the sum over frames of librosa.feature.chroma_stft at concert pitch.
    """
    products = mel_products(sample_rate, N_FFT, N_MELS, 0.0, sample_rate / 2)
    chroma_basis = _chroma_basis(sample_rate)
    frequencies = np.fft.rfftfreq(N_FFT, 1 / sample_rate).astype(np.float32)  # (bins,) Hz
    mel = np.empty((1 + len(samples) // HOP_LENGTH, N_MELS), dtype=np.float32)  # (frames, bands)
    chroma = np.zeros(12, dtype=np.float32)
    sums, sounding, done = np.zeros(3), 0, 0
    for spectrum in spectra(samples, N_FFT, HOP_LENGTH):  # (frames, bins)
        magnitude = np.abs(spectrum)
        mel_power(spectrum, products, out=mel[done : done + len(spectrum)])
        done += len(spectrum)
        magnitude = magnitude[magnitude.max(axis=1) ** 2 > QUIETEST]
        power = np.square(magnitude)
        below = np.cumsum(magnitude, axis=1)
        total = below[:, -1:]
        pitches = power @ chroma_basis  # (frames, 12)
        chroma += (pitches / pitches.max(axis=1, keepdims=True)).sum(axis=0)
        floored = np.maximum(power, QUIETEST)
        sums += (
            (magnitude @ frequencies / total[:, 0]).sum(),
            frequencies[(below < ROLLOFF * total).sum(axis=1)].sum(),
            np.minimum(np.exp(np.log(floored).mean(axis=1)) / floored.mean(axis=1), 1).sum(),
        )
        sounding += len(magnitude)
    centroid, rolloff, flatness = (float(value) for value in sums / sounding) if sounding else (None,) * 3
    onset_strength = librosa.onset.onset_strength(S=decibels(mel).T, sr=sample_rate, hop_length=HOP_LENGTH)
    return Shape(onset_strength, chroma, centroid, rolloff, flatness)


@cache
def _chroma_basis(sample_rate: int) -> NDArray[np.float32]:
    """Weights from bins to pitch classes, shape (bins, 12)."""
    basis = librosa.filters.chroma(sr=sample_rate, n_fft=N_FFT, tuning=0.0)
    return np.ascontiguousarray(basis.T, dtype=np.float32)


def key_of(chroma: NDArray[np.float32]) -> tuple[int | None, int | None, float | None]:
    """Key, mode and confidence: the key profile that correlates best with a chroma, shape (12,)."""
    if np.ptp(chroma) <= 1e-6 * chroma.max():  # all pitches are equally strong, or there is no sound
        return None, None, None
    profiles = [np.roll(profile, key) for profile in (MINOR, MAJOR) for key in range(12)]
    correlations = [float(np.corrcoef(chroma, profile)[0, 1]) for profile in profiles]
    best = int(np.argmax(correlations))
    return best % 12, best // 12, max(0.0, correlations[best])


def tempo_of(onset_strength: NDArray[np.float32], sample_rate: int) -> float | None:
    """Beats per minute from the onset strength, (frames,), by librosa.feature.tempo with its prior around 120 BPM.

    Two changes: the tempogram only has every eighth column, since that takes an eighth of the time and hardly changes
    its mean. And a frame is 6 BPM wide at 128 BPM, so the lag that librosa picks is refined on its multiples.
    """
    frames_a_second = sample_rate / HOP_LENGTH
    if len(onset_strength) < SHORTEST_TEMPO_S * frames_a_second or np.ptp(onset_strength) == 0:
        return None
    length = int(TEMPO_WINDOW_S * frames_a_second)
    padded = np.pad(onset_strength, length // 2, mode="linear_ramp")
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)[::TEMPO_STEP] * hann(length)
    columns = librosa.util.normalize(librosa.autocorrelate(windows), norm=np.inf, axis=-1)
    repetition = columns.mean(axis=0)
    tempo = librosa.feature.tempo(tg=repetition[:, None], sr=sample_rate, hop_length=HOP_LENGTH)
    return float(60 * frames_a_second / _refine_lag(repetition, 60 * frames_a_second / float(tempo[0])))


def _refine_lag(autocorrelation: NDArray[np.floating], lag: float) -> float:
    """Refine a lag, in frames, on the peaks near its multiples: the error of the n-th one is n times smaller."""
    multiple = 1
    while (near := round(lag * multiple)) + 2 < len(autocorrelation):
        peak = near - 1 + int(np.argmax(autocorrelation[near - 1 : near + 2]))
        left, top, right = autocorrelation[peak - 1 : peak + 2].astype(float)
        if top <= 0 or top < max(left, right) or left == right == top:
            break  # no peak near this multiple: keep the lag of the one before
        lag = (peak + (left - right) / (2 * (left - 2 * top + right))) / multiple  # vertex of the parabola
        multiple *= 2
    return lag


def onset_rate_of(onset_strength: NDArray[np.float32], duration_s: float, sample_rate: int) -> float | None:
    """Onsets a second from the onset strength, (frames,); None below half a second, where one would decide."""
    if duration_s < 0.5:
        return None
    onsets = librosa.onset.onset_detect(onset_envelope=onset_strength, sr=sample_rate, hop_length=HOP_LENGTH)
    return len(onsets) / duration_s


def loudness_of(samples: NDArray[np.float32], sample_rate: int) -> float | None:
    """Integrated loudness of (samples,) in LUFS; None below one gating block, or below the gate at -70 LUFS."""
    import pyloudnorm  # takes seconds, for scipy.signal

    if len(samples) <= GATING_BLOCK_S * sample_rate:
        return None
    loudness = float(pyloudnorm.Meter(sample_rate).integrated_loudness(samples))
    return loudness if np.isfinite(loudness) else None
