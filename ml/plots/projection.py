"""Embeddings of tracks to places in a plane, so that tracks which sound alike lie together."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

COMPONENTS: Final = 50  # that t-SNE gets to see: the rest is noise, and time
PERPLEXITY: Final = 30.0  # about as many neighbours as each track has a say with
SEED: Final = 0


def places(embeddings: NDArray[np.floating]) -> NDArray[np.float64]:
    """Places (n, 2) for embeddings (n, dimensions): principal components, then t-SNE (van der Maaten, 2008).

    Only who lies near whom means something; distances between far groups and the axes do not. The same embeddings get
    the same places: it works on one thread, since sums of several would differ in their last digits and then in
    everything. About 2 s for 300 tracks, and grows with n log n.
    """
    from sklearn.decomposition import PCA  # takes a second, and few runs draw
    from sklearn.manifold import TSNE

    number = len(embeddings)
    if number < 4:  # too few to have neighbours: side by side
        return np.stack([np.arange(number, dtype=np.float64), np.zeros(number)], axis=1)
    with threadpool_limits(1):
        components = min(COMPONENTS, number - 1, embeddings.shape[1])
        reduced = PCA(components, svd_solver="full").fit_transform(embeddings.astype(np.float64))
        # As init="pca" would begin, which divides by zero, and crashes, where all tracks are alike.
        begin = reduced[:, :2] / max(reduced[:, 0].std(), 1e-9)
        begin += np.random.default_rng(SEED).normal(0, 1e-3, begin.shape)
        flat = TSNE(
            perplexity=min(PERPLEXITY, (number - 1) / 3), init=1e-4 * begin, random_state=SEED, n_jobs=1
        ).fit_transform(reduced)
    return np.asarray(flat, dtype=np.float64)
