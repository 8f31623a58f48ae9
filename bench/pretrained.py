"""Processor time of the frozen embedding of a clip, beside the time of one matrix product with as many multiplications.

Run as `python -m bench.pretrained [CRATE] --clips 5`. CRATE is a folder with sound files of about 30 s, by default the
corpus beside the checkout, and noise where that is missing. All runs on one thread. Rows:

- SGEMM: the multiplications of the convolutions as products of 2048 x 2048 matrices, the fastest that BLAS has
- plain: the two wide convolutions as plain matrix products, with their maxima
- wide: the same by Toom-Cook, as the network computes them
- network: the whole network on the patches
- embed: all from samples at 22 050 Hz: resampling, log-mel patches, network
"""

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ml.models.pretrained.convolution import WideConvolution
from ml.models.pretrained.embed import embed, network
from ml.models.pretrained.log_mel import N_MELS, PATCH_FRAMES, patches
from ml.models.pretrained.network import Network
from ml.models.pretrained.source import MSD, weights_installed
from sound.decode import load_mono

CORPUS: Final = Path(__file__).resolve().parents[2] / "shared" / "corpus"
RATE: Final = 22050  # Hz, as extraction decodes
TURNS: Final = 3
SEED: Final = 7
SQUARE: Final = 2048
WIDE: Final = ((7, 38, 204), (7, 67, 204))  # taps, bands, filters
# Multiplications a patch: wide, long and narrow convolutions.
WIDE_PRODUCTS: Final = sum(PATCH_FRAMES * (N_MELS - bands + 1) * taps * bands * n for taps, bands, n in WIDE)
LONG_PRODUCTS: Final = PATCH_FRAMES * N_MELS * (128 + 64 + 32) * 51
NARROW_PRODUCTS: Final = PATCH_FRAMES * 7 * 64 * (561 + 64 + 64)
PRODUCTS: Final = WIDE_PRODUCTS + LONG_PRODUCTS + NARROW_PRODUCTS


def seconds(work: Callable[[], object]) -> float:
    """Processor time of the fastest of some turns."""
    times = []
    for _ in range(TURNS):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def sgemm(products: int) -> float:
    """Seconds that `products` multiplications take in large matrix products."""
    square = np.random.default_rng(SEED).random((SQUARE, SQUARE), dtype=np.float32)
    return seconds(lambda: square @ square) * products / SQUARE**3


def plain(patch: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """A wide convolution and its maximum over frequency, (frames - 6, filters), by plain matrix products."""
    taps, bands, filters = kernel.shape
    windows = np.lib.stride_tricks.sliding_window_view(patch, (taps, bands))
    matrix = kernel.reshape(-1, filters)
    blocks = (windows[first : first + 4] for first in range(0, len(windows), 4))
    return np.concatenate(
        [
            (block.reshape(-1, taps * bands) @ matrix).reshape(*block.shape[:2], -1).max(axis=1)
            for block in blocks
        ]
    )


def samples_of(crate: Path | None, count: int) -> list[NDArray[np.float32]]:
    """Clips of a crate, or noise of 30 s."""
    random = np.random.default_rng(SEED)
    if crate is None:
        return [0.1 * random.standard_normal(30 * RATE).astype(np.float32) for _ in range(count)]
    files = sorted(path for path in crate.rglob("*") if path.suffix in (".mp3", ".flac", ".ogg", ".wav"))
    return [load_mono(path, sample_rate=RATE) for path in random.permutation(np.array(files))[:count]]


def programs(clip: NDArray[np.float32], loaded: Network) -> dict[str, Callable[[], object]]:
    """What is measured on a clip, by name."""
    of_clip = patches(clip, RATE)
    padded = np.pad(of_clip, ((0, 0), (3, 3), (0, 0)))
    random = np.random.default_rng(SEED)
    kernels = [random.standard_normal(shape, dtype=np.float32) for shape in WIDE]
    convolutions = [WideConvolution(kernel) for kernel in kernels]
    return {
        "plain": lambda: [plain(patch, kernel) for patch in padded for kernel in kernels],
        "wide": lambda: [convolution.maxima(patch) for patch in padded for convolution in convolutions],
        "network": lambda: loaded.channels(of_clip),
        "embed": lambda: embed(clip, RATE),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("crate", type=Path, nargs="?", default=CORPUS if CORPUS.is_dir() else None)
    parser.add_argument("--clips", type=int, default=5)
    arguments = parser.parse_args()
    if not weights_installed():
        raise SystemExit("The pretrained network is not installed; run make install.")
    threadpool_limits(limits=1)
    clips = samples_of(arguments.crate, arguments.clips)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    loaded = network(MSD)
    loading = time.process_time() - begin
    floor = sgemm(PRODUCTS * len(patches(clips[0], RATE)))
    rows: dict[str, list[float]] = {"SGEMM": [floor]}
    for clip in clips:
        for name, work in programs(clip, loaded).items():
            rows.setdefault(name, []).append(seconds(work))
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{len(clips)} clips; seconds of processor time a clip (median), and its ratio to SGEMM")
    for name, times in rows.items():
        print(f"{name:<8}{median(times):8.3f}{median(times) / floor:8.2f}")
    print(
        f"loading and transforming the weights: {loading:.2f} s; at most {memory:.0f} MB more memory in this run"
    )


if __name__ == "__main__":
    main()
