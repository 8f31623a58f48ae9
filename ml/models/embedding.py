"""What a network hears in a track, as one vector: tracks that sound alike lie close.

Each network of a model ends in a linear decision. What goes into that decision is what the network has made of the
sound, in a few hundred numbers where the decision has one a label. These numbers, of all networks of the model, are a
crop's embedding: each network's part is brought to length 1, so that all count alike, and the whole to
`DIMENSIONS` numbers by a random projection that keeps angles (Johnson and Lindenstrauss, 1984; of signs alone, after
Achlioptas, 2003). All but the first step is linear, so that it does not matter when means are taken. docs/neighbours.md
has what other ways gave.

Embeddings of two models have nothing in common: only those of one can be compared.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

DIMENSIONS: Final = 256
SEED: Final = (
    b"labelscope"  # another one would be another space: embeddings that are stored would no longer fit
)


def with_embeddings(network: keras.Model) -> keras.Model:
    """The same network with a second output: crops (n, frames, bands) to probabilities (n, labels) and embeddings
    (n, DIMENSIONS), in one pass.

    Weights are shared, not copied. The network is one of `ml.models.networks.ensemble`, freshly trained or loaded from
    a file.
    """
    crops = keras.Input(network.input_shape[1:], name="crops")
    probabilities, parts = [], []
    for member in _members(network):
        heard = keras.Model(member.input, [member.output, member.layers[-1].input], name=member.name)
        probability, part = heard(crops)
        probabilities.append(probability)
        parts.append(layers.UnitNormalization(name=f"{member.name}_part")(part))
    mean = layers.Average(name="mean")(probabilities) if len(parts) > 1 else probabilities[0]
    together = layers.Concatenate(name="parts")(parts) if len(parts) > 1 else parts[0]
    embedding = ops.matmul(together, ops.convert_to_tensor(projection(together.shape[-1])))
    return keras.Model(crops, [mean, embedding], name=f"{network.name}_with_embeddings")


def _members(network: keras.Model) -> list[keras.Model]:
    """The networks whose probabilities are averaged; the network itself where it is one alone."""
    return [layer for layer in network.layers if isinstance(layer, keras.Model)] or [network]


def projection(width: int) -> NDArray[np.float32]:
    """The matrix (width, DIMENSIONS) that brings vectors of that width to DIMENSIONS numbers, the same for ever.

    Its signs are bits of a hash, since generators of random numbers change from version to version. A width of
    DIMENSIONS is left as it is.
    """
    if width == DIMENSIONS:
        return np.eye(width, dtype=np.float32)
    stream = hashlib.shake_256(SEED).digest(width * DIMENSIONS // 8)
    bits = np.unpackbits(np.frombuffer(stream, dtype=np.uint8)).reshape(width, DIMENSIONS)
    signs = 2.0 * bits.astype(np.float32) - 1.0
    return np.asarray(signs / np.sqrt(DIMENSIONS), dtype=np.float32)


def of_track(clips: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """The embedding of a track, (DIMENSIONS,) of length 1, from those of its clips, (crops, DIMENSIONS), none empty.

    A clip's is the mean of its crops', the track's the mean of its clips', as with probabilities.
    """
    mean = np.mean([crops.mean(axis=0, dtype=np.float64) for crops in clips], axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)
