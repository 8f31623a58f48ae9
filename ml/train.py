"""One training: crops in, a trained network and its history out.

On two CPU cores an epoch over 1 900 crops takes about two seconds; the first adds some for compilation.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ml.dataset import CROP_FRAMES, Crops, standardisation
from ml.model import ModelCard, build


class TrainingFailed(Exception):  # noqa: N818  (the outcome of a run, like TrainingRefused, rather than a bug)
    """The training gave no usable network; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Every choice that is not data. Equal values and equal crops repeat a training on the same machine."""

    architecture: str = "seed"  # the layers: see ml.model.ARCHITECTURES
    crop_frames: int = CROP_FRAMES  # frames that the network sees at once: 2.97 s at 22 050 Hz and hop 512
    batch_size: int = 64  # crops to a gradient step
    learning_rate: float = 0.0003  # of Adam; at 0.001 the best epoch comes sooner and is no better
    epochs: int = 40  # passes over the training crops at most, once `minimum_steps` are made
    minimum_steps: int = 150  # before early stopping looks: batch normalisation averages over ~100
    patience: int = 8  # epochs without a better loss after which the training stops
    seed: int = 1  # of initial weights, dropout and the order of the crops


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training crops; accuracy counts crops; no validation crops, no such values."""

    epoch: int  # from 1
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A network with the weights of its best epoch, the card for its file, and how it got there."""

    network: keras.Model
    card: ModelCard
    history: tuple[Epoch, ...]
    best_epoch: int  # from 1
    seconds: float


def train(
    train_crops: Crops,
    validation_crops: Crops | None,
    labels: Sequence[str],
    recipe: dict[str, Any],
    hyperparameters: Hyperparameters | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Trained:
    """Train a network on crops whose `label` is a position in `labels`; `recipe` only goes into the card.

    Adam on cross-entropy, each label weighted by the inverse of its share of the crops; standardised by the
    training crops alone; early stopping on the validation loss, with the weights of the best epoch
    restored. Without validation crops the training loss takes its place, which notices the end of learning
    but not overfitting.

    Raises TrainingFailed where a label has no training crop or the loss is no longer finite, and
    ml.dataset.SpectrogramError where a file disappears while its crops are read from disk.
    """
    chosen = hyperparameters or Hyperparameters()
    started = time.perf_counter()
    weights = _class_weights(train_crops, labels)
    statistics = standardisation(train_crops)
    keras.utils.set_random_seed(chosen.seed)
    network = build(len(labels), statistics, chosen.architecture, chosen.crop_frames)
    network.compile(
        optimizer=keras.optimizers.Adam(chosen.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=True,
    )

    batches = _Batches(train_crops, chosen.batch_size, chosen.seed)
    validation = (
        _Batches(validation_crops, chosen.batch_size)
        if validation_crops is not None and len(validation_crops)
        else None
    )
    # A crate of three batches would otherwise be given up before it was looked at a hundred times.
    warm_up = math.ceil(chosen.minimum_steps / len(batches))
    stopping = keras.callbacks.EarlyStopping(
        "val_loss" if validation else "loss",
        patience=chosen.patience,
        mode="min",
        restore_best_weights=True,
        start_from_epoch=warm_up,
    )
    history: list[Epoch] = []
    network.fit(
        batches,
        validation_data=validation,
        epochs=max(chosen.epochs, warm_up + 1),
        class_weight=weights,
        shuffle=False,  # _Batches does, from the seed
        callbacks=[stopping, keras.callbacks.TerminateOnNaN(), _recorder(history, on_epoch)],
        verbose=0,
    )
    if not all(
        math.isfinite(value) for epoch in history for value in (epoch.loss, epoch.validation_loss or 0.0)
    ):
        raise TrainingFailed(
            f"The loss was no longer finite in epoch {len(history)}: lower the learning rate"
            f" ({chosen.learning_rate}) and look for spectrograms with extreme values."
        )
    seconds = time.perf_counter() - started
    summary = {
        "hyperparameters": asdict(chosen),
        "train_crops": len(train_crops),
        "validation_crops": len(validation_crops) if validation_crops is not None else 0,
        "epochs": len(history),
        "best_epoch": stopping.best_epoch + 1,
        "seconds": round(seconds, 3),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
    }
    card = ModelCard(tuple(labels), recipe, statistics, chosen.architecture, chosen.crop_frames, summary)
    return Trained(network, card, tuple(history), stopping.best_epoch + 1, seconds)


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras is untyped
    """Batches of float16 crops and labels, from memory or disk alike.

    With a seed: in a new order each epoch, all of one size so that only one gradient step is compiled; the
    few crops that remain sit out this epoch. Without: in order and complete.
    """

    def __init__(self, crops: Crops, batch_size: int, seed: int | None = None) -> None:
        super().__init__()
        self.crops = crops
        self.label = crops.label
        self.batch_size = min(batch_size, len(crops))
        self.random = None if seed is None else np.random.default_rng(seed)
        self.order: NDArray[np.int64] = np.arange(len(crops))
        self.on_epoch_end()

    def __len__(self) -> int:
        if self.random is not None:
            return len(self.crops) // self.batch_size
        return math.ceil(len(self.crops) / self.batch_size)

    def __getitem__(self, batch: int) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
        rows = self.order[batch * self.batch_size : (batch + 1) * self.batch_size]
        return self.crops.take(rows), self.label[rows]

    def on_epoch_end(self) -> None:
        if self.random is not None:
            self.order = self.random.permutation(len(self.crops))


def _class_weights(crops: Crops, labels: Sequence[str]) -> dict[int, float]:
    """Weights by which every label adds the same to the loss, 1 on average over the crops."""
    counts = np.bincount(crops.label, minlength=len(labels))
    if missing := [label for label, count in zip(labels, counts, strict=True) if count == 0]:
        raise TrainingFailed(
            f"There is no training crop of {', '.join(missing)}: add tracks and extract their clips, or"
            " leave it out."
        )
    return {label: len(crops) / (len(labels) * int(count)) for label, count in enumerate(counts)}


def _recorder(history: list[Epoch], on_epoch: Callable[[Epoch], None] | None) -> keras.callbacks.Callback:
    """Appends a row per epoch to `history` and passes it on."""
    began = 0.0

    def begin(epoch: int, logs: Any = None) -> None:  # noqa: ARG001  (Keras passes both by position)
        nonlocal began
        began = time.perf_counter()

    def end(epoch: int, logs: dict[str, float]) -> None:
        row = Epoch(
            epoch=epoch + 1,
            loss=float(logs["loss"]),
            accuracy=float(logs["accuracy"]),
            validation_loss=float(logs["val_loss"]) if "val_loss" in logs else None,
            validation_accuracy=float(logs["val_accuracy"]) if "val_accuracy" in logs else None,
            seconds=time.perf_counter() - began,
        )
        history.append(row)
        if on_epoch is not None:
            on_epoch(row)

    return keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=end)
