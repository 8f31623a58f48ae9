"""Batches for Keras, from files: in order for evaluation, shuffled and augmented for training."""

import math

import numpy as np
from numpy.typing import NDArray

from ml.data import augment
from ml.data.crops import Crops, Standardisation
from ml.data.hyperparameters import Hyperparameters
from ml.lean_keras import keras

Batch = tuple[NDArray[np.floating], NDArray[np.float32]]  # (crops, frames, bands) in dB, (crops, labels)


def batches_of_epoch(crops: Crops, hyperparameters: Hyperparameters) -> int:
    """The number of training batches in one epoch."""
    random_crops = hyperparameters.random_crops
    crops_of_epoch = len(crops) if random_crops is None else len(crops.examples) * random_crops
    return crops_of_epoch // max(1, min(hyperparameters.batch_size, crops_of_epoch))


class OrderedBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras is untyped
    """All crops in order; the last batch may be smaller. Targets (crops, labels) are 0 or 1."""

    def __init__(self, crops: Crops, labels: int, batch_size: int) -> None:
        super().__init__()
        self.crops, self.batch_size = crops, batch_size
        self.targets = np.eye(labels, dtype=np.float32)[crops.label]  # (crops, labels)

    def __len__(self) -> int:
        return math.ceil(len(self.crops) / self.batch_size)

    def __getitem__(self, number: int) -> Batch:
        rows = np.arange(number * self.batch_size, min((number + 1) * self.batch_size, len(self.crops)))
        return self.crops.take(rows), self.targets[rows]


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """The training batches of an epoch, different in each epoch, all of them repeatable from the seed.

    All batches have one size so that only one gradient step is compiled; the few remaining crops are left out of an
    epoch. Memory: one batch, and 16 bytes a crop of an epoch.
    """

    def __init__(
        self,
        crops: Crops,
        labels: int,
        statistics: Standardisation,
        hyperparameters: Hyperparameters,
        seed: int,
    ) -> None:
        super().__init__()
        self.crops, self.hyperparameters = crops, hyperparameters
        self.fill = np.array(statistics.mean, dtype=np.float32)  # (bands,)
        self.label = np.array([example.label for example in crops.examples], dtype=np.int64)  # (examples,)
        frames = np.array([example.frames for example in crops.examples])
        self.last_start = frames - crops.crop_frames  # (examples,)
        self.one_hot = np.eye(labels, dtype=np.float32)  # (labels, labels)
        self.random = np.random.default_rng(seed)
        self.on_epoch_end()

    @property
    def size(self) -> int:
        """Crops in a batch."""
        return min(self.hyperparameters.batch_size, len(self.example))

    @property
    def epoch_labels(self) -> NDArray[np.int64]:
        """The label of each crop of an epoch, (crops,). Every clip has as many crops in each epoch."""
        return self.label[self.example]

    def __len__(self) -> int:
        return batches_of_epoch(self.crops, self.hyperparameters)

    def on_epoch_end(self) -> None:
        """Draw the crops of the next epoch: example and first frame of each, (crops,)."""
        random_crops = self.hyperparameters.random_crops
        if random_crops is None:
            order = self.random.permutation(len(self.crops))
            self.example, self.start = self.crops.example[order], self.crops.start[order]
        else:
            repeated = np.repeat(np.arange(len(self.crops.examples)), random_crops)
            self.example = self.random.permutation(repeated)
            self.start = self.random.integers(0, self.last_start[self.example] + 1)

    def __getitem__(self, number: int) -> Batch:
        rows = slice(number * self.size, (number + 1) * self.size)
        batch: NDArray[np.floating] = self.crops.read(self.example[rows], self.start[rows])
        targets = self.one_hot[self.label[self.example[rows]]]  # (crops, labels)
        hyperparameters, random = self.hyperparameters, self.random
        if hyperparameters.gain_db:
            batch = augment.gain(batch, hyperparameters.gain_db, random)
        if hyperparameters.equaliser_db:
            batch = augment.equalise(batch, hyperparameters.equaliser_db, random)
        if hyperparameters.mixup:
            batch, targets = augment.mixup(batch, targets, hyperparameters.mixup, random)
        if hyperparameters.masks:
            batch = augment.mask(batch, hyperparameters.masks, self.fill, random)
        return batch, targets
