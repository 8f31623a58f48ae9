"""The front end's convolutions, each followed by its maximum over frequency, in NumPy.

The maximum is taken block by block, while the block is in the processor's cache: all outputs of a patch would be a
hundred times larger than what is kept of them.
"""

from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

FRAMES_A_TILE: Final = 4  # outputs that one Toom-Cook tile gives
TILES_A_BLOCK: Final = 2
# Of the polynomials, besides infinity. Pairs near 1 keep the error of float32 at 1e-5 of the outputs' deviation.
POINTS: Final = tuple(map(Fraction, ("0", "1", "-1", "2", "-2", "1/2", "-1/2", "3/4", "-3/4")))

FRAMES_A_ROW: Final = 16  # outputs of a long kernel that one row of the matrix product gives
BANDS_A_BLOCK: Final = 8


class WideConvolution:
    """A convolution with kernels of 7 frames and many bands, followed by the maximum over frequency.

    Four neighbouring outputs need 28 products a band and filter, or 10 by Toom-Cook (Winograd's F(4, 7)): input and
    kernel are polynomials in time, evaluated at ten points, multiplied there, and interpolated. This takes half of the
    time of the plain matrix product.
    """

    def __init__(self, kernel: NDArray[np.float32]) -> None:
        """Transform the kernel, (7, bands, filters)."""
        taps, self._bands, self._filters = kernel.shape
        outputs, kernel_points, self._input = toom_cook(FRAMES_A_TILE, taps)
        self._output = outputs.astype(np.float32)  # (frames a tile, points)
        self._kernel = np.einsum("pt,tbf->pbf", kernel_points, kernel).astype(np.float32)

    def maxima(self, patch: NDArray[np.float32]) -> NDArray[np.float32]:
        """The maxima over frequency, (frames - 6, filters), of a patch, (frames, bands), padded by the caller."""
        frames = len(patch) - len(self._input) + FRAMES_A_TILE
        points = self._points(patch, frames)  # (points, tiles, bands)
        count, tiles, bands = points.shape
        positions = bands - self._bands + 1
        windows = np.lib.stride_tricks.sliding_window_view(points, self._bands, axis=2)
        shape = (count, TILES_A_BLOCK, positions, self._bands)
        columns = np.empty(shape, dtype=np.float32)
        products = np.empty((count, TILES_A_BLOCK * positions, self._filters), dtype=np.float32)
        values = np.empty((FRAMES_A_TILE, TILES_A_BLOCK * positions * self._filters), dtype=np.float32)
        maxima = np.empty((tiles, FRAMES_A_TILE, self._filters), dtype=np.float32)
        for first in range(0, tiles, TILES_A_BLOCK):
            block = slice(first, first + TILES_A_BLOCK)
            columns[:] = windows[:, block]
            np.matmul(columns.reshape(count, -1, self._bands), self._kernel, out=products)
            np.matmul(self._output, products.reshape(count, -1), out=values)
            of_tiles = values.reshape(FRAMES_A_TILE, TILES_A_BLOCK, positions, self._filters)
            np.max(of_tiles, axis=2, out=maxima[block].transpose(1, 0, 2))
        of_frames: NDArray[np.float32] = maxima.reshape(-1, self._filters)[:frames]
        return of_frames

    def _points(self, patch: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
        """The patch at the points, (points, tiles, bands); the number of tiles fills whole blocks."""
        count = len(self._input)
        tiles = -(-frames // (FRAMES_A_TILE * TILES_A_BLOCK)) * TILES_A_BLOCK
        padded = np.zeros((tiles * FRAMES_A_TILE + count - FRAMES_A_TILE, patch.shape[1]))
        padded[: len(patch)] = patch
        windows = np.lib.stride_tricks.sliding_window_view(padded, count, axis=0)[::FRAMES_A_TILE]
        return np.asarray(np.einsum("pt,nbt->pnb", self._input, windows, optimize=True), dtype=np.float32)


class LongConvolution:
    """A convolution with kernels of one band and many frames, followed by the maximum over all bands.

    Each row of the matrix product gives 16 frames of all filters: an eighth more products than needed for the longest
    kernel, but a sixteenth of the copies, and matrices of a shape that BLAS is fast for.
    """

    def __init__(self, kernel: NDArray[np.float32]) -> None:
        """Arrange the kernel, (taps, filters)."""
        self._taps, self._filters = kernel.shape
        shifted = np.zeros((self._taps + FRAMES_A_ROW - 1, FRAMES_A_ROW, self._filters), dtype=np.float32)
        for frame in range(FRAMES_A_ROW):
            shifted[frame : frame + self._taps, frame] = kernel
        self._kernel = shifted.reshape(len(shifted), -1)

    def maxima(self, patch: NDArray[np.float32]) -> NDArray[np.float32]:
        """The maxima over the bands, (frames, filters), of a patch, (frames, bands).

        The patch gets zeros at both ends: for an even kernel one more at the end, as TensorFlow does.
        """
        frames, bands = patch.shape
        rows = -(-frames // FRAMES_A_ROW)
        padded = np.zeros((bands, rows * FRAMES_A_ROW + self._taps - 1), dtype=np.float32)
        before = (self._taps - 1) // 2
        padded[:, before : before + frames] = patch.T
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(self._kernel), axis=1)
        windows = windows[:, ::FRAMES_A_ROW]  # (bands, rows, taps + 15)
        maxima = np.full((rows, self._kernel.shape[1]), -np.inf, dtype=np.float32)
        for first in range(0, bands, BANDS_A_BLOCK):
            block = windows[first : first + BANDS_A_BLOCK]
            products = block.reshape(-1, len(self._kernel)) @ self._kernel
            np.maximum(maxima, products.reshape(len(block), rows, -1).max(axis=0), out=maxima)
        return maxima.reshape(-1, self._filters)[:frames]


def narrow_convolution(frames: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convolve (patches, frames, channels) with (taps, channels, filters), zeros at both ends; taps is odd.

    Returns (patches, frames, filters).
    """
    taps, channels, filters = kernel.shape
    count, length, _ = frames.shape
    products = frames.reshape(-1, channels) @ kernel.transpose(1, 0, 2).reshape(channels, -1)
    of_taps = products.reshape(count, length, taps, filters)
    result = np.zeros((count, length, filters), dtype=np.float32)
    for tap in range(taps):
        shift = tap - taps // 2  # output t takes input t + shift
        result[:, max(0, -shift) : length - max(0, shift)] += of_taps[
            :, max(0, shift) : length - max(0, -shift), tap
        ]
    return result


def toom_cook(
    outputs: int, taps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The matrices of a convolution by Toom-Cook: of the outputs (outputs, points), kernel (points, taps), input
    (points, points).

    Output i, the sum over t of kernel[t] * input[i + t], is out @ ((of_kernel @ kernel) * (of_input @ input)), for
    `outputs + taps - 1` points, of which the last is infinity.
    """
    count = outputs + taps - 1
    points = POINTS[: count - 1]

    def evaluated(length: int) -> NDArray[np.float64]:
        powers = [[float(point**power) for power in range(length)] for point in points]
        return np.array([*powers, [0.0] * (length - 1) + [1.0]])

    of_input = np.asarray(np.linalg.inv(evaluated(count)).T, dtype=np.float64)
    return evaluated(outputs).T, evaluated(taps), of_input
