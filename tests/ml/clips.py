"""Spectrogram files for the tests of learning."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ml.data.crops import Example

CROP_FRAMES = 32  # far fewer than a real crop has: the tests are about learning, not about music
CLIP_FRAMES = 2 * CROP_FRAMES


def rhythms(folder: Path, labels: Sequence[int], first: int = 0) -> list[Example]:
    """One clip of two crops for each track, from track `first` on: loud and soft in turn, 4 ** label frames each.

    All clips hold the same frames, in whole dB, in another order. So their standardisation is the same to the last
    bit whichever of them are learnt from, and what is compiled for one training serves the next.
    """
    half = CLIP_FRAMES // 2
    frames = np.random.default_rng(0).normal(-50, 6, (CLIP_FRAMES, 128)).round()
    frames[:half] += 15
    examples = []
    for track_id, label in enumerate(labels, start=first):
        random = np.random.default_rng(track_id)
        length = 4**label
        loud = (np.arange(CLIP_FRAMES) + random.integers(CLIP_FRAMES)) % (2 * length) < length
        order = np.empty(CLIP_FRAMES, dtype=np.int64)
        order[loud] = random.permutation(half)
        order[~loud] = half + random.permutation(half)
        path = folder / f"{track_id}.npy"
        np.save(path, frames[order].astype(np.float16))
        examples.append(Example(track_id, 1000 + track_id, label, path, CLIP_FRAMES))
    return examples


def counted(folder: Path, clip_id: int, frames: int, label: int = 0) -> Example:
    """A clip whose first band holds the number of each frame and whose second the clip's id: both exact in float16."""
    values = np.zeros((frames, 128), dtype=np.float16)
    values[:, 0] = np.arange(frames)
    values[:, 1] = clip_id
    path = folder / f"{clip_id}.npy"
    np.save(path, values)
    return Example(10 * clip_id, clip_id, label, path, frames)
