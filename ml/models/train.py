"""A training: crops in, a calibrated model and its history out."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.errors import LabelscopeError
from ml.data.batches import OrderedBatches, TrainingBatches, batches_of_epoch
from ml.data.crops import Crops, standardisation
from ml.data.hyperparameters import Hyperparameters
from ml.evaluation.calibration import fit_calibration
from ml.lean_keras import keras
from ml.models.model_file import ModelCard
from ml.models.networks import ARCHITECTURES, build, ensemble
from ml.models.novelty import temporal_variance_range
from ml.models.scorer import Scorer


class TrainingFailed(LabelscopeError):  # noqa: N818  (an outcome that is reported, rather than a bug)
    """The training gave no usable network; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training clips; accuracy is that of crops. Validation is None where it was not measured."""

    member: int  # which network of the model, from 1
    epoch: int  # from 1
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, calibrated where there were validation crops, and the history of its training."""

    scorer: Scorer
    history: tuple[Epoch, ...]
    seconds: float


def most_epochs(train_crops: Crops, hyperparameters: Hyperparameters) -> int:
    """The number of epochs of a training, of all its networks together; `patience` may end one sooner."""
    networks = len(ARCHITECTURES[hyperparameters.architecture]) * hyperparameters.members
    _, epochs = _epochs(train_crops, hyperparameters)
    return networks * epochs


def train(
    train_crops: Crops,
    validation_crops: Crops | None,
    labels: Sequence[str],
    spectrogram_config: dict[str, Any],
    hyperparameters: Hyperparameters,
    *,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Trained:
    """Train a model on crops whose `label` is a position in `labels`; `spectrogram_config` only goes into the card.

    AdamW on cross-entropy, each label weighted by the inverse of its share of the crops; standardised by the
    training crops alone. With `patience`, the weights of the epoch with the least validation loss are kept; without
    validation crops the least training loss, which shows the end of learning but not overfitting. Without `patience`,
    the weights of the last epoch are kept. Finally the validation crops calibrate the model, and set the confidence
    below which a track is unknown: see ml.evaluation.calibration.

    Time of an epoch is linear in the clips, memory is bounded by the batch.

    Raises TrainingFailed where a label has no training crop or the loss is no longer finite, and
    ml.data.crops.SpectrogramError where a file disappears while its crops are read from disk.
    """
    started = time.perf_counter()
    _refuse_if_missing(train_crops, labels)
    statistics = standardisation(train_crops)
    history: list[Epoch] = []
    members = []
    for number, layers in enumerate(ARCHITECTURES[hyperparameters.architecture] * hyperparameters.members):
        seed = random_seed(hyperparameters.seed, number)
        network = build(layers, len(labels), statistics, hyperparameters.crop_frames, seed)
        batches = TrainingBatches(train_crops, len(labels), statistics, hyperparameters, seed)
        history += _fit(network, number + 1, batches, validation_crops, on_epoch)
        members.append(network)
    card = ModelCard(
        tuple(labels),
        spectrogram_config,
        statistics,
        hyperparameters.architecture,
        hyperparameters.crop_frames,
        temporal_variance_range=temporal_variance_range(train_crops, statistics),
    )
    scorer = _calibrated(Scorer(ensemble(members, hyperparameters.architecture), card), validation_crops)
    seconds = time.perf_counter() - started
    summary = _summary(hyperparameters, train_crops, validation_crops, len(history), seconds)
    with_summary = replace(scorer, card=replace(scorer.card, training=summary))
    return Trained(with_summary, tuple(history), seconds)


def _summary(
    hyperparameters: Hyperparameters,
    train_crops: Crops,
    validation_crops: Crops | None,
    epochs: int,
    seconds: float,
) -> dict[str, Any]:
    """The summary of a training in the card: plain JSON values."""
    return {
        "hyperparameters": asdict(hyperparameters),
        "train_crops": len(train_crops),
        "validation_crops": len(validation_crops) if validation_crops is not None else 0,
        "epochs": epochs,
        "seconds": round(seconds, 3),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
    }


def _calibrated(scorer: Scorer, validation_crops: Crops | None) -> Scorer:
    """The model with a calibration by its validation crops, where there are any."""
    if validation_crops is None or not len(validation_crops):
        return scorer
    calibration = fit_calibration(
        scorer.score_crops(validation_crops),
        validation_crops.label,
        validation_crops.clip_id,
        validation_crops.track_id,
    )
    return replace(scorer, card=replace(scorer.card, calibration=calibration))


def _fit(
    network: keras.Model,
    member: int,
    batches: TrainingBatches,
    validation_crops: Crops | None,
    on_epoch: Callable[[Epoch], None] | None,
) -> list[Epoch]:
    """Train one network of a model, in place; returns its history. Raises TrainingFailed."""
    hyperparameters = batches.hyperparameters
    labels = len(batches.one_hot)
    at_least, epochs = _epochs(batches.crops, hyperparameters)
    network.compile(
        optimizer=_optimiser(hyperparameters, epochs * len(batches)),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=hyperparameters.label_smoothing),
        metrics=["accuracy"],
        jit_compile=True,
    )
    history: list[Epoch] = []
    validation = None
    if validation_crops is not None and len(validation_crops):
        validation = OrderedBatches(validation_crops, labels, hyperparameters.batch_size)
    monitored = "val_loss" if validation else "loss"
    network.fit(
        batches,
        validation_data=validation,
        # Where no decision depends on it, validation after each tenth of the epochs is enough.
        validation_freq=1 if hyperparameters.patience is not None else max(1, epochs // 10),
        epochs=epochs,
        class_weight=_class_weights(batches.epoch_labels, labels),
        shuffle=False,  # TrainingBatches does, from the seed
        callbacks=_callbacks(hyperparameters, monitored, at_least, _recorder(member, history, on_epoch)),
        verbose=0,
    )
    losses = [loss for epoch in history for loss in (epoch.loss, epoch.validation_loss) if loss is not None]
    if not all(map(math.isfinite, losses)):
        raise TrainingFailed(
            f"The loss was no longer finite in epoch {len(history)}: lower the learning rate"
            f" ({hyperparameters.learning_rate}) and look for spectrograms with extreme values."
        )
    return history


def _callbacks(
    hyperparameters: Hyperparameters, monitored: str, at_least: int, recorder: keras.callbacks.Callback
) -> list[keras.callbacks.Callback]:
    """The callbacks of a training; early stopping begins after `at_least` epochs, by the metric `monitored`."""
    callbacks = [keras.callbacks.TerminateOnNaN(), recorder]
    if hyperparameters.weight_average:
        callbacks.insert(0, keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if hyperparameters.patience is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitored,
                patience=hyperparameters.patience,
                mode="min",
                restore_best_weights=True,
                start_from_epoch=at_least,
            )
        )
    return callbacks


