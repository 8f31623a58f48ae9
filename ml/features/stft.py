"""The arithmetic of spectrograms: short-time spectra in blocks, mel bands, decibels.

Blocks of frames stay in the processor's cache, which makes half of the speed. The other half comes from float32 and
from mel products that leave out the zeros.
"""

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

# Of the audio features; the defaults of SpectrogramConfig are equal.
N_FFT = 2048
HOP_LENGTH = 512

BLOCK = 32  # frames a block: 256 KiB of windowed samples at n_fft 2048
BANDS_A_PRODUCT = 16  # neighbouring mel bands in one matrix product; see mel_products

MelProducts = tuple[tuple[slice, slice, NDArray[np.float32]], ...]


def spectra(samples: NDArray[np.float32], n_fft: int, hop_length: int) -> Iterator[NDArray[np.complex64]]:
    """Yield the short-time Fourier transform of (samples,) in blocks, (up to BLOCK frames, 1 + n_fft // 2).

    Frames are centred (frame t at sample t * hop_length, zeros beyond both ends) under a periodic Hann
    window, as librosa.stft does, so there are 1 + len(samples) // hop_length of them.
    """
    padded = np.pad(samples, n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]  # (frames, n_fft)
    window = hann(n_fft)
    windowed = np.empty((BLOCK, n_fft), dtype=np.float32)  # allocated once, so that it stays in the cache
    for first in range(0, len(frames), BLOCK):
        block = frames[first : first + BLOCK]
        yield scipy.fft.rfft(np.multiply(block, window, out=windowed[: len(block)]))


@cache
def hann(length: int) -> NDArray[np.float32]:
    """The periodic Hann window, shape (length,)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def mel_power(spectrum: NDArray[np.complex64], products: MelProducts, out: NDArray[np.float32]) -> None:
    """Write the mel power of a block of spectra, (frames, 1 + n_fft // 2), into `out`, (frames, n_mels).

    Overwrites the spectrum.
    """
    # Squares of real and imaginary parts alternate; the product adds them up.
    parts = spectrum.view(np.float32)  # (frames, 2 * bins)
    squares = np.square(parts, out=parts)
    for bands, columns, weights in products:
        np.matmul(squares[:, columns], weights, out=out[:, bands])


@cache
def mel_products(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> MelProducts:
    """The mel basis cut into (bands, columns, weights), each a small dense product for neighbouring bands.

    A band covers few bins: 98 % of the full (n_mels, bins) matrix is zero. A group of neighbouring bands only needs the
    bins from the lower end of its first band to the upper end of its last one, and dense products beat sparse ones.
    Columns and weights hold each bin twice, for the real and the imaginary part.
    """
    basis = mel_basis(sample_rate, n_fft, n_mels, fmin, fmax)
    products = []
    for first in range(0, n_mels, BANDS_A_PRODUCT):
        group = basis[first : first + BANDS_A_PRODUCT]
        used = np.flatnonzero(group.any(axis=0))
        start, stop = (int(used[0]), int(used[-1]) + 1) if used.size else (0, 0)
        weights = np.ascontiguousarray(np.repeat(group[:, start:stop].T, 2, axis=0))
        products.append((slice(first, first + len(group)), slice(2 * start, 2 * stop), weights))
    return tuple(products)


def mel_basis(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> NDArray[np.float32]:
    """Triangular mel filters of equal area, shape (n_mels, 1 + n_fft // 2).

    The filters of Slaney's Auditory Toolbox, equal to librosa.filters.mel. Importing librosa takes seconds in each new
    process, and prediction needs nothing else of it.
    """
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    edges = _mel_to_hz(np.linspace(hz_to_mel(fmin), hz_to_mel(fmax), n_mels + 2))
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    return (triangles * 2 / (high - low)).astype(np.float32)


# Slaney's mel scale: linear up to 1 kHz at 200/3 Hz a mel, then logarithmic, 27 mels for a factor of 6.4.
LINEAR_HZ = 200 / 3
LOG_START_HZ = 1000.0
LOG_START_MEL = LOG_START_HZ / LINEAR_HZ
LOG_STEP = np.log(6.4) / 27


def hz_to_mel(hz: float) -> float:
    """A frequency on Slaney's mel scale."""
    if hz < LOG_START_HZ:
        return hz / LINEAR_HZ
    return float(LOG_START_MEL + np.log(hz / LOG_START_HZ) / LOG_STEP)


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithmic = LOG_START_HZ * np.exp(LOG_STEP * (mel - LOG_START_MEL))
    return np.where(mel < LOG_START_MEL, LINEAR_HZ * mel, logarithmic)


def decibels(
    power: NDArray[np.float32], *, reference: float = 1.0, amin: float = 1e-10, top_db: float | None = 80.0
) -> NDArray[np.float32]:
    """Turn power into dB, in place: 10 log10(power / reference), at most `top_db` below the loudest value."""
    np.maximum(power, amin, out=power)
    np.log(power, out=power)  # the natural logarithm is vectorised where log10 is not: a quarter of the time
    power *= 10 / math.log(10)  # plain floats: a numpy scalar would turn the whole product into float64
    power -= 10 * math.log10(max(amin, reference))
    if top_db is not None:
        np.maximum(power, power.max() - top_db, out=power)
    return power
