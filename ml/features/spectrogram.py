"""Log-mel spectrograms: their parameters, their computation and their files."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from common.files import write_whole
from ml.features.stft import decibels, mel_power, mel_products, spectra


@dataclass(frozen=True, slots=True)
class SpectrogramConfig:
    """All parameters of a spectrogram. The defaults are librosa's.

    The names of the fields are part of `fingerprint`, and so of paths and database rows: they must never change.
    """

    sample_rate: int = 22050  # Hz
    n_fft: int = 2048  # samples in a frame: 93 ms
    hop_length: int = 512  # samples from one frame to the next: 23 ms, 43 frames a second
    n_mels: int = 128  # bands
    fmin: float = 0.0  # Hz, lower end of the lowest band
    fmax: float = 11025.0  # Hz, upper end of the highest band
    reference: float = 1.0  # power at 0 dB
    amin: float = 1e-10  # least power; lower values are raised to it
    top_db: float = 80.0  # dB below the loudest value of the clip; lower values are raised to it

    def fingerprint(self) -> str:
        """12 hexadecimal digits that identify these parameters."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, int | float]:
        """The parameters as plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises TypeError for an unknown parameter."""
        # JSON may have turned 11025.0 into 11025, which would change the fingerprint.
        defaults = asdict(cls())
        return cls(**{name: type(defaults.get(name, value))(value) for name, value in values.items()})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a content-addressed folder."""

    path: str  # relative to the folder: <ab>/<sha256>.npy
    sha256: str
    bytes: int


def log_mel(
    samples: NDArray[np.float32],
    config: SpectrogramConfig,
    visit: Callable[[NDArray[np.complex64]], None] | None = None,
) -> NDArray[np.float32]:
    """The log-mel spectrogram, in dB, of mono samples, (samples,), at the rate of `config`.

    Equals librosa.power_to_db(librosa.feature.melspectrogram(...)).T to 0.01 dB. Frames are contiguous in memory.
    `visit` is called with each block of spectra, (at most BLOCK frames, 1 + n_fft // 2), before it is overwritten.

    Returns:
        float32 of shape (1 + len(samples) // hop_length, n_mels).
    """
    products = mel_products(config.sample_rate, config.n_fft, config.n_mels, config.fmin, config.fmax)
    power = np.empty((1 + len(samples) // config.hop_length, config.n_mels), dtype=np.float32)
    done = 0
    for block in spectra(samples, config.n_fft, config.hop_length):
        if visit:
            visit(block)
        mel_power(block, products, out=power[done : done + len(block)])
        done += len(block)
    return decibels(power, reference=config.reference, amin=config.amin, top_db=config.top_db)


def save_spectrogram(folder: Path, spectrogram: NDArray[np.floating]) -> StoredFile:
    """Write a spectrogram, (frames, n_mels), as float16 to <folder>/<ab>/<sha256>.npy.

    float16 resolves 0.06 dB at 100 dB, finer than a network needs, in half of the space. The file appears complete or
    not at all, so two processes may write the same one.

    Raises:
        OSError: the disk is full or the folder cannot be written; no partial file stays behind.
    """
    buffer = io.BytesIO()
    np.save(buffer, spectrogram.astype(np.float16, copy=False), allow_pickle=False)
    content = buffer.getvalue()
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / sha256[:2] / f"{sha256}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content, mode=0o600)
    return StoredFile(path=f"{sha256[:2]}/{sha256}.npy", sha256=sha256, bytes=len(content))


def load_whole_spectrogram(path: Path, frames: int, bands: int) -> NDArray[np.float16]:
    """A memory-mapped spectrogram, float16 (frames, bands), after all its values were read and checked.

    Raises OSError where the file cannot be read, and ValueError where it has another shape or type, is not stored
    frame by frame, or has values that are not finite.
    """
    spectrogram = load_spectrogram(path)
    if spectrogram.shape != (frames, bands) or not spectrogram.flags.c_contiguous:
        raise ValueError(
            f"{str(path)!r} has the shape {spectrogram.shape}, not ({frames}, {bands}) row by row;"
            " extract its clip again."
        )
    if not np.isfinite(spectrogram).all():
        raise ValueError(f"{str(path)!r} holds values that are not finite; extract its clip again.")
    return spectrogram


def load_spectrogram(path: Path) -> NDArray[np.float16]:
    """A memory-mapped spectrogram, read only: float16 of shape (frames, n_mels).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no complete float16 spectrogram. Pickled objects are refused, never loaded.
    """
    try:
        spectrogram = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError) as problem:
        raise ValueError(
            f"{str(path)!r} is not a spectrogram ({problem}); extract its clip again."
        ) from problem
    if spectrogram.dtype != np.float16 or spectrogram.ndim != 2:
        raise ValueError(
            f"{str(path)!r} holds {spectrogram.dtype} of shape {spectrogram.shape}, "
            f"not float16 (frames, bands); extract its clip again."
        )
    return spectrogram
