"""Integrated loudness by ITU-R BS.1770-4, equal to pyloudnorm's, whose filters it uses."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

BLOCK_S: Final = 0.4  # length of a gating block
STEPS_A_BLOCK: Final = 4  # a block begins a quarter of its length after the one before
ABSOLUTE_GATE_LUFS: Final = -70.0
RELATIVE_GATE_LU: Final = -10.0  # below the loudness of the blocks above the absolute gate


def loudness_of(samples: npt.NDArray[np.float32], sample_rate: int) -> float | None:
    """The loudness of mono samples, (samples,), in LUFS; None below one gating block, or below the gate at -70 LUFS."""
    from ml.features.kernels import filtered_energy  # not above: loading Numba takes a second

    if len(samples) <= BLOCK_S * sample_rate:
        return None
    blocks = round((len(samples) / sample_rate - BLOCK_S) / BLOCK_S * STEPS_A_BLOCK) + 1
    step = np.arange(blocks + STEPS_A_BLOCK)
    edges = (BLOCK_S * (step / STEPS_A_BLOCK) * sample_rate).astype(np.int64)
    energy = filtered_energy(samples, _k_weighting(sample_rate), edges)  # (steps,)
    power = np.convolve(energy, np.ones(STEPS_A_BLOCK), "valid") / (BLOCK_S * sample_rate)  # (blocks,)
    loud = power[_lufs(power) >= ABSOLUTE_GATE_LUFS]
    if not loud.size:
        return None
    gated = loud[_lufs(loud) > _lufs(loud.mean()) + RELATIVE_GATE_LU]
    return float(_lufs(gated.mean()))


def _lufs(power: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(-0.691 + 10 * np.log10(power))


@cache
def _k_weighting(sample_rate: int) -> npt.NDArray[np.float64]:
    """The two filters of BS.1770 as sections of second order, (2, 6): a high shelf, and a high pass."""
    from pyloudnorm import IIRfilter  # takes a second, for scipy.signal

    shelf = IIRfilter(4.0, 1 / np.sqrt(2), 1500.0, sample_rate, "high_shelf")
    high_pass = IIRfilter(0.0, 0.5, 38.0, sample_rate, "high_pass")
    return np.array([[*filter_.b, *filter_.a] for filter_ in (shelf, high_pass)])
