"""Projection of embeddings to a plane, so that tracks with similar sound are close."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

COMPONENTS: Final = 50  # principal components for t-SNE: more of them add noise and time
PERPLEXITY: Final = 30.0  # about the number of neighbours that influence the place of a track
SEED: Final = 0


def places(embeddings: NDArray[np.floating]) -> NDArray[np.float64]:
    """Places (tracks, 2) of embeddings (tracks, dimensions): principal components, then t-SNE (van der Maaten, 2008).

    Only neighbourhoods are meaningful, not the axes or distances between far groups. The same embeddings get the same
    places: it uses one thread, since sums of several threads differ in their last digits, and then in everything. About
    2 s for 300 tracks; time grows with n log n.
    """
    from sklearn.decomposition import PCA  # takes a second, and few runs draw
    from sklearn.manifold import TSNE

    number = len(embeddings)
    if number < 4:  # too few to have neighbours: in a row
        return np.stack([np.arange(number, dtype=np.float64), np.zeros(number)], axis=1)
    with threadpool_limits(1):
        components = min(COMPONENTS, number - 1, embeddings.shape[1])
        reduced = PCA(components, svd_solver="full").fit_transform(embeddings.astype(np.float64))
        # The same start as init="pca", which crashes with a division by zero where all tracks are equal.
        begin = reduced[:, :2] / max(reduced[:, 0].std(), 1e-9)
        begin += np.random.default_rng(SEED).normal(0, 1e-3, begin.shape)
        flat = TSNE(
            perplexity=min(PERPLEXITY, (number - 1) / 3), init=1e-4 * begin, random_state=SEED, n_jobs=1
        ).fit_transform(reduced)
    return np.asarray(flat, dtype=np.float64)
