"""A model file to what it says: spectrograms in, probabilities and embeddings of crops out, a verdict on a track."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from ml.calibration import calibrate
from ml.dataset import Crops
from ml.familiarity import familiarity
from ml.model import ModelCard, load_network

BATCH: Final = 64  # crops to a forward pass; always full, so that one shape is compiled


@dataclass(frozen=True, slots=True)
class CropScores:
    """What a network says of some crops, not calibrated."""

    probabilities: NDArray[np.float32]  # (crops, labels), rows summing to 1
    embeddings: NDArray[np.float32]  # (crops, dimensions): what it knows of a crop before it decides

    def __len__(self) -> int:
        return len(self.probabilities)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a model says of a track."""

    probabilities: NDArray[np.float64]  # (labels,), calibrated
    familiarity: float  # how much the track is like what the model has learnt from; see ml.familiarity
    known: bool  # False: it is like none of the labels, whichever is the most probable


@dataclass(frozen=True, slots=True)
class Scorer:
    """A loaded model. `card` is what its file says of it."""

    network: keras.Model = field(repr=False)
    card: ModelCard

    @property
    def labels(self) -> tuple[str, ...]:
        """Slugs in the order of the columns of every score."""
        return self.card.labels

    @property
    def recipe(self) -> dict[str, Any]:
        """Parameters of the spectrograms that the network was trained on; others give meaningless scores."""
        return self.card.recipe

    def score(self, spectrogram: NDArray[np.floating]) -> CropScores:
        """Scores of the consecutive crops of a spectrogram (frames, bands) in dB; none where it is shorter than one."""
        return self.score_many([spectrogram])[0]

    def score_many(self, spectrograms: Iterable[NDArray[np.floating]]) -> list[CropScores]:
        """`score` of each, in order, many clips to a forward pass.

        The spectrograms may come from a generator: one batch of crops (64 x 32 KiB) is held at a time.
        Raises ValueError for an array that is not (frames, bands).
        """
        frames, bands = self.card.crop_frames, len(self.card.standardisation.mean)
        batch = np.zeros((BATCH, frames, bands), dtype=np.float16)
        scores: list[CropScores] = []
        filled = 0
        numbers: list[int] = []
        for spectrogram in spectrograms:
            if spectrogram.ndim != 2 or spectrogram.shape[1] != bands:
                raise ValueError(f"Expected a spectrogram of (frames, {bands}), got {spectrogram.shape}.")
            numbers.append(len(spectrogram) // frames)
            for number in range(numbers[-1]):
                batch[filled] = spectrogram[number * frames : (number + 1) * frames]
                filled += 1
                if filled == BATCH:
                    scores.append(self._forward(batch, filled))
                    filled = 0
        scores.append(self._forward(batch, filled))
        if not numbers:
            return []
        ends = np.cumsum(numbers)[:-1]
        probabilities = np.split(np.concatenate([some.probabilities for some in scores]), ends)
        embeddings = np.split(np.concatenate([some.embeddings for some in scores]), ends)
        return [CropScores(*pair) for pair in zip(probabilities, embeddings, strict=True)]

    def score_crops(self, crops: Crops) -> CropScores:
        """Scores of the crops of a dataset, read one by one."""
        rows = (crops.take(np.array([row]))[0] for row in range(len(crops)))
        some = self.score_many(rows)
        if not some:
            return self._nothing()
        return CropScores(
            np.concatenate([one.probabilities for one in some]),
            np.concatenate([one.embeddings for one in some]),
        )

    def verdict(self, clips: Sequence[CropScores]) -> Verdict:
        """What the model says of a track from the scores of its clips, each with at least one crop.

        A clip's probabilities are the mean of its crops', the track's the mean of its clips', calibrated.
        """
        mean = np.mean([clip.probabilities.mean(axis=0, dtype=np.float64) for clip in clips], axis=0)
        calibration = self.card.calibration
        probabilities = calibrate(mean[None], calibration.temperatures.track)
        found = float(familiarity(probabilities)[0])
        return Verdict(probabilities[0], found, found >= calibration.unknown_below)

    def _forward(self, batch: NDArray[np.float16], filled: int) -> CropScores:
        if filled == 0:
            return self._nothing()
        probabilities, embeddings = self.network.predict_on_batch(batch)
        return CropScores(
            np.asarray(probabilities, dtype=np.float32)[:filled],
            np.asarray(embeddings, dtype=np.float32)[:filled],
        )

    def _nothing(self) -> CropScores:
        sizes = (shape[1] for shape in self.network.output_shape)
        return CropScores(*(np.empty((0, size), dtype=np.float32) for size in sizes))


def load_model(path: Path, expected_sha256: str | None = None) -> Scorer:
    """The model of a `.keras` file, with Keras' safe mode on: nothing in the file is run as code.

    Raises ml.model.ModelFileError where the file is missing, damaged, or its sha256 is not the expected one.
    """
    return Scorer(*load_network(path, expected_sha256))
