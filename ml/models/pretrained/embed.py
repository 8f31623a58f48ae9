"""The frozen embedding of a clip: the mean over time of a pretrained network's channels."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.models.pretrained.checkpoint import read_checkpoint
from ml.models.pretrained.log_mel import patches
from ml.models.pretrained.network import Network
from ml.models.pretrained.source import MSD, Source, verified_files

# Raise it when the same sound gets another embedding: stored ones are then computed again.
EMBEDDING_VERSION: Final = 1
PATCHES_AT_ONCE: Final = 10  # 6 MB of channels; more would take memory and no less time


def embed(samples: NDArray[np.float32], sample_rate: int, source: Source = MSD) -> NDArray[np.float32]:
    """The embedding of mono sound, float32 (753,): the mean of its whole patches of three seconds.

    Sound shorter than a patch is repeated. BLAS may use several threads; limit them with threadpoolctl.

    Args:
        samples: (samples,), full scale at 1.0.
        sample_rate: in Hz.
        source: the network.

    Raises:
        ValueError: there are no samples.
        WeightsError: the weights are missing or damaged; see `weights_installed`.
    """
    return np.asarray(embed_patches(patches(samples, sample_rate), source).mean(axis=0), dtype=np.float32)


def embed_patches(log_mel_patches: NDArray[np.float32], source: Source = MSD) -> NDArray[np.float32]:
    """The embedding of each patch, (patches, 753), from log-mel patches of any clips, (patches, 187, 96).

    Raises WeightsError, as `embed` does.
    """
    loaded = network(source)
    means = [
        loaded.channels(log_mel_patches[first : first + PATCHES_AT_ONCE]).mean(axis=1)
        for first in range(0, len(log_mel_patches), PATCHES_AT_ONCE)
    ]
    return np.concatenate(means)


@lru_cache(maxsize=2)
def network(source: Source = MSD, folder: Path | None = None) -> Network:
    """The network, loaded once a process from its verified files (see `verified_files`)."""
    return Network(read_checkpoint(*verified_files(source, folder)))
