"""One training: crops in, a calibrated model and its history out."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from common.errors import LabelscopeError
from ml.data.batches import OrderedBatches, TrainingBatches, batches_of_epoch
from ml.data.crops import Crops, Standardisation, standardisation
from ml.data.hyperparameters import Hyperparameters
from ml.evaluation.calibration import fit_calibration
from ml.models.model_file import ModelCard
from ml.models.networks import ARCHITECTURES, Network, build, ensemble
from ml.models.novelty import temporal_variance_range
from ml.models.scorer import Scorer


class TrainingFailed(LabelscopeError):  # noqa: N818  (the outcome of a run, like TrainingRefused, rather than a bug)
    """The training gave no usable network; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training clips; accuracy counts crops. Validation is None where it was not looked at."""

    member: int  # which network of the model, from 1
    epoch: int  # from 1
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, calibrated where there were validation crops, and how it got there."""

    scorer: Scorer
    history: tuple[Epoch, ...]
    seconds: float


def most_epochs(train_crops: Crops, hyperparameters: Hyperparameters) -> int:
    """How many epochs a training has, of all its networks together; fewer where `patience` ends one sooner."""
    networks = len(ARCHITECTURES[hyperparameters.architecture]) * hyperparameters.members
    _, epochs = _epochs(train_crops, hyperparameters)
    return networks * epochs


