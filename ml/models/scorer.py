"""A model file to what it says: spectrograms in, probabilities of crops out, and a verdict on a track."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from ml.data.crops import Crops
from ml.evaluation.calibration import calibrate
from ml.models.embedding import with_embeddings
from ml.models.model_file import ModelCard, load_network

BATCH: Final = 64  # crops to a forward pass; always full, so that one shape is compiled


@dataclass(frozen=True, slots=True)
class TrackVerdict:
    """What a model says of a track."""

    probabilities: NDArray[np.float64]  # (labels,), calibrated
    known: bool  # False: it is like none of the labels, whichever is the most probable

    @property
    def confidence(self) -> float:
        """The probability of the most probable label."""
        return float(self.probabilities.max())


@dataclass(frozen=True, slots=True)
class ClipOutputs:
    """What a model makes of a clip: a row for each of its consecutive crops."""

    scores: NDArray[np.float32]  # (crops, labels), probabilities
    embeddings: NDArray[np.float32]  # (crops, ml.models.embedding.DIMENSIONS)


@dataclass(frozen=True)
class Scorer:
    """A loaded model. `card` is what its file says of it."""

    network: keras.Model = field(repr=False)
    card: ModelCard

    @property
    def labels(self) -> tuple[str, ...]:
        """Slugs in the order of the columns of every score."""
        return self.card.labels

    @property
    def spectrogram_config(self) -> dict[str, Any]:
        """Parameters of the spectrograms that the network was trained on; others give meaningless scores."""
        return self.card.spectrogram_config

    def score(self, spectrogram: NDArray[np.floating]) -> NDArray[np.float32]:
        """Probabilities of the consecutive crops of a spectrogram (frames, bands) in dB: (crops, labels).

        A spectrogram shorter than one crop has no score: (0, labels). Rows sum to 1; their mean is the
        clip's.
        """
        return self.score_many([spectrogram])[0]

    def score_many(self, spectrograms: Iterable[NDArray[np.floating]]) -> list[NDArray[np.float32]]:
        """`score` of each, in order, many clips to a forward pass.

        The spectrograms may come from a generator: one batch of crops (64 x 32 KiB) is held at a time.
        Raises ValueError for an array that is not (frames, bands).
        """
        return [scores for (scores,) in self._through(self.network, spectrograms)]

    def score_and_embed(self, spectrograms: Iterable[NDArray[np.floating]]) -> list[ClipOutputs]:
        """The same, and what the networks base it on, from the same forward pass."""
        return [ClipOutputs(*outputs) for outputs in self._through(self._with_embeddings, spectrograms)]

    @cached_property
    def _with_embeddings(self) -> keras.Model:
        return with_embeddings(self.network)

    def _through(
        self, network: keras.Model, spectrograms: Iterable[NDArray[np.floating]]
    ) -> list[tuple[NDArray[np.float32], ...]]:
        """Of each spectrogram each output of the network, (crops, …)."""
        frames, bands = self.card.crop_frames, len(self.card.standardisation.mean)
        batch = np.zeros((BATCH, frames, bands), dtype=np.float16)
        passes = [tuple(np.empty((0, output.shape[-1]), dtype=np.float32) for output in network.outputs)]
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
                    passes.append(_forward(network, batch, filled))
                    filled = 0
        if filled:
            passes.append(_forward(network, batch, filled))
        ends = np.cumsum(numbers)[:-1]
        outputs = [np.split(np.concatenate(parts), ends) for parts in zip(*passes, strict=True)]
        return list(zip(*outputs, strict=True)) if numbers else []

    def score_crops(self, crops: Crops) -> NDArray[np.float32]:
        """Probabilities of the crops of a dataset, read batch by batch: (crops, labels)."""
        rows = (crops.take(np.array([row]))[0] for row in range(len(crops)))
        empty = np.empty((0, len(self.labels)), dtype=np.float32)
        return np.concatenate([empty, *self.score_many(rows)])

    def verdict(self, clips: Sequence[NDArray[np.floating]]) -> TrackVerdict:
        """What the model says of a track from the scores of its clips, (crops, labels), each of at least one crop.

        A clip's probabilities are the mean of its crops', the track's the mean of its clips', calibrated.
        """
        mean = np.mean([scores.mean(axis=0, dtype=np.float64) for scores in clips], axis=0)
        calibration = self.card.calibration
        (probabilities,) = calibrate(mean[None], calibration.temperatures.track)
        return TrackVerdict(probabilities, bool(probabilities.max() >= calibration.unknown_below))


def _forward(
    network: keras.Model, batch: NDArray[np.float16], filled: int
) -> tuple[NDArray[np.float32], ...]:
    """One pass over a batch, and of each output the rows that were filled."""
    outputs = network.predict_on_batch(batch)
    each = outputs if isinstance(outputs, list) else [outputs]
    return tuple(np.asarray(output, dtype=np.float32)[:filled] for output in each)


def load_model(path: Path, expected_sha256: str | None = None) -> Scorer:
    """The model of a `.keras` file, with Keras' safe mode on: nothing in the file is run as code.

    Raises ml.models.model_file.ModelFileError where the file is missing, damaged, or its sha256 is not the expected
    one.
    """
    return Scorer(*load_network(path, expected_sha256))
