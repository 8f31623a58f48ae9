"""Spectrogram files to training crops: 128 frames x 128 bands, float16, in memory or read from the files.

A clip gives floor(frames / 128) consecutive crops from its first frame on: ten for 30 s at 22 050 Hz and
hop 512.

Memory: one crop is 128 x 128 x 2 bytes = 32 KiB, a 30 s clip 320 KiB; order of growth: number of crops. Up
to `memory_limit` bytes the crops lie in one float16 array; past it only their places are kept (16 bytes
each) and every batch is read from the .npy files, which the operating system caches as far as it has room.
Standardisation and float32 happen inside the network, so that a crop costs half the memory until the moment
it is used.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.spectrogram import load_spectrogram

CROP_FRAMES: Final = 128
BYTES: Final = 2  # of one float16
MEMORY_LIMIT: Final = 2 * 2**30  # 65 536 crops, about 6 500 clips of 30 s
DEVIATION_FLOOR: Final = 1e-3  # dB; a band that never changes (above a codec's cut-off) must not blow up


class SpectrogramError(Exception):
    """A spectrogram file is missing or not what its row says; the message names the clip."""


@dataclass(frozen=True, slots=True)
class Example:
    """One clip: `label` is its position in the label order, `path` its spectrogram of `frames` frames."""

    track_id: int
    clip_id: int
    label: int
    path: Path
    frames: int


@dataclass(frozen=True, slots=True)
class Crops:
    """The crops of some clips, in the order of the clips; `take` gives their values.

    `label`, `clip_id`, `track_id` hold one entry a crop; `unreadable` lists clips that were left out, with
    the reason. `array` is float16 (n, crop_frames, bands), or None where the crops stay on disk.
    """

    examples: tuple[Example, ...]
    example: NDArray[np.int64]  # (n,) position in `examples`
    offset: NDArray[np.int64]  # (n,) byte of the clip's file at which the crop begins
    crop_frames: int
    n_mels: int
    array: NDArray[np.float16] | None
    unreadable: tuple[tuple[int, str], ...]

    def __len__(self) -> int:
        return len(self.example)

    @property
    def label(self) -> NDArray[np.int64]:
        return self._column("label")

    @property
    def clip_id(self) -> NDArray[np.int64]:
        return self._column("clip_id")

    @property
    def track_id(self) -> NDArray[np.int64]:
        return self._column("track_id")

    def _column(self, name: str) -> NDArray[np.int64]:
        values = np.array([getattr(example, name) for example in self.examples], dtype=np.int64)
        return values[self.example]

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """Values of these crops, float16 (len(rows), crop_frames, n_mels).

        Raises SpectrogramError where a file on disk has gone or shrunk since it was checked.
        """
        if self.array is not None:
            return self.array[rows]
        batch = np.empty((len(rows), self.crop_frames, self.n_mels), dtype=np.float16)
        for place, row in enumerate(rows):
            batch[place] = self._from_file(int(row))
        return batch

    def _from_file(self, row: int) -> NDArray[np.float16]:
        # One seek and one read: ten times faster than opening a memory map for every crop.
        example = self.examples[self.example[row]]
        size = self.crop_frames * self.n_mels
        try:
            values = np.fromfile(example.path, dtype=np.float16, count=size, offset=int(self.offset[row]))
        except OSError as error:
            raise SpectrogramError(_sentence(example, f"cannot be read ({error})")) from error
        if values.size < size:
            raise SpectrogramError(_sentence(example, "has shrunk since the training began"))
        return values.reshape(self.crop_frames, self.n_mels)


@dataclass(frozen=True, slots=True)
class Standardisation:
    """Mean and standard deviation of each mel band, in dB, over the training crops."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


