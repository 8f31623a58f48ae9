"""The fast network against the definition: plain convolutions, then ReLU, normalisation and maximum, in this order."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.models.pretrained.convolution import LongConvolution, WideConvolution, narrow_convolution
from ml.models.pretrained.errors import WeightsError
from ml.models.pretrained.network import Network
from tests.ml.models.pretrained.checkpoint_writer import Tensors, random_tensors

Array = NDArray[np.float64]


def noise(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


def convolve(values: Array, kernel: Array, before: int, after: int) -> Array:
    """(frames, bands) and (taps, bands of the kernel, filters) give (frames, positions, filters), zeros in time."""
    padded = np.pad(values.astype(np.float64), ((before, after), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[:2])
    return np.tensordot(windows, kernel.astype(np.float64), axes=((2, 3), (0, 1)))


@pytest.mark.parametrize("frames", [1, 4, 8, 9, 187])
@pytest.mark.parametrize("bands", [38, 67])
def test_a_wide_convolution_gives_the_maxima_of_the_plain_one(frames: int, bands: int) -> None:
    patch, kernel = noise(frames, 96), noise(7, bands, 12)
    fast = WideConvolution(kernel).maxima(np.pad(patch, ((3, 3), (0, 0))))
    plain = convolve(patch, kernel, 3, 3)
    np.testing.assert_allclose(fast, plain.max(axis=1), atol=1e-4 * plain.std())


@pytest.mark.parametrize("frames", [1, 16, 17, 187])
@pytest.mark.parametrize("taps", [32, 64, 128])
def test_a_long_convolution_gives_the_maxima_of_the_plain_one(frames: int, taps: int) -> None:
    patch, kernel = noise(frames, 96), noise(taps, 5)
    fast = LongConvolution(kernel).maxima(patch)
    plain = convolve(patch, kernel[:, None], (taps - 1) // 2, taps // 2)
    np.testing.assert_allclose(fast, plain.max(axis=1), atol=1e-5 * plain.std())


@pytest.mark.parametrize("frames", [1, 3, 187])
def test_a_narrow_convolution_gives_that_of_each_patch_alone(frames: int) -> None:
    patches, kernel = noise(3, frames, 20), noise(7, 20, 6)
    plain = [convolve(patch, kernel, 3, 3)[:, 0] for patch in patches]
    np.testing.assert_allclose(narrow_convolution(patches, kernel), plain, atol=1e-4)


def normalise(tensors: Tensors, number: int, values: Array) -> Array:
    name = f"batch_normalization_{number}" if number else "batch_normalization"
    gamma, beta, mean, variance = (
        tensors[f"{name}/{part}"].astype(np.float64)
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    return gamma * (values - mean) / np.sqrt(variance + 0.001) + beta


def layer(tensors: Tensors, number: int, values: Array) -> Array:
    """(frames, bands) to (frames, positions, filters): convolution, ReLU, normalisation."""
    name = f"conv2d_{number}" if number else "conv2d"
    kernel = tensors[f"{name}/kernel"][:, :, 0]
    taps = len(kernel)
    convolved = convolve(values, kernel, (taps - 1) // 2, taps // 2) + tensors[f"{name}/bias"]
    return normalise(tensors, number + 1, np.maximum(convolved, 0))


def plain_network(tensors: Tensors, patch: Array) -> tuple[Array, Array, Array]:
    """Channels over time, the layer before the tags, and the tags of a patch, by the definition."""
    normalised = normalise(tensors, 0, patch)
    front = np.concatenate([layer(tensors, number, normalised).max(axis=1) for number in range(5)], axis=1)
    one = layer(tensors, 5, front)[:, 0]
    two = layer(tensors, 6, one)[:, 0] + one
    three = layer(tensors, 7, two)[:, 0] + two
    channels = np.concatenate([front, one, two, three], axis=1)
    pooled = normalise(tensors, 9, np.stack([channels.max(axis=0), channels.mean(axis=0)], axis=1).ravel())
    hidden = np.maximum(pooled @ tensors["dense/kernel"] + tensors["dense/bias"], 0)
    hidden = normalise(tensors, 10, hidden)
    logits = hidden @ tensors["dense_1/kernel"] + tensors["dense_1/bias"]
    return channels, hidden, 1 / (1 + np.exp(-logits))


def test_the_network_equals_its_definition_on_random_weights() -> None:
    tensors = random_tensors()
    patches = np.abs(noise(2, 187, 96))
    network = Network(tensors)
    channels = network.channels(patches)
    hidden, tags = network.tags(channels)
    assert channels.shape == (2, 187, 753)
    for number, patch in enumerate(patches):
        expected = plain_network(tensors, patch)
        for fast, plain in zip((channels[number], hidden[number], tags[number]), expected, strict=True):
            np.testing.assert_allclose(fast, plain, atol=0.001)


def test_a_checkpoint_without_a_tensor_of_the_network_is_refused() -> None:
    tensors = random_tensors()
    del tensors["conv2d_6/bias"]
    with pytest.raises(WeightsError, match="no tensor 'conv2d_6/bias'"):
        Network(tensors)
