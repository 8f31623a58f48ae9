"""The layers of the networks: crops in dB to one probability a label."""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ml.data.crops import CROP_FRAMES, Standardisation
from ml.lean_keras import keras, layers, ops

CHANNELS_LAST: Final = "channels_last"  # explicit, since a user's keras.json may have another default
VARIANCE_FLOOR: Final = 1e-3  # below it the gradient of a square root is too steep
COEFFICIENTS: Final = 40  # of the cepstrum: the shape of the spectrum, half of its bands in detail
RANDOM_FEATURES: Final = 1024
MOMENTUM: Final = 0.97  # of batch normalisation: a small dataset has some hundred steps, not thousands

# Returns the next random seed. Keras would draw it from Python's generator, which other threads use, too.
Draw = Callable[[], int]
# Standardised crops (n, frames, bands), number of labels and seeds to probabilities (n, labels).
Network = Callable[[keras.KerasTensor, int, Draw], keras.KerasTensor]


def build(
    network: Network,
    number_of_labels: int,
    standardisation: Standardisation,
    crop_frames: int = CROP_FRAMES,
    seed: int = 0,
) -> keras.Model:
    """An untrained network: crops in dB (n, crop_frames, bands) to probabilities (n, number_of_labels).

    The same `seed` gives the same weights and the same dropout, whatever other threads do.

    Standardisation is the first layer: constants, not parameters. Bands are channels: a filter covers all of them and
    only moves in time.
    """
    scale = [1.0 / deviation for deviation in standardisation.deviation]
    offset = [-mean * factor for mean, factor in zip(standardisation.mean, scale, strict=True)]
    decibels = keras.Input((crop_frames, len(scale)), name="decibels")
    standardised = layers.Rescaling(scale, offset, name="standardise")(decibels)
    random = np.random.default_rng(seed)
    probabilities = network(standardised, number_of_labels, lambda: int(random.integers(2**31)))
    model = keras.Model(decibels, probabilities, name=network.__name__)
    _draw_kernels(model, random)
    return model


def _draw_kernels(model: keras.Model, random: np.random.Generator) -> None:
    """Draw the kernels to be trained, uniformly by Glorot and Bengio (2010).

    Keras' own initialiser would take JAX half a second to compile for each shape, in a training and, as a part of
    the model file, at each loading of the model, too. So layers begin with zeros.
    """
    for layer in model.layers:
        if isinstance(layer, layers.Dense | layers.Conv1D) and layer.trainable:
            *window, inputs, outputs = layer.kernel.shape
            limit = math.sqrt(6 / (math.prod(window) * (inputs + outputs)))
            layer.kernel.assign(random.uniform(-limit, limit, layer.kernel.shape))


def seed(crops: keras.KerasTensor, number_of_labels: int, draw: Draw) -> keras.KerasTensor:
    """The notebook's network: three unpadded convolutions (64, 128, 256 filters of 4 frames), each batch-normalised and
    halved by max-pooling, then the maximum over time and one dense layer; 265 925 parameters for five labels.
    """
    signal = crops
    for number, filters in enumerate((64, 128, 256)):
        signal = layers.Conv1D(
            filters,
            4,
            activation="relu",
            kernel_initializer="zeros",
            kernel_regularizer=keras.regularizers.L2(0.001) if number == 0 else None,
            data_format=CHANNELS_LAST,
        )(signal)
        signal = layers.BatchNormalization()(signal)
        signal = layers.MaxPooling1D(2, data_format=CHANNELS_LAST)(signal)
    signal = layers.GlobalMaxPooling1D(data_format=CHANNELS_LAST)(signal)
    signal = layers.Dropout(0.3, seed=draw())(signal)
    signal = layers.Dense(256, activation="relu", kernel_initializer="zeros")(signal)
    signal = layers.Dropout(0.3, seed=draw())(signal)
    return layers.Dense(number_of_labels, activation="softmax", kernel_initializer="zeros")(signal)


def convolutions(crops: keras.KerasTensor, number_of_labels: int, draw: Draw) -> keras.KerasTensor:
    """Three padded convolutions (64, 96, 128 filters of 4 frames), batch-normalised, each followed by max-pooling;
    then the mean, the maximum and the deviation of every channel over time, side by side (after Dieleman,
    "Recommending music on Spotify with deep learning", 2014), and a linear decision: 109 573 parameters for five
    labels.
    """
    signal = crops
    for filters in (64, 96, 128):
        signal = layers.Conv1D(
            filters,
            4,
            padding="same",
            use_bias=False,
            kernel_initializer="zeros",
            data_format=CHANNELS_LAST,
        )(signal)
        signal = layers.BatchNormalization(momentum=MOMENTUM)(signal)
        signal = ops.relu(_halved(signal))
    pooled = layers.Concatenate()([ops.mean(signal, axis=1), ops.max(signal, axis=1), _deviation(signal)])
    signal = layers.Dropout(0.3, seed=draw())(pooled)
    return layers.Dense(number_of_labels, activation="softmax", kernel_initializer="zeros")(signal)