def load_crops(
    examples: Sequence[Example],
    *,
    n_mels: int = 128,
    crop_frames: int = CROP_FRAMES,
    memory_limit: int = MEMORY_LIMIT,
) -> Crops:
    """Check every spectrogram file and cut it into crops, held in memory up to `memory_limit` bytes.

    Each file is read once and in full, one at a time. A clip whose file is missing, damaged or too short is
    left out and reported in `unreadable` as (clip_id, sentence); the training goes on without it.
    """
    promised = sum(example.frames // crop_frames for example in examples)
    shape = (promised, crop_frames, n_mels)
    # Filled clip by clip: joining a list of clips at the end would need the memory twice.
    array = np.empty(shape, dtype=np.float16) if math.prod(shape) * BYTES <= memory_limit else None
    filled = 0
    usable: list[Example] = []
    offsets: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    unreadable: list[tuple[int, str]] = []
    for example in examples:
        try:
            crops, offset = _read(example, n_mels, crop_frames)
        except SpectrogramError as error:
            unreadable.append((example.clip_id, str(error)))
            continue
        if array is not None:
            array[filled : filled + len(crops)] = crops
        filled += len(crops)
        usable.append(example)
        offsets.append(offset + np.arange(len(crops), dtype=np.int64) * crop_frames * n_mels * BYTES)
    numbers = [example.frames // crop_frames for example in usable]
    return Crops(
        examples=tuple(usable),
        example=np.repeat(np.arange(len(usable), dtype=np.int64), numbers),
        offset=np.concatenate(offsets),
        crop_frames=crop_frames,
        n_mels=n_mels,
        array=array[:filled] if array is not None else None,
        unreadable=tuple(unreadable),
    )


def standardisation(crops: Crops, batch_size: int = 256) -> Standardisation:
    """Statistics of each band over all frames of the crops (at least one), in float64, batch by batch."""
    total = np.zeros(crops.n_mels)
    squares = np.zeros(crops.n_mels)
    for first in range(0, len(crops), batch_size):
        batch = crops.take(np.arange(first, min(first + batch_size, len(crops))))
        frames = batch.reshape(-1, crops.n_mels).astype(np.float64)
        total += frames.sum(axis=0)
        squares += np.square(frames).sum(axis=0)
    count = len(crops) * crops.crop_frames
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - np.square(mean), 0.0))
    return Standardisation(
        mean=tuple(mean.tolist()), deviation=tuple(np.maximum(deviation, DEVIATION_FLOOR).tolist())
    )


def fingerprint(rows: Iterable[tuple[str, str, str, str]], recipe_fingerprint: str) -> str:
    """Sha256 (64 hex digits) of a dataset: rows of (spectrogram sha256, label, split, group), any order.

    Equal fingerprints mean the same sound, labels and split: with equal hyper-parameters, nothing new to
    learn.
    """
    return hashlib.sha256(json.dumps([recipe_fingerprint, sorted(rows)]).encode()).hexdigest()


def _read(example: Example, n_mels: int, crop_frames: int) -> tuple[NDArray[np.float16], int]:
    """All crops of a clip, (crops, crop_frames, n_mels), checked to be finite, and their first byte."""
    number = example.frames // crop_frames
    if number == 0:
        raise SpectrogramError(
            f"Clip {example.clip_id} has {example.frames} frames, less than a crop of {crop_frames}: take a"
            " longer one."
        )
    try:
        clip = load_spectrogram(example.path)
    except FileNotFoundError:
        raise SpectrogramError(_sentence(example, "is not there")) from None
    except (OSError, ValueError) as error:
        raise SpectrogramError(_sentence(example, f"cannot be read ({error})")) from error
    if (
        not isinstance(clip, np.memmap)
        or clip.shape != (example.frames, n_mels)
        or not clip.flags.c_contiguous
    ):
        fault = f"has the shape {clip.shape}, not ({example.frames}, {n_mels}) row by row"
        raise SpectrogramError(_sentence(example, fault))
    crops = np.array(clip[: number * crop_frames]).reshape(number, crop_frames, n_mels)
    if not np.isfinite(crops).all():
        raise SpectrogramError(_sentence(example, "holds values that are not finite"))
    return crops, clip.offset


def _sentence(example: Example, fault: str) -> str:
    return f"The spectrogram of clip {example.clip_id} ({example.path.name!r}) {fault}: extract it again."
