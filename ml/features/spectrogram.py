"""Log-mel spectrograms: how they are made, and the files that hold them."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from common.files import write_whole
from ml.features.stft import decibels, mel_power, mel_products, spectra


@dataclass(frozen=True, slots=True)
class SpectrogramConfig:
    """Every parameter of a spectrogram. The defaults are librosa's."""

    sample_rate: int = 22050  # Hz
    n_fft: int = 2048  # samples a frame: 93 ms
    hop_length: int = 512  # samples from one frame to the next: 23 ms, 43 frames a second
    n_mels: int = 128  # bands
    fmin: float = 0.0  # Hz, foot of the lowest band
    fmax: float = 11025.0  # Hz, top of the highest band
    reference: float = 1.0  # power at 0 dB
    amin: float = 1e-10  # power below this counts as this
    top_db: float = 80.0  # range kept below the loudest value of the clip

    def fingerprint(self) -> str:
        """12 hexadecimal digits: recipes with the same parameters, and only those, share them."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, int | float]:
        """The parameters as plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The recipe that `to_dict` described. Raises TypeError where a parameter is not known."""
        # JSON may have turned 11025.0 into 11025, which the fingerprint would see.
        kinds = asdict(cls())
        return cls(**{name: type(kinds.get(name, value))(value) for name, value in values.items()})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a content-addressed folder."""

    path: str  # relative to the folder: <ab>/<sha256>.npy
    sha256: str
    bytes: int


def log_mel(samples: NDArray[np.float32], recipe: SpectrogramConfig) -> NDArray[np.float32]:
    """The log-mel spectrogram of mono samples at the recipe's rate, in dB.

    Equals librosa.power_to_db(librosa.feature.melspectrogram(...)).T to 0.01 dB, frame after frame in memory.

    Returns:
        float32 of shape (1 + len(samples) // hop_length, n_mels).
    """
    products = mel_products(recipe.sample_rate, recipe.n_fft, recipe.n_mels, recipe.fmin, recipe.fmax)
    power = np.empty((1 + len(samples) // recipe.hop_length, recipe.n_mels), dtype=np.float32)
    done = 0
    for block in spectra(samples, recipe.n_fft, recipe.hop_length):
        mel_power(block, products, out=power[done : done + len(block)])
        done += len(block)
    return decibels(power, reference=recipe.reference, amin=recipe.amin, top_db=recipe.top_db)


def save_spectrogram(folder: Path, spectrogram: NDArray[np.float32]) -> StoredFile:
    """Write a spectrogram, (frames, n_mels), as float16 to <folder>/<ab>/<sha256>.npy.

    float16 resolves 0.06 dB at 100 dB, far below what a network could use, in half of the space.
    The file appears whole or not at all: it is written under a name of its own, then renamed, so two
    processes may write the same one.

    Raises:
        OSError: the disk is full or the folder cannot be written; no partial file stays behind.
    """
    buffer = io.BytesIO()
    np.save(buffer, spectrogram.astype(np.float16), allow_pickle=False)
    content = buffer.getvalue()
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / sha256[:2] / f"{sha256}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content, mode=0o600)
    return StoredFile(path=f"{sha256[:2]}/{sha256}.npy", sha256=sha256, bytes=len(content))


def load_whole_spectrogram(path: Path, frames: int, bands: int) -> NDArray[np.float16]:
    """As `load_spectrogram`, of a file that is what its row says: of this shape, row by row, all values finite.

    Reads all of it. Raises OSError where it is not there or cannot be read, ValueError where it is something else.
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
    """Map a stored spectrogram into memory, read only: float16 of shape (frames, n_mels).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no whole float16 spectrogram. Pickled objects are refused, never loaded.
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
