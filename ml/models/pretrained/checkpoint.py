"""Reads a TensorFlow checkpoint without TensorFlow: names and places from the .index file, values from the .data file.

The index is a sorted table in the format of LevelDB: blocks of entries (a key, of which the part shared with the key
before is left out, and a value), a block of handles to these blocks, and a footer with the place of that block. A value
is a BundleEntryProto: type, shape, offset and size of a tensor.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.models.pretrained.errors import WeightsError

FOOTER: Final = 48  # bytes
MAGIC: Final = 0xDB4775248B80FB57.to_bytes(8, "little")  # at the end of the footer
FLOAT32: Final = 1  # TensorFlow's DT_FLOAT
TRAINING_ONLY: Final = ("Adam", "beta1_power", "beta2_power")

# Protocol buffers: wire types and fields.
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
DTYPE, SHAPE, OFFSET, SIZE = 1, 2, 4, 5  # of BundleEntryProto


class _DamagedError(Exception):
    """The table breaks a rule of its format."""


def read_checkpoint(index: Path, data: Path) -> dict[str, NDArray[np.float32]]:
    """The float32 tensors of a checkpoint by name, without those of the optimiser.

    Raises:
        WeightsError: a file is missing, or is no checkpoint of this format.
    """
    try:
        table, values = index.read_bytes(), data.read_bytes()
        return {
            name: _tensor(entry, values)
            for name, entry in _entries(table)
            if name and not any(part in name for part in TRAINING_ONLY)
        }
    except (_DamagedError, UnicodeDecodeError) as problem:
        raise WeightsError(
            f"{str(index)!r} is no index of a checkpoint ({problem}); install its package again."
        ) from problem
    except OSError as problem:
        raise WeightsError(
            f"{problem.filename!r} cannot be read ({problem.strerror}); install its package again."
        ) from problem


def _entries(table: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and encoded entries of all tensors; the header has an empty name."""
    if len(table) < FOOTER or table[-8:] != MAGIC:
        raise _DamagedError("its last bytes are not those of a table")
    footer = table[-FOOTER:]
    _, at = _handle(footer, 0)  # of a block that TensorFlow leaves empty
    handles, _ = _handle(footer, at)
    for _, handle in _block(table, *handles):
        place, _ = _handle(handle, 0)
        for key, entry in _block(table, *place):
            yield key.decode(), entry


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block. Behind it come one byte for the compression and four for a checksum."""
    block = _cut(table, offset, size)
    if _cut(table, offset + size, 5)[0]:
        raise _DamagedError("a block is compressed")
    restarts = int.from_bytes(_cut(block, size - 4, 4), "little")
    end = size - 4 * (restarts + 1)
    if end < 0:
        raise _DamagedError("a block is shorter than its list of restarts")
    block, at, key = block[:end], 0, b""
    while at < end:
        shared, at = _varint(block, at)
        added, at = _varint(block, at)
        length, at = _varint(block, at)
        key = _cut(key, 0, shared) + _cut(block, at, added)
        yield key, _cut(block, at + added, length)
        at += added + length


def _tensor(entry: bytes, values: bytes) -> NDArray[np.float32]:
    """The tensor that an encoded BundleEntryProto describes."""
    numbers = {OFFSET: 0}  # a zero is left out
    shape: list[int] = []
    for field, value in _fields(entry):
        if isinstance(value, int):
            numbers[field] = value
        elif field == SHAPE:
            for _, dimension in _fields(value):
                sizes = [size for _, size in _fields(dimension) if isinstance(size, int)]
                shape.append(sizes[0] if sizes else 0)
    size = numbers.get(SIZE, 0)
    if numbers.get(DTYPE) != FLOAT32 or not all(shape) or size != 4 * int(np.prod(shape, dtype=object)):
        raise _DamagedError("a tensor is not float32, or its size is not that of its shape")
    return np.frombuffer(_cut(values, numbers[OFFSET], size), dtype="<f4").reshape(shape)


def _fields(message: bytes | int) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of the fields of an encoded protocol buffer."""
    if isinstance(message, int):
        raise _DamagedError("a number is where a message belongs")
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind not in (FIXED64, LENGTH, FIXED32):
            raise _DamagedError("a field has an unknown type")
        size = {FIXED64: 8, FIXED32: 4}.get(kind)
        if size is None:
            size, at = _varint(message, at)
        yield tag >> 3, _cut(message, at, size)
        at += size


def _handle(source: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Offset and size of a block, and the position behind them."""
    offset, at = _varint(source, at)
    size, at = _varint(source, at)
    return (offset, size), at


def _varint(source: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and the position behind it."""
    number = 0
    for shift in range(0, 64, 7):
        byte = _cut(source, at, 1)[0]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
    raise _DamagedError("a number is longer than 64 bits")


def _cut(source: bytes, offset: int, size: int) -> bytes:
    """`size` bytes from `offset` on, all of them inside the source."""
    if not 0 <= offset <= offset + size <= len(source):
        raise _DamagedError("a place lies beyond the end of the file")
    return source[offset : offset + size]
