"""The key of a clip: the key profile that fits its chroma best."""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

PITCH_CLASSES: Final = 12
# Probe-tone profiles of Krumhansl and Kessler (1982), "Tracing the dynamic changes in perceived tonal
# organization in a spatial representation of musical keys", Psychological Review 89: the fit of each pitch
# class to a key on C.
MAJOR: Final = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR: Final = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


def key_of(chroma: NDArray[np.float32]) -> tuple[int | None, int | None, float | None]:
    """Key, mode and confidence: the key profile that correlates best with a chroma, shape (12,)."""
    if np.ptp(chroma) <= 1e-6 * chroma.max():  # all pitches are equally strong, or there is no sound
        return None, None, None
    correlations = _profiles() @ _unit(chroma.astype(np.float64))
    best = int(np.argmax(correlations))
    return best % PITCH_CLASSES, best // PITCH_CLASSES, float(np.clip(correlations[best], 0, 1))


@cache
def _profiles() -> NDArray[np.float64]:
    """The profile of each minor key from C on, then of each major key, (24, 12), as unit vectors."""
    return np.array(
        [_unit(np.roll(profile, key)) for profile in (MINOR, MAJOR) for key in range(PITCH_CLASSES)]
    )


def _unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The deviations of the values from their mean, with length 1: products of two such vectors are correlations."""
    deviations: NDArray[np.float64] = values - values.mean()
    deviations /= np.linalg.norm(deviations)
    return deviations
