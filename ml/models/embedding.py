"""Embeddings: one vector a track, close to those of tracks with similar sound.

Each network of a model ends in a linear layer. The input of that layer describes the sound in a few hundred numbers.
These inputs, of all networks of the model, are the embedding of a crop. Each network's part is scaled to length 1, so
that all have the same weight. A random projection that preserves angles reduces the whole to `DIMENSIONS` numbers
(Johnson and Lindenstrauss, 1984; with signs only, after Achlioptas, 2003). All steps but the first are linear, so means
can be taken at any step. docs/neighbours.md compares other ways.

Embeddings of different models cannot be compared.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.lean_keras import keras, layers, ops

DIMENSIONS: Final = 256
# Never change it: another seed is another space, and stored embeddings could not be compared with new ones.
SEED: Final = b"labelscope"


def with_embeddings(network: keras.Model) -> keras.Model:
    """The same network with a second output: crops (n, frames, bands) to probabilities (n, labels) and embeddings
    (n, DIMENSIONS), in one pass.

    Weights are shared, not copied. `network` is one of `ml.models.networks.ensemble`, after a training or from a file.
    """
    crops = keras.Input(network.input_shape[1:], name="crops")
    probabilities, parts = [], []
    for member in _members(network):
        two_outputs = keras.Model(member.input, [member.output, member.layers[-1].input], name=member.name)
        probability, part = two_outputs(crops)  # (n, labels), (n, width)
        probabilities.append(probability)
        parts.append(layers.UnitNormalization(name=f"{member.name}_part")(part))
    mean = layers.Average(name="mean")(probabilities) if len(parts) > 1 else probabilities[0]
    concatenated = layers.Concatenate(name="parts")(parts) if len(parts) > 1 else parts[0]
    embedding = ops.matmul(concatenated, ops.convert_to_tensor(projection(concatenated.shape[-1])))
    return keras.Model(crops, [mean, embedding], name=f"{network.name}_with_embeddings")


def _members(network: keras.Model) -> list[keras.Model]:
    """The networks whose probabilities are averaged, or the network itself where it is no ensemble."""
    return [layer for layer in network.layers if isinstance(layer, keras.Model)] or [network]


def projection(width: int) -> NDArray[np.float32]:
    """The matrix (width, DIMENSIONS) that projects vectors of that width to DIMENSIONS numbers, always the same.

    Its signs are bits of a hash, since random number generators change from version to version. For a width of
    DIMENSIONS it is the identity.
    """
    if width == DIMENSIONS:
        return np.eye(width, dtype=np.float32)
    stream = hashlib.shake_256(SEED).digest(width * DIMENSIONS // 8)
    bits = np.unpackbits(np.frombuffer(stream, dtype=np.uint8)).reshape(width, DIMENSIONS)
    signs = 2.0 * bits.astype(np.float32) - 1.0
    return np.asarray(signs / np.sqrt(DIMENSIONS), dtype=np.float32)


def of_track(clips: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """The embedding of a track, (DIMENSIONS,) of length 1, from its clips, each (crops, DIMENSIONS), none empty.

    That of a clip is the mean of its crops, that of the track the mean of its clips, as with probabilities.
    """
    mean = np.mean([crops.mean(axis=0, dtype=np.float64) for crops in clips], axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)
