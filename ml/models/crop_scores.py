"""Scores of overlapping crops: one begins every half crop, so that nearly every moment is part of two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.calibration import calibrate
from ml.features.spectrogram import SpectrogramConfig
from ml.models.scorer import ClipOutputs, Scorer


@dataclass(frozen=True, slots=True)
class CropScores:
    """The scores of the crops of a clip. Crop i covers the seconds from i * step_s to i * step_s + crop_s."""

    probabilities: NDArray[np.float64]  # (crops, labels), calibrated for crops
    crop_s: float
    step_s: float

    @property
    def end_s(self) -> float:
        """The end of the last crop."""
        return (len(self.probabilities) - 1) * self.step_s + self.crop_s

    @property
    def middle_s(self) -> NDArray[np.floating]:
        """The middle of each crop, (crops,)."""
        return np.arange(len(self.probabilities)) * self.step_s + self.crop_s / 2


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring windows, `first` to before `end`, of one state, and the time that is theirs."""

    first: int
    end: int
    start_s: float
    end_s: float


def score_overlapping(
    scorer: Scorer, spectrograms: Sequence[NDArray[np.floating]]
) -> list[tuple[ClipOutputs, CropScores]]:
    """The outputs for the consecutive crops of each spectrogram (frames, bands), and the scores of overlapping crops.

    The former give the verdict on the track. Each spectrogram has at least one crop.
    """
    crop = scorer.card.crop_frames
    config = SpectrogramConfig.from_dict(scorer.spectrogram_config)
    frame_s = config.hop_length / config.sample_rate
    outputs = scorer.score_and_embed(part for whole in spectrograms for part in two_offsets(whole, crop))
    temperature = scorer.card.calibration.temperatures.crop
    return [
        (
            even,
            CropScores(
                calibrate(alternating(even.scores, odd.scores), temperature),
                crop_s=crop * frame_s,
                step_s=crop / 2 * frame_s,
            ),
        )
        for even, odd in zip(outputs[::2], outputs[1::2], strict=True)
    ]


def two_offsets(spectrogram: NDArray[np.floating], crop_frames: int) -> Iterator[NDArray[np.floating]]:
    """The spectrogram (frames, bands), and again without its first half crop: their crops alternate in time."""
    yield spectrogram
    yield spectrogram[crop_frames // 2 :]


def alternating(even: NDArray[np.float32], odd: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows of two arrays in turn, (even + odd rows, labels). `even` comes first and may have one row more."""
    rows = np.empty((len(even) + len(odd), even.shape[1]), dtype=np.float32)
    rows[::2], rows[1::2] = even, odd
    return rows


def runs(states: NDArray[np.integer], window_s: float, step_s: float, end_s: float) -> list[Run]:
    """Runs of one state in `states` (windows,), at least one, from 0 to `end_s`.

    They meet halfway between the middles of two windows.
    """
    changes = np.flatnonzero(np.diff(states)) + 1
    borders_s = (changes - 0.5) * step_s + window_s / 2
    windows = [0, *changes.tolist(), len(states)]
    times = [0.0, *borders_s.tolist(), end_s]
    return [
        Run(windows[number], windows[number + 1], times[number], times[number + 1])
        for number in range(len(changes) + 1)
    ]
