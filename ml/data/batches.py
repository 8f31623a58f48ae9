"""Batches for Keras, from files: in order for a test, in a new order and augmented for a training."""

import math

import keras
import numpy as np
from numpy.typing import NDArray

from ml.data import augment
from ml.data.crops import Crops, Standardisation
from ml.data.hyperparameters import Hyperparameters

Batch = tuple[NDArray[np.floating], NDArray[np.float32]]


def batches_of_epoch(crops: Crops, chosen: Hyperparameters) -> int:
    """How many batches a network learns from in one epoch."""
    number = len(crops) if chosen.random_crops is None else len(crops.examples) * chosen.random_crops
    return number // max(1, min(chosen.batch_size, number))


class OrderedBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras is untyped
    """All crops in order, the last batch as small as it comes: crops in dB and targets (crops, labels), 0 or 1."""

    def __init__(self, crops: Crops, labels: int, batch_size: int) -> None:
        super().__init__()
        self.crops, self.batch_size = crops, batch_size
        self.targets = np.eye(labels, dtype=np.float32)[crops.label]

    def __len__(self) -> int:
        return math.ceil(len(self.crops) / self.batch_size)

    def __getitem__(self, number: int) -> Batch:
        rows = np.arange(number * self.batch_size, min((number + 1) * self.batch_size, len(self.crops)))
        return self.crops.take(rows), self.targets[rows]


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """What a network learns from in one epoch, another one each time, all of it repeatable from the seed.

    All batches are of one size so that only one gradient step is compiled: the few crops that remain sit out an epoch.
    Memory: one batch, and 16 bytes a crop of an epoch.
    """

    def __init__(
        self, crops: Crops, labels: int, statistics: Standardisation, chosen: Hyperparameters, seed: int
    ) -> None:
        super().__init__()
        self.crops, self.chosen = crops, chosen
        self.fill = np.array(statistics.mean, dtype=np.float32)
        self.label = np.array([example.label for example in crops.examples], dtype=np.int64)
        self.last_start = np.array([example.frames for example in crops.examples]) - crops.crop_frames
        self.one_hot = np.eye(labels, dtype=np.float32)
        self.random = np.random.default_rng(seed)
        self.on_epoch_end()

    @property
    def size(self) -> int:
        """Crops in a batch."""
        return min(self.chosen.batch_size, len(self.example))

    @property
    def epoch_labels(self) -> NDArray[np.int64]:
        """The label of each crop of an epoch; those of a clip are as many in every epoch."""
        return self.label[self.example]

    def __len__(self) -> int:
        return batches_of_epoch(self.crops, self.chosen)

    def on_epoch_end(self) -> None:
        """Deal the crops of the next epoch: clip and first frame of each."""
        if self.chosen.random_crops is None:
            order = self.random.permutation(len(self.crops))
            self.example, self.start = self.crops.example[order], self.crops.start[order]
        else:
            clips = np.repeat(np.arange(len(self.crops.examples)), self.chosen.random_crops)
            self.example = self.random.permutation(clips)
            self.start = self.random.integers(0, self.last_start[self.example] + 1)

    def __getitem__(self, number: int) -> Batch:
        rows = slice(number * self.size, (number + 1) * self.size)
        batch: NDArray[np.floating] = self.crops.read(self.example[rows], self.start[rows])
        targets = self.one_hot[self.label[self.example[rows]]]
        chosen, random = self.chosen, self.random
        if chosen.gain_db:
            batch = augment.gain(batch.astype(np.float32), chosen.gain_db, random)
        if chosen.equaliser_db:
            batch = augment.equalise(batch.astype(np.float32), chosen.equaliser_db, random)
        if chosen.mixup:
            batch, targets = augment.mix(batch.astype(np.float32), targets, chosen.mixup, random)
        if chosen.masks:
            batch = augment.mask(batch.astype(np.float32), chosen.masks, self.fill, random)
        return batch, targets
