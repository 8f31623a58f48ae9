"""Spectrogram files to training crops: `crop_frames` frames x 128 bands, float16, read when they are needed.

A clip gives floor(frames / crop_frames) consecutive crops from its first frame on: ten of 128 frames for 30 s at
22 050 Hz and hop 512. A training may also cut crops anywhere else in it.

Memory: some 24 bytes a crop and the batch in hand, whatever the size of the crate. Each crop is one read of 32 KiB at
its place in the .npy file, which the operating system caches as far as it has room: ten times faster than mapping
the file anew for every crop, and no descriptor stays open. Standardisation and float32 happen inside the network.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from common.errors import LabelscopeError
from ml.features.spectrogram import load_whole_spectrogram

CROP_FRAMES: Final = 128
BYTES: Final = 2  # of one float16
DEVIATION_FLOOR: Final = 1e-3  # dB; a band that never changes (above a codec's cut-off) must not blow up


class SpectrogramError(LabelscopeError):
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
    """The consecutive crops of some clips, in the order of the clips; `take` reads them, `read` any others.

    `label`, `clip_id`, `track_id` hold one entry a crop; `unreadable` lists clips that were left out, with
    the reason.
    """

    examples: tuple[Example, ...]
    first_byte: NDArray[np.int64]  # (examples,) where in its file the values of each clip begin
    example: NDArray[np.int64]  # (n,) position in `examples`
    start: NDArray[np.int64]  # (n,) first frame within the clip
    crop_frames: int
    n_mels: int
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
        """Values of these crops, float16 (len(rows), crop_frames, n_mels); raises like `read`."""
        return self.read(self.example[rows], self.start[rows])

    def read(self, example: NDArray[np.int64], start: NDArray[np.int64]) -> NDArray[np.float16]:
        """Values of the crops that begin at frame `start[i]` of clip `example[i]`: float16 (n, crop_frames, n_mels).

        Raises SpectrogramError where a file on disk has gone or shrunk since it was checked.
        """
        batch = np.empty((len(example), self.crop_frames, self.n_mels), dtype=np.float16)
        for place, (clip, frame) in enumerate(zip(example.tolist(), start.tolist(), strict=True)):
            self._read_into(batch[place], clip, frame)
        return batch

    def _read_into(self, crop: NDArray[np.float16], clip: int, frame: int) -> None:
        """One read straight to its place in the batch: two and a half times faster than numpy.fromfile."""
        first = int(self.first_byte[clip]) + frame * self.n_mels * BYTES
        try:
            descriptor = os.open(self.examples[clip].path, os.O_RDONLY)
            try:
                read = os.preadv(descriptor, [crop.data], first)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise SpectrogramError(_sentence(self.examples[clip], f"cannot be read ({error})")) from error
        if read < crop.nbytes:
            raise SpectrogramError(_sentence(self.examples[clip], "has shrunk since it was checked"))


@dataclass(frozen=True, slots=True)
class Standardisation:
    """Mean and standard deviation of each mel band, in dB, over the training crops."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


def load_crops(examples: Sequence[Example], *, n_mels: int = 128, crop_frames: int = CROP_FRAMES) -> Crops:
    """Check every spectrogram file and say where its crops are.

    Each file is read once and in full, one at a time; none is kept. A clip whose file is missing, damaged or too
    short is left out and reported in `unreadable` as (clip_id, sentence); the training goes on without it.
    """
    usable: list[Example] = []
    first_byte: list[int] = []
    unreadable: list[tuple[int, str]] = []
    for example in examples:
        try:
            first_byte.append(_check(example, n_mels, crop_frames))
        except SpectrogramError as error:
            unreadable.append((example.clip_id, str(error)))
        else:
            usable.append(example)
    numbers = np.array([example.frames // crop_frames for example in usable], dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(numbers)[:-1]]).astype(np.int64) if usable else numbers
    example_of = np.repeat(np.arange(len(usable)), numbers)
    return Crops(
        examples=tuple(usable),
        first_byte=np.array(first_byte, dtype=np.int64),
        example=example_of,
        start=(np.arange(len(example_of)) - before[example_of]) * crop_frames,
        crop_frames=crop_frames,
        n_mels=n_mels,
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


def _check(example: Example, n_mels: int, crop_frames: int) -> int:
    """The byte at which the values of a clip begin; they are there, of the promised shape, and finite."""
    if example.frames < crop_frames:
        raise SpectrogramError(
            f"Clip {example.clip_id} has {example.frames} frames, less than a crop of {crop_frames}: take a"
            " longer one."
        )
    return int(load_clip(example, n_mels).offset)


def load_clip(example: Example, n_mels: int = 128) -> "np.memmap[Any, np.dtype[np.float16]]":
    """The spectrogram of a clip, mapped: (frames, n_mels), all finite. Raises SpectrogramError where it is not so."""
    try:
        clip = load_whole_spectrogram(example.path, example.frames, n_mels)
    except FileNotFoundError:
        raise SpectrogramError(_sentence(example, "is not there")) from None
    except (OSError, ValueError) as error:
        raise SpectrogramError(_sentence(example, f"cannot be used ({error})")) from error
    assert isinstance(clip, np.memmap)
    return clip


def _sentence(example: Example, fault: str) -> str:
    return f"The spectrogram of clip {example.clip_id} ({example.path.name!r}) {fault}: extract it again."
