"""The input of the pretrained networks: log-mel patches of sound at 16 kHz."""

from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from ml.features.stft import mel_power, mel_products, spectra

SAMPLE_RATE: Final = 16000  # Hz
N_FFT: Final = 512
HOP_LENGTH: Final = 256
N_MELS: Final = 96
PATCH_FRAMES: Final = 187  # 2.99 s
LOUDNESS: Final = 10000  # of log10(LOUDNESS * mel + 1)


def patches(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """The whole patches of mono sound, float32 (patches, PATCH_FRAMES, N_MELS), without overlap.

    The rest that fills no patch is left out. Sound shorter than a patch is repeated, which keeps its embedding near
    that of the whole track; zeros would add a silence.

    Args:
        samples: (samples,), full scale at 1.0.
        sample_rate: in Hz.

    Raises:
        ValueError: there are no samples.
    """
    frames = log_mel(samples, sample_rate)
    count = max(1, len(frames) // PATCH_FRAMES)
    return np.resize(frames, (count, PATCH_FRAMES, N_MELS))  # repeats what is too short


def log_mel(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """log10(10000 * mel power + 1) of mono sound, float32 (1 + samples at 16 kHz // 256, 96).

    Raises:
        ValueError: there are no samples.
    """
    if not len(samples):
        raise ValueError("There are no samples; decode a longer window.")
    resampled = soxr.resample(samples, sample_rate, SAMPLE_RATE, quality="HQ")
    products = mel_products(SAMPLE_RATE, N_FFT, N_MELS, 0.0, SAMPLE_RATE / 2)
    power = np.empty((1 + len(resampled) // HOP_LENGTH, N_MELS), dtype=np.float32)
    done = 0
    for block in spectra(resampled, N_FFT, HOP_LENGTH):
        mel_power(block, products, out=power[done : done + len(block)])
        done += len(block)
    power *= LOUDNESS
    power += 1
    return np.log10(power, out=power)
