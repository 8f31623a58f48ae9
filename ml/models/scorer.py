"""Prediction with a model: spectrograms in, probabilities of crops out, and a verdict on a track."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.data.crops import Crops
from ml.evaluation.calibration import calibrate
from ml.lean_keras import keras
from ml.models.embedding import with_embeddings
from ml.models.model_file import ModelCard, load_network

BATCH: Final = 64  # crops to a forward pass; always full, so that one shape is compiled


@dataclass(frozen=True, slots=True)
class TrackVerdict:
    """The prediction for a track."""

    probabilities: NDArray[np.float64]  # (labels,), calibrated
    known: bool  # False: unknown, like none of the labels, whatever the most probable one is

    @property
    def confidence(self) -> float:
        """The probability of the most probable label."""
        return float(self.probabilities.max())


@dataclass(frozen=True, slots=True)
class ClipOutputs:
    """The outputs of a model for a clip, a row for each of its consecutive crops."""

    scores: NDArray[np.float32]  # (crops, labels), probabilities
    embeddings: NDArray[np.float32]  # (crops, ml.models.embedding.DIMENSIONS)


@dataclass(frozen=True)
class Scorer:
    """A loaded model with the card of its file."""

    network: keras.Model = field(repr=False)
    card: ModelCard

    @property
    def labels(self) -> tuple[str, ...]:
        """Slugs in the order of the columns of every score."""
        return self.card.labels

    @property
    def spectrogram_config(self) -> dict[str, Any]:
        """Parameters of the spectrograms that the network was trained on. With others, scores are meaningless."""
        return self.card.spectrogram_config

    def score(self, spectrogram: NDArray[np.floating]) -> NDArray[np.float32]:
        """Probabilities of the consecutive crops of a spectrogram (frames, bands) in dB: (crops, labels).

        (0, labels) for less than one crop. Rows sum to 1; their mean is the clip's.
        """
        return self.score_many([spectrogram])[0]

    def score_many(self, spectrograms: Iterable[NDArray[np.floating]]) -> list[NDArray[np.float32]]:
        """`score` of each spectrogram, in order; a forward pass has crops of many clips.

        The spectrograms may come from a generator: one batch of crops (64 x 32 KiB) is in memory at a time.
        Raises ValueError for an array that is not (frames, bands).
        """
        return [scores for (scores,) in self._outputs(self.network, spectrograms)]

    def score_and_embed(self, spectrograms: Iterable[NDArray[np.floating]]) -> list[ClipOutputs]:
        """Scores and embeddings of each spectrogram, from one forward pass; see `score_many`."""
        return [ClipOutputs(*outputs) for outputs in self._outputs(self._with_embeddings, spectrograms)]

    @cached_property
    def _with_embeddings(self) -> keras.Model:
        return with_embeddings(self.network)

    def _outputs(
        self, network: keras.Model, spectrograms: Iterable[NDArray[np.floating]]
    ) -> list[tuple[NDArray[np.float32], ...]]:
        """All outputs of the network for each spectrogram, each (crops, …)."""
        frames, bands = self.card.crop_frames, len(self.card.standardisation.mean)
        batch = np.zeros((BATCH, frames, bands), dtype=np.float16)
        passes = [tuple(np.empty((0, output.shape[-1]), dtype=np.float32) for output in network.outputs)]
        filled = 0
        crops_of_clip: list[int] = []
        for spectrogram in spectrograms:
            if spectrogram.ndim != 2 or spectrogram.shape[1] != bands:
                raise ValueError(f"Expected a spectrogram of (frames, {bands}), got {spectrogram.shape}.")
            crops_of_clip.append(len(spectrogram) // frames)
            for crop in range(crops_of_clip[-1]):
                batch[filled] = spectrogram[crop * frames : (crop + 1) * frames]
                filled += 1
                if filled == BATCH:
                    passes.append(_forward(network, batch, filled))
                    filled = 0
        if filled:
            passes.append(_forward(network, batch, filled))
        ends = np.cumsum(crops_of_clip)[:-1]
        outputs = [np.split(np.concatenate(parts), ends) for parts in zip(*passes, strict=True)]
        return list(zip(*outputs, strict=True)) if crops_of_clip else []

    def score_crops(self, crops: Crops) -> NDArray[np.float32]:
        """Probabilities of crops, which are read batch by batch: (crops, labels)."""
        rows = (crops.take(np.array([row]))[0] for row in range(len(crops)))
        empty = np.empty((0, len(self.labels)), dtype=np.float32)
        return np.concatenate([empty, *self.score_many(rows)])

    def verdict(self, clips: Sequence[NDArray[np.floating]]) -> TrackVerdict:
        """The prediction for a track from the scores of its clips, each (crops, labels) of at least one crop.

        Probabilities of a clip are the mean of its crops, those of the track the calibrated mean of its clips.
        """
        mean = np.mean([scores.mean(axis=0, dtype=np.float64) for scores in clips], axis=0)
        calibration = self.card.calibration
        (probabilities,) = calibrate(mean[None], calibration.temperatures.track)
        return TrackVerdict(probabilities, bool(probabilities.max() >= calibration.unknown_below))


def _forward(
    network: keras.Model, batch: NDArray[np.float16], filled: int
) -> tuple[NDArray[np.float32], ...]:
    """The outputs for the first `filled` crops of a batch (BATCH, frames, bands), each (filled, …)."""
    outputs = network.predict_on_batch(batch)
    as_list = outputs if isinstance(outputs, list) else [outputs]
    return tuple(np.asarray(output, dtype=np.float32)[:filled] for output in as_list)


def load_model(path: Path, expected_sha256: str | None = None) -> Scorer:
    """The model of a `.keras` file, in Keras' safe mode: no code in the file is run.

    Raises ml.models.model_file.ModelFileError where the file is missing or damaged, or has another sha256.
    """
    return Scorer(*load_network(path, expected_sha256))
