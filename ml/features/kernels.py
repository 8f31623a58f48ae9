"""Loops over samples and spectra, compiled by Numba, since NumPy would pass over the memory for each step anew.

Importing this module loads Numba, which takes a second, and compiles the loops where no compiled ones are cached.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

FACTORS: Final = 16  # of one product in flatness; powers from 1e-10 to 1e18 keep it within float64


@njit(
    "Tuple((int64, float64, float64, float64))(complex64[:, ::1], float32[:, ::1], float64, float64)",
    cache=True,
    fastmath=True,
)
def add_up_shapes(
    spectra: NDArray[np.complex64], power: NDArray[np.float32], quietest: float, rolloff: float
) -> tuple[int, float, float, float]:
    """The shapes of the spectra that have sound, summed over frames.

    Args:
        spectra: (frames, bins).
        power: (frames, bins), overwritten: its first rows are the power of the frames with sound.
        quietest: frames without a bin above this power are left out; in the flatness lower powers are raised to it.
        rolloff: share of a frame's magnitude below its rolloff.

    Returns:
        The number of frames with sound; sums of their centroids and of their rolloffs, both in bins; and the sum of
        their flatness: the geometric mean of the power by its arithmetic mean.
    """
    bins = spectra.shape[1]
    magnitude = np.empty(bins, dtype=np.float32)
    sounding, centroids, rolloffs, flatness = 0, 0.0, 0.0, 0.0
    for frame in range(len(spectra)):
        row = power[sounding]
        loudest = total = moment = floored_total = np.float32(0)
        for k in range(bins):
            value = spectra[frame, k]
            squared = value.real * value.real + value.imag * value.imag
            root = np.sqrt(squared)
            row[k], magnitude[k] = squared, root
            loudest = max(loudest, squared)
            total += root
            moment += root * np.float32(k)
            floored_total += max(squared, np.float32(quietest))
        if loudest <= quietest:
            continue
        sounding += 1
        centroids += float(moment / total)

        below, k = magnitude[0], 0
        while k < bins - 1 and below < np.float32(rolloff) * total:
            k += 1
            below += magnitude[k]
        rolloffs += k

        logarithm = 0.0  # one for a product of many bins: logarithms are slow
        for first in range(0, bins, FACTORS):
            product = 1.0
            for k in range(first, min(first + FACTORS, bins)):
                product *= max(np.float64(row[k]), quietest)
            logarithm += np.log(product)
        flatness += min(1.0, np.exp(logarithm / bins) / (floored_total / bins))
    return sounding, centroids, rolloffs, flatness


@njit("float64[::1](float32[::1], float64[:, ::1], int64[::1])", cache=True)
def filtered_energy(
    samples: NDArray[np.float32], sections: NDArray[np.float64], edges: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The energy of a filtered sound in consecutive pieces, without the filtered sound in memory.

    Args:
        samples: (samples,).
        sections: two filters of second order in series, (2, 6): b0, b1, b2, 1, a1, a2 of each.
        edges: ascending sample numbers, (pieces + 1,). Piece i goes from edges[i] to edges[i + 1] or the last sample.

    Returns:
        The sums of squares, (pieces,).
    """
    b0, b1, b2, _, a1, a2 = sections[0]
    c0, c1, c2, _, d1, d2 = sections[1]
    s1 = s2 = t1 = t2 = 0.0  # states of the sections, in the transposed direct form II
    energy = np.zeros(len(edges) - 1)
    for piece in range(len(edges) - 1):
        total = 0.0
        for n in range(edges[piece], min(edges[piece + 1], len(samples))):
            x = np.float64(samples[n])
            y = b0 * x + s1
            s1 = b1 * x - a1 * y + s2
            s2 = b2 * x - a2 * y
            z = c0 * y + t1
            t1 = c1 * y - d1 * z + t2
            t2 = c2 * y - d2 * z
            total += z * z
        energy[piece] = total
    return energy