def _epochs(train_crops: Crops, hyperparameters: Hyperparameters) -> tuple[int, int]:
    """How many epochs each network trains: at least, and at most."""
    # Without a minimum, a dataset of three batches would be given up after too few steps.
    at_least = math.ceil(
        hyperparameters.minimum_steps / max(1, batches_of_epoch(train_crops, hyperparameters))
    )
    # Early stopping compares the epochs after these.
    return at_least, max(hyperparameters.epochs, at_least + (hyperparameters.patience is not None))


def _optimiser(hyperparameters: Hyperparameters, steps: int) -> keras.optimizers.Optimizer:
    rate: float | keras.optimizers.schedules.LearningRateSchedule = hyperparameters.learning_rate
    if hyperparameters.warm_up:
        warm_up_steps = max(1, round(hyperparameters.warm_up * steps))
        rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            max(1, steps - warm_up_steps),
            warmup_target=hyperparameters.learning_rate,
            warmup_steps=warm_up_steps,
        )
    return keras.optimizers.AdamW(
        rate,
        weight_decay=hyperparameters.weight_decay,
        use_ema=bool(hyperparameters.weight_average),
        ema_momentum=hyperparameters.weight_average or 0.99,
    )


def random_seed(*numbers: int) -> int:
    """A seed of 32 bits from some numbers, none negative. Other numbers give another seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _refuse_if_missing(crops: Crops, labels: Sequence[str]) -> None:
    counts = np.bincount(crops.label, minlength=len(labels))
    if missing := [label for label, count in zip(labels, counts, strict=True) if count == 0]:
        raise TrainingFailed(
            f"There is no training crop of {', '.join(missing)}: add tracks and extract their clips, or"
            " leave it out."
        )


def _class_weights(label: NDArray[np.integer], labels: int) -> dict[int, float]:
    """Weights with which every label adds the same to the loss of an epoch, 1 on average; label (crops,)."""
    counts = np.bincount(label, minlength=labels)
    return {number: len(label) / (labels * int(count)) for number, count in enumerate(counts)}


def _recorder(
    member: int, history: list[Epoch], on_epoch: Callable[[Epoch], None] | None
) -> keras.callbacks.Callback:
    """A callback that appends a row per epoch to `history` and calls `on_epoch` with it."""
    began = 0.0

    def begin(epoch: int, logs: Any = None) -> None:  # noqa: ARG001  (Keras passes both by position)
        nonlocal began
        began = time.perf_counter()

    def end(epoch: int, logs: dict[str, float]) -> None:
        row = Epoch(
            member=member,
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
