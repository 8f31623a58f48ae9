"""A checkpoint of TensorFlow's format with random weights, of the shapes that musicnn's has."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Tensors = dict[str, NDArray[np.float32]]

KERNELS = (
    (7, 38, 1, 204),
    (7, 67, 1, 204),
    (128, 1, 1, 51),
    (64, 1, 1, 51),
    (32, 1, 1, 51),
    (7, 561, 1, 64),
    (7, 64, 1, 64),
    (7, 64, 1, 64),
)
NORMALISED = (1, 204, 204, 51, 51, 51, 64, 64, 64, 1506, 200)  # channels of each batch normalisation


def random_tensors(seed: int = 0) -> Tensors:
    """Weights of about the size of trained ones; half of the normalisations' scales are negative."""
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> NDArray[np.float32]:
        return (random.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))).astype(np.float32)

    tensors = {}
    for number, shape in enumerate(KERNELS):
        name = f"conv2d_{number}" if number else "conv2d"
        tensors |= {f"{name}/kernel": normal(*shape), f"{name}/bias": normal(shape[-1])}
    for name, shape in (("dense", (1506, 200)), ("dense_1", (200, 50))):
        tensors |= {f"{name}/kernel": normal(*shape), f"{name}/bias": normal(shape[-1])}
    for number, channels in enumerate(NORMALISED):
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        tensors |= {f"{name}/{part}": normal(channels) for part in ("gamma", "beta", "moving_mean")}
        tensors[f"{name}/moving_variance"] = random.uniform(0.5, 2, channels).astype(np.float32)
    return tensors


def write_checkpoint(folder: Path, tensors: Mapping[str, NDArray[np.float32]]) -> tuple[Path, Path]:
    """Write index and data, with a tensor of the optimiser among them, and return their paths."""
    entries, values = [(b"", b"\x08\x01")], b""  # the header
    for name, tensor in sorted({**tensors, "dense/kernel/Adam": np.ones(3, dtype=np.float32)}.items()):
        sizes = b"".join(_message(2, b"\x08" + _varint(size)) for size in tensor.shape)
        entry = (
            b"\x08\x01"
            + _message(2, sizes)
            + b"\x20"
            + _varint(len(values))
            + b"\x28"
            + _varint(tensor.nbytes)
        )
        entries.append((name.encode(), entry + b"\x35\x00\x00\x00\x00"))
        values += tensor.astype("<f4").tobytes()
    table, handles = b"", []
    for first in range(0, len(entries), 20):  # several blocks
        block = _block(entries[first : first + 20])
        handles.append((entries[first][0] + b"~", _varint(len(table)) + _varint(len(block))))
        table += block + bytes(5)
    last = _block(handles)
    footer = _varint(0) + _varint(0) + _varint(len(table)) + _varint(len(last))
    table += last + bytes(5) + footer.ljust(40, b"\0") + 0xDB4775248B80FB57.to_bytes(8, "little")
    index, data = folder / ".index", folder / ".data-00000-of-00001"
    index.write_bytes(table)
    data.write_bytes(values)
    return index, data


def _block(entries: list[tuple[bytes, bytes]]) -> bytes:
    block, before = b"", b""
    for key, value in entries:
        shared = next((n for n, (a, b) in enumerate(zip(key, before, strict=False)) if a != b), 0)
        block += _varint(shared) + _varint(len(key) - shared) + _varint(len(value)) + key[shared:] + value
        before = key
    return block + (0).to_bytes(4, "little") + (1).to_bytes(4, "little")


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    groups = [number >> shift & 127 for shift in range(0, max(1, number.bit_length()), 7)]
    return bytes([*(group | 128 for group in groups[:-1]), groups[-1]])
