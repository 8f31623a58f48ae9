from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.models.pretrained.checkpoint import read_checkpoint
from ml.models.pretrained.errors import WeightsError
from tests.ml.models.pretrained.checkpoint_writer import random_tensors, write_checkpoint

SMALL = {f"layer_{number}/kernel": np.full((2, number), number, dtype=np.float32) for number in range(1, 60)}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"), SMALL)


def test_tensors_come_back_by_name_and_those_of_the_optimiser_do_not(tmp_path: Path) -> None:
    written = random_tensors()
    read = read_checkpoint(*write_checkpoint(tmp_path, written))
    assert read.keys() == written.keys()
    for name, tensor in written.items():
        np.testing.assert_array_equal(read[name], tensor)


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_a_file_that_ends_early_is_named(tmp_path: Path, suffix: str) -> None:
    index, data = write_checkpoint(tmp_path, SMALL)
    file = tmp_path / suffix
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(
        WeightsError, match=r"\.index' is no index of a checkpoint \(.*install its package again"
    ):
        read_checkpoint(index, data)


def test_a_compressed_table_is_refused(files: tuple[Path, Path]) -> None:
    table = bytearray(files[0].read_bytes())
    compressed = files[0].with_name("compressed")
    table[-49 - 4] = 1  # the byte behind the last block, before its checksum
    compressed.write_bytes(table)
    with pytest.raises(WeightsError, match="a block is compressed"):
        read_checkpoint(compressed, files[1])


def test_a_missing_file_is_named(files: tuple[Path, Path]) -> None:
    missing = files[1].with_name("absent")
    with pytest.raises(WeightsError, match="absent' cannot be read"):
        read_checkpoint(files[0], missing)


@given(st.data())
def test_damage_anywhere_gives_tensors_or_a_sentence(files: tuple[Path, Path], data: st.DataObject) -> None:
    """Any bytes of the index may be wrong: nothing is read beyond a file's end, and no other error escapes."""
    table = bytearray(files[0].read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        table[data.draw(st.integers(0, len(table) - 1))] = data.draw(st.integers(0, 255))
    damaged = files[0].with_name("damaged")
    damaged.write_bytes(table)
    try:
        read_checkpoint(damaged, files[1])
    except WeightsError as problem:
        assert "install its package again" in str(problem)