def train(
    train_crops: Crops,
    validation_crops: Crops | None,
    labels: Sequence[str],
    recipe: dict[str, Any],
    hyperparameters: Hyperparameters,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Trained:
    """Train a model on crops whose `label` is a position in `labels`; `recipe` only goes into the card.

    AdamW on cross-entropy, each label weighted by the inverse of its share of the crops; standardised by the
    training crops alone. With `patience`, the weights of the epoch with the least validation loss are kept (without
    validation crops: training loss, which notices the end of learning but not overfitting); else those of the last.
    At last the validation crops say how sure the model may be, and what is unknown to it: ml.evaluation.calibration.

    An epoch is linear in the clips, memory bounded by the batch.

    Raises TrainingFailed where a label has no training crop or the loss is no longer finite, and
    ml.data.crops.SpectrogramError where a file disappears while its crops are read from disk.
    """
    started = time.perf_counter()
    _refuse_if_missing(train_crops, labels)
    statistics = standardisation(train_crops)
    history: list[Epoch] = []
    members = []
    for number, layers in enumerate(ARCHITECTURES[hyperparameters.architecture] * hyperparameters.members):
        member, epochs = _train_member(
            number, layers, train_crops, validation_crops, statistics, len(labels), hyperparameters, on_epoch
        )
        members.append(member)
        history += epochs
    network = ensemble(members, hyperparameters.architecture)
    card = ModelCard(
        tuple(labels),
        recipe,
        statistics,
        hyperparameters.architecture,
        hyperparameters.crop_frames,
        temporal_variance_range=temporal_variance_range(train_crops, statistics),
    )
    if validation_crops is not None and len(validation_crops):
        probabilities = Scorer(network, card).score_crops(validation_crops)
        ids = (validation_crops.label, validation_crops.clip_id, validation_crops.track_id)
        card = replace(card, calibration=fit_calibration(probabilities, *ids))
    seconds = time.perf_counter() - started
    summary = {
        "hyperparameters": asdict(hyperparameters),
        "train_crops": len(train_crops),
        "validation_crops": len(validation_crops) if validation_crops is not None else 0,
        "epochs": len(history),
        "seconds": round(seconds, 3),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
    }
    return Trained(Scorer(network, replace(card, training=summary)), tuple(history), seconds)


def _train_member(
    number: int,
    layers: Network,
    train_crops: Crops,
    validation_crops: Crops | None,
    statistics: Standardisation,
    labels: int,
    chosen: Hyperparameters,
    on_epoch: Callable[[Epoch], None] | None,
) -> tuple[keras.Model, list[Epoch]]:
    seed = random_seed(chosen.seed, number)
    network = build(layers, labels, statistics, chosen.crop_frames, seed)
    batches = TrainingBatches(train_crops, labels, statistics, chosen, seed)
    at_least, epochs = _epochs(train_crops, chosen)
    network.compile(
        optimizer=_optimiser(chosen, epochs * len(batches)),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=chosen.label_smoothing),
        metrics=["accuracy"],
        jit_compile=True,
    )
    history: list[Epoch] = []
    callbacks = [keras.callbacks.TerminateOnNaN(), _recorder(number + 1, history, on_epoch)]
    if chosen.weight_average:
        callbacks.insert(0, keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    validation = None
    if validation_crops is not None and len(validation_crops):
        validation = OrderedBatches(validation_crops, labels, chosen.batch_size)
    if chosen.patience is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                "val_loss" if validation else "loss",
                patience=chosen.patience,
                mode="min",
                restore_best_weights=True,
                start_from_epoch=at_least,
            )
        )
    network.fit(
        batches,
        validation_data=validation,
        # Where nothing is decided by it, a look at the end of each tenth is enough.
        validation_freq=1 if chosen.patience is not None else max(1, epochs // 10),
        epochs=epochs,
        class_weight=_class_weights(batches.epoch_labels, labels),
        shuffle=False,  # TrainingBatches does, from the seed
        callbacks=callbacks,
        verbose=0,
    )
    values = [
        value for epoch in history for value in (epoch.loss, epoch.validation_loss) if value is not None
    ]
    if not all(map(math.isfinite, values)):
        raise TrainingFailed(
            f"The loss was no longer finite in epoch {len(history)}: lower the learning rate"
            f" ({chosen.learning_rate}) and look for spectrograms with extreme values."
        )
    return network, history


def _epochs(train_crops: Crops, chosen: Hyperparameters) -> tuple[int, int]:
    """How many epochs each network trains at least, and at most."""
    # A crate of three batches would otherwise be given up before it was looked at a hundred times.
    at_least = math.ceil(chosen.minimum_steps / max(1, batches_of_epoch(train_crops, chosen)))
    # Early stopping looks at what comes after these.
    return at_least, max(chosen.epochs, at_least + (chosen.patience is not None))


def _optimiser(chosen: Hyperparameters, steps: int) -> keras.optimizers.Optimizer:
    rate: float | keras.optimizers.schedules.LearningRateSchedule = chosen.learning_rate
    if chosen.warm_up:
        rising = max(1, round(chosen.warm_up * steps))
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, max(1, steps - rising), warmup_target=chosen.learning_rate, warmup_steps=rising
        )
    return keras.optimizers.AdamW(
        rate,
        weight_decay=chosen.weight_decay,
        use_ema=bool(chosen.weight_average),
        ema_momentum=chosen.weight_average or 0.99,
    )


def random_seed(*numbers: int) -> int:
    """A seed of 32 bits from some numbers, none negative: other numbers, another seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _refuse_if_missing(crops: Crops, labels: Sequence[str]) -> None:
    counts = np.bincount(crops.label, minlength=len(labels))
    if missing := [label for label, count in zip(labels, counts, strict=True) if count == 0]:
        raise TrainingFailed(
            f"There is no training crop of {', '.join(missing)}: add tracks and extract their clips, or"
            " leave it out."
        )


def _class_weights(label: NDArray[np.integer], labels: int) -> dict[int, float]:
    """Weights by which every label adds the same to the loss of an epoch, 1 on average over its crops (n,)."""
    counts = np.bincount(label, minlength=labels)
    return {number: len(label) / (labels * int(count)) for number, count in enumerate(counts)}


def _recorder(
    member: int, history: list[Epoch], on_epoch: Callable[[Epoch], None] | None
) -> keras.callbacks.Callback:
    """Appends a row per epoch to `history` and passes it on."""
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
