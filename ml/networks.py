"""The layers: crops in dB to one probability a label."""

from collections.abc import Callable, Sequence
from typing import Final

import keras
from keras import layers, ops

from ml.dataset import CROP_FRAMES, Standardisation

CHANNELS_LAST: Final = "channels_last"  # said aloud: a person's keras.json may hold another default
VARIANCE_FLOOR: Final = 1e-3  # below it the gradient of a square root would be too steep


def build(
    number_of_labels: int,
    standardisation: Standardisation,
    architecture: str,
    crop_frames: int = CROP_FRAMES,
) -> keras.Model:
    """An untrained network: crops in dB (n, crop_frames, bands) to probabilities (n, number_of_labels).

    Standardisation is its first layer: fixed numbers, not parameters. Bands are channels: a filter sees all of
    them and slides along time alone.

    Raises ValueError for an architecture that is not in ARCHITECTURES.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"Unknown architecture {architecture!r}: choose one of {', '.join(ARCHITECTURES)}.")
    scale = [1.0 / deviation for deviation in standardisation.deviation]
    offset = [-mean * factor for mean, factor in zip(standardisation.mean, scale, strict=True)]
    decibels = keras.Input((crop_frames, len(scale)), name="decibels")
    standardised = layers.Rescaling(scale, offset, name="standardise")(decibels)
    probabilities = ARCHITECTURES[architecture](standardised, number_of_labels)
    return keras.Model(decibels, probabilities, name=architecture)


def seed(crops: keras.KerasTensor, number_of_labels: int) -> keras.KerasTensor:
    """The notebook's network: three unpadded convolutions (64, 128, 256 filters of 4 frames), each batch-normalised and
    halved by max-pooling, then the maximum over time and one dense layer; 265 925 parameters for five labels.
    """
    signal = crops
    for number, filters in enumerate((64, 128, 256)):
        signal = layers.Conv1D(
            filters,
            4,
            activation="relu",
            kernel_regularizer=keras.regularizers.L2(0.001) if number == 0 else None,
            data_format=CHANNELS_LAST,
        )(signal)
        signal = layers.BatchNormalization()(signal)
        signal = layers.MaxPooling1D(2, data_format=CHANNELS_LAST)(signal)
    signal = layers.GlobalMaxPooling1D(data_format=CHANNELS_LAST)(signal)
    signal = layers.Dropout(0.3)(signal)
    signal = layers.Dense(256, activation="relu")(signal)
    signal = layers.Dropout(0.3)(signal)
    return layers.Dense(number_of_labels, activation="softmax")(signal)


def labelscope(crops: keras.KerasTensor, number_of_labels: int) -> keras.KerasTensor:
    """Three padded convolutions (64, 96, 128 filters of 4 frames), batch-normalised, each followed by max-pooling;
    then the mean, the maximum and the deviation of every channel over time, side by side (after Dieleman,
    "Recommending music on Spotify with deep learning", 2014), and a linear decision: 121 541 parameters for five
    labels.
    """
    signal = crops
    for filters in (64, 96, 128):
        signal = layers.Conv1D(filters, 4, padding="same", use_bias=False, data_format=CHANNELS_LAST)(signal)
        signal = layers.BatchNormalization(momentum=0.97)(signal)
        signal = layers.Activation("relu")(signal)
        signal = layers.MaxPooling1D(2, data_format=CHANNELS_LAST)(signal)
    deviation = ops.sqrt(ops.var(signal, axis=1) + VARIANCE_FLOOR)
    pooled = (ops.mean(signal, axis=1), ops.max(signal, axis=1), deviation)
    signal = layers.Concatenate()(pooled)
    signal = layers.Dropout(0.3)(signal)
    return layers.Dense(number_of_labels, activation="softmax")(signal)


ARCHITECTURES: Final[dict[str, Callable[[keras.KerasTensor, int], keras.KerasTensor]]] = {
    "labelscope": labelscope,
    "seed": seed,
}


def ensemble(members: Sequence[keras.Model]) -> keras.Model:
    """One network whose probabilities are the mean of its members'; a single member as it is."""
    if len(members) == 1:
        return members[0]
    decibels = keras.Input(members[0].input_shape[1:], name="decibels")
    inner = [
        keras.Model(member.input, member.output, name=f"member_{number}")
        for number, member in enumerate(members, start=1)
    ]
    mean = layers.Average(name="mean")([member(decibels) for member in inner])
    return keras.Model(decibels, mean, name=members[0].name)
