"""musicnn's network with frozen weights, in NumPy: 753 channels over time, and the tags that it was trained to give.

NumPy, since extraction runs in processes that load no Keras: it is faster here than JAX, and compiles nothing.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.models.pretrained.convolution import LongConvolution, WideConvolution, narrow_convolution
from ml.models.pretrained.errors import WeightsError

CHANNELS: Final = 753
EPSILON: Final = 0.001  # of all batch normalisations
WIDE, LONG, NARROW = (0, 1), (2, 3, 4), (5, 6, 7)  # numbers of the convolutions in the checkpoint

Tensors = Mapping[str, NDArray[np.float32]]


class _Normalisation:
    """Batch normalisation as the line scale * x + offset for each channel, (channels,)."""

    def __init__(self, tensors: Tensors, number: int) -> None:
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        deviation = np.sqrt(tensors[f"{name}/moving_variance"] + np.float32(EPSILON))
        self.scale = tensors[f"{name}/gamma"] / deviation
        self.offset = tensors[f"{name}/beta"] - tensors[f"{name}/moving_mean"] * self.scale

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(values * self.scale + self.offset, dtype=np.float32)


class _FrontLayer:
    """A convolution of the front end: its maximum over frequency, ReLU and batch normalisation.

    The maximum comes last in the original. It is the same to take it first, and the minimum for filters that the
    normalisation multiplies with a negative number: these are convolved with the negative kernel.
    """

    def __init__(self, tensors: Tensors, number: int) -> None:
        self._normalise = _Normalisation(tensors, number + 1)
        self._bias = tensors[_name(number, "bias")]
        self._sign = np.where(self._normalise.scale < 0, np.float32(-1), np.float32(1))
        kernel = tensors[_name(number, "kernel")][:, :, 0] * self._sign  # (taps, bands, filters)
        self._convolution = LongConvolution(kernel[:, 0]) if number in LONG else WideConvolution(kernel)

    def __call__(self, patch: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._normalise(np.maximum(self._convolution.maxima(patch) * self._sign + self._bias, 0))


class _MiddleLayer:
    """A convolution of seven frames, ReLU and batch normalisation."""

    def __init__(self, tensors: Tensors, number: int) -> None:
        self._normalise = _Normalisation(tensors, number + 1)
        self._bias = tensors[_name(number, "bias")]
        kernel = tensors[_name(number, "kernel")]
        self._kernel = kernel.reshape(kernel.shape[0], kernel.shape[1], -1)  # (7, channels, filters)

    def __call__(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._normalise(np.maximum(narrow_convolution(frames, self._kernel) + self._bias, 0))


class Network:
    """musicnn's network. All methods take and give float32 arrays."""

    def __init__(self, tensors: Tensors) -> None:
        """Build the network from the tensors of its checkpoint. Raises WeightsError where one is missing."""
        try:
            self._normalise = _Normalisation(tensors, 0)
            self._wide = [_FrontLayer(tensors, number) for number in WIDE]
            self._long = [_FrontLayer(tensors, number) for number in LONG]
            self._middle = [_MiddleLayer(tensors, number) for number in NARROW]
            self._pooled, self._hidden = _Normalisation(tensors, 9), _Normalisation(tensors, 10)
            self._dense = [
                (tensors[f"{name}/kernel"], tensors[f"{name}/bias"]) for name in ("dense", "dense_1")
            ]
        except KeyError as problem:
            raise WeightsError(
                f"The checkpoint has no tensor {problem.args[0]!r}; install its package again."
            ) from problem

    def channels(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """All channels over time, (patches, frames, CHANNELS), of log-mel patches, (patches, frames, bands)."""
        front = np.stack([self._front(patch) for patch in self._normalise(patches)])
        first, second, third = self._middle
        one = first(front)
        two = second(one) + one
        three = third(two) + two
        return np.concatenate([front, one, two, three], axis=2)

    def tags(self, channels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The layer before the tags, (patches, 200), and the tags' probabilities, (patches, 50)."""
        # Maximum and mean of a channel are neighbours.
        pooled = np.stack([channels.max(axis=1), channels.mean(axis=1)], axis=2).reshape(len(channels), -1)
        (kernel, bias), (last_kernel, last_bias) = self._dense
        hidden = self._hidden(np.maximum(self._pooled(pooled) @ kernel + bias, 0))
        return hidden, 1 / (1 + np.exp(-(hidden @ last_kernel + last_bias)))

    def _front(self, patch: NDArray[np.float32]) -> NDArray[np.float32]:
        """The front end's channels, (frames, 561), of a normalised patch, (frames, bands)."""
        padded = np.pad(patch, ((3, 3), (0, 0)))
        wide = [layer(padded) for layer in self._wide]
        return np.concatenate([*wide, *(layer(patch) for layer in self._long)], axis=1)


def _name(number: int, part: str) -> str:
    """The name of a tensor of a convolution."""
    return f"conv2d_{number}/{part}" if number else f"conv2d/{part}"