def changes(crops: keras.KerasTensor, number_of_labels: int, draw: Draw) -> keras.KerasTensor:
    """`convolutions` on the differences between neighbouring frames.

    They ignore constant properties of the sound, such as a mastering or a codec. So they err on other tracks than
    convolutions on levels.
    """
    return convolutions(_changes(crops), number_of_labels, draw)


def timbre(crops: keras.KerasTensor, number_of_labels: int, draw: Draw) -> keras.KerasTensor:
    """A kernel machine on features like those of the classical baseline: it errs on other tracks than convolutions.

    Mean and deviation over time of 40 cepstral coefficients, deviation of their changes from frame to frame; mean,
    deviation and maximum of the onset strength; then cosines of random projections, whose inner products approximate
    a Gaussian kernel (Rahimi and Recht, "Random features for large-scale kernel machines", 2007), and a linear
    decision: 5 125 parameters to learn for five labels.
    """
    basis = scipy.fft.dct(np.eye(crops.shape[2]), axis=1, norm="ortho")[:, :COEFFICIENTS]
    cepstrum = _fixed(crops, basis)  # (n, frames, coefficients)
    onsets = ops.mean(ops.relu(_changes(crops)), axis=2, keepdims=True)  # (n, frames - 1, 1)
    statistics = layers.Concatenate()(
        [
            *(ops.mean(cepstrum, axis=1), _deviation(cepstrum), _deviation(_changes(cepstrum))),
            *(ops.mean(onsets, axis=1), _deviation(onsets), ops.max(onsets, axis=1)),
        ]
    )
    signal = layers.BatchNormalization(momentum=MOMENTUM, center=False, scale=False)(statistics)
    random = np.random.default_rng(0)
    width = np.sqrt(2 / signal.shape[1])  # of the kernel: that of scikit-learn's gamma="scale"
    projections = random.normal(0.0, width, (signal.shape[1], RANDOM_FEATURES))
    phases = random.uniform(0.0, 2 * np.pi, RANDOM_FEATURES)
    signal = layers.Dropout(0.3, seed=draw())(math.sqrt(2) * ops.cos(_fixed(signal, projections, phases)))
    return layers.Dense(number_of_labels, activation="softmax", kernel_initializer="zeros")(signal)


def _fixed(
    signal: keras.KerasTensor, weights: NDArray[np.floating], bias: NDArray[np.floating] | None = None
) -> keras.KerasTensor:
    """A linear map with constant weights, (inputs, outputs)."""
    layer = layers.Dense(
        weights.shape[1], use_bias=bias is not None, kernel_initializer="zeros", trainable=False
    )
    mapped = layer(signal)
    layer.set_weights([values for values in (weights, bias) if values is not None])
    return mapped


def _halved(signal: keras.KerasTensor) -> keras.KerasTensor:
    """The larger one of every two frames, (n, frames // 2, channels). The gradient of MaxPooling1D is slow in JAX."""
    even = signal.shape[1] // 2 * 2
    return ops.maximum(signal[:, 0:even:2], signal[:, 1:even:2])


def _changes(signal: keras.KerasTensor) -> keras.KerasTensor:
    """The difference between each frame and the next, (n, frames - 1, channels)."""
    return signal[:, 1:] - signal[:, :-1]


def _deviation(signal: keras.KerasTensor) -> keras.KerasTensor:
    """The standard deviation of each channel over time, (n, channels)."""
    return ops.sqrt(ops.var(signal, axis=1) + VARIANCE_FLOOR)


ARCHITECTURES: Final[dict[str, tuple[Network, ...]]] = {
    "labelscope": (convolutions, changes, timbre),
    "seed": (seed,),
}
"""The networks of each architecture. Each is trained by itself; the model averages their probabilities."""


def ensemble(members: Sequence[keras.Model], name: str) -> keras.Model:
    """One network that averages the probabilities of its members. A single member is returned unchanged."""
    if len(members) == 1:
        return members[0]
    decibels = keras.Input(members[0].input_shape[1:], name="decibels")
    inner = [
        keras.Model(member.input, member.output, name=f"{member.name}_{number}")
        for number, member in enumerate(members, start=1)
    ]
    mean = layers.Average(name="mean")([member(decibels) for member in inner])
    return keras.Model(decibels, mean, name=name)
