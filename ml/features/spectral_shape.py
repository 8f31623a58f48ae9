"""The shape of a clip's spectrum: centroid, rolloff, flatness and chroma, from short-time spectra block by block."""

from functools import cache
from typing import Final

import librosa
import numpy as np
from numpy.typing import NDArray

from ml.features.key import PITCH_CLASSES
from ml.features.stft import BLOCK, N_FFT

ROLLOFF: Final = 0.85  # share of a frame's magnitude below the rolloff frequency
# Power. Frames below it are skipped; in flatness lower values are raised to it.
QUIETEST: Final = 1e-10


class SpectralShape:
    """Sums over the frames of a clip that have sound.

    `means()` equals the means of librosa.feature.spectral_centroid, _rolloff and _flatness over these frames. `chroma`,
    (12,), is the sum over them of librosa.feature.chroma_stft at concert pitch.
    """

    def __init__(self, sample_rate: int) -> None:
        from ml.features.kernels import add_up_shapes  # not above: loading Numba takes a second

        self._add_up = add_up_shapes
        self._hz_a_bin = sample_rate / N_FFT
        self._chroma_basis = _chroma_basis(sample_rate)
        self._power = np.empty((BLOCK, 1 + N_FFT // 2), dtype=np.float32)  # allocated once
        self._sums = np.zeros(3)  # over frames: centroid and rolloff in bins, flatness
        self._frames = 0  # with sound
        self.chroma = np.zeros(PITCH_CLASSES, dtype=np.float32)

    def add(self, spectra: NDArray[np.complex64]) -> None:
        """Add the next spectra, (at most BLOCK frames, 1 + N_FFT // 2)."""
        sounding, *sums = self._add_up(spectra, self._power, QUIETEST, ROLLOFF)
        self._frames += sounding
        self._sums += sums
        if sounding:
            pitches = self._power[:sounding] @ self._chroma_basis  # (frames with sound, 12)
            self.chroma += (pitches / pitches.max(axis=1, keepdims=True)).sum(axis=0)

    def means(self) -> tuple[float | None, float | None, float | None]:
        """Centroid in Hz, rolloff in Hz, and flatness; None where no frame has sound."""
        if not self._frames:
            return None, None, None
        centroid, rolloff, flatness = (self._sums / self._frames).tolist()
        return centroid * self._hz_a_bin, rolloff * self._hz_a_bin, flatness


@cache
def _chroma_basis(sample_rate: int) -> NDArray[np.float32]:
    """Weights from the power of bins to pitch classes, shape (bins, 12)."""
    basis = librosa.filters.chroma(sr=sample_rate, n_fft=N_FFT, tuning=0.0)
    return np.ascontiguousarray(basis.T, dtype=np.float32)
