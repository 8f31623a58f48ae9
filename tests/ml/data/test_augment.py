from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ml.data.augment import EQUALISER_POINTS, equalise, gain, mask, mixup

Batch = NDArray[np.float32]
Augmentation = Callable[[Batch, np.random.Generator], Batch]

FILL = np.linspace(-90, -20, 64)
EVERY: dict[str, Augmentation] = {
    "gain": lambda batch, random: gain(batch, 6.0, random),
    "equalise": lambda batch, random: equalise(batch, 4.0, random),
    "mask": lambda batch, random: mask(batch, 0.3, FILL, random),
    "mix": lambda batch, random: mixup(batch, np.eye(len(batch), dtype=np.float32), 0.3, random)[0],
}
NOTHING: dict[str, Augmentation] = {
    "gain": lambda batch, random: gain(batch, 0.0, random),
    "equalise": lambda batch, random: equalise(batch, 0.0, random),
    "mask": lambda batch, random: mask(batch, 0.0, FILL, random),
}


def crops(number: int = 5, frames: int = 40, bands: int = 64, seed: int = 0) -> Batch:
    return np.random.default_rng(seed).normal(-50, 15, (number, frames, bands)).astype(np.float32)


@pytest.mark.parametrize("name", EVERY)
def test_the_batch_stays_as_it_was_and_another_one_comes_back(name: str) -> None:
    batch = crops()
    before = batch.copy()
    found = EVERY[name](batch, np.random.default_rng(1))
    assert np.array_equal(batch, before)
    assert not np.shares_memory(batch, found)
    assert (found.shape, found.dtype) == (batch.shape, np.float32)
    assert not np.array_equal(found, batch)


@pytest.mark.parametrize("name", EVERY)
def test_all_chance_is_that_of_the_generator(name: str) -> None:
    one, same, other = (EVERY[name](crops(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", NOTHING)
def test_no_strength_changes_nothing(name: str) -> None:
    assert np.array_equal(NOTHING[name](crops(), np.random.default_rng(1)), crops())


def test_a_gain_is_one_number_for_a_whole_crop() -> None:
    change = gain(crops(400, 3, 4), 6.0, np.random.default_rng(1)) - crops(400, 3, 4)
    assert np.ptp(change, axis=(1, 2)) == pytest.approx(0, abs=1e-4)
    decibels = change[:, 0, 0]
    assert (decibels.mean(), decibels.std()) == (pytest.approx(0, abs=0.9), pytest.approx(6, rel=0.1))


def test_an_equaliser_leaves_the_rhythm_alone_and_bends_only_at_its_points() -> None:
    batch = crops(200, 6, 128)
    change = (equalise(batch, 4.0, np.random.default_rng(1)) - batch).astype(np.float64)
    assert np.ptp(change, axis=1) == pytest.approx(0, abs=1e-4)  # the same at every moment of a crop
    curve = change[:, 0]
    assert curve.std(axis=0)[[0, -1]] == pytest.approx(4, rel=0.15)  # at the outermost points
    # Bass and treble are independent.
    assert np.abs(np.corrcoef(curve[:, 0], curve[:, -1])[0, 1]) < 0.2
    bends = np.abs(np.diff(curve, n=2)) > 1e-3
    assert bends.any(axis=0).sum() <= 2 * (EQUALISER_POINTS - 2)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 50), st.integers(2, 64), st.floats(0, 1), st.integers(0, 2**32))
def test_a_mask_hides_one_run_of_bands_and_one_of_frames_of_at_most_that_share(
    number: int, frames: int, bands: int, widest: float, seed: int
) -> None:
    batch = crops(number, frames, bands, seed)
    fill = np.full(bands, 1.0)  # dB above full scale: in no crop
    hidden = mask(batch, widest, fill, np.random.default_rng(seed)) == 1.0
    assert np.array_equal(mask(batch, widest, fill, np.random.default_rng(seed))[~hidden], batch[~hidden])
    for crop in hidden:
        # A frame is hidden as a whole, or just where a hidden band crosses it; and the other way round.
        whole_frames, whole_bands = crop.all(axis=1), crop.all(axis=0)
        if not crop.all():
            assert np.array_equal(crop, whole_frames[:, None] | whole_bands[None, :])
            assert whole_frames.sum() <= widest * frames
            assert whole_bands.sum() <= widest * bands
            assert is_one_run(whole_frames) and is_one_run(whole_bands)


def is_one_run(hidden: NDArray[np.bool_]) -> bool:
    return int(np.abs(np.diff(np.concatenate([[0], hidden, [0]]).astype(int))).sum()) <= 2


def test_masks_reach_the_whole_share_and_every_place() -> None:
    hidden = (
        mask(np.zeros((3000, 20, 10), dtype=np.float32), 0.3, np.ones(10), np.random.default_rng(1)) == 1.0
    )
    assert hidden.all(axis=2).sum(axis=1).max() == 6
    assert hidden.all(axis=1).sum(axis=1).max() == 3
    assert hidden.any(axis=0).all()


def test_what_is_masked_has_the_mean_of_its_band() -> None:
    batch = crops(20)
    found = mask(batch, 0.5, FILL, np.random.default_rng(1))
    changed = found != batch
    assert changed.any()
    assert np.array_equal(found[changed], np.broadcast_to(FILL.astype(np.float32), batch.shape)[changed])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 5), st.floats(0.05, 4), st.integers(0, 2**32))
def test_a_mixed_crop_is_labelled_by_what_is_in_it(number: int, labels: int, alpha: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    targets = np.eye(labels, dtype=np.float32)[random.integers(labels, size=number)]
    # Each crop sounds like its label and nothing else, so that what it is mixed of can be read off it.
    batch = np.repeat(targets[:, None, :], 3, axis=1)
    found, mixed = mixup(batch, targets, alpha, random)
    assert mixed.dtype == np.float32
    assert found == pytest.approx(np.repeat(mixed[:, None, :], 3, axis=1), abs=1e-6)
    assert mixed.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert (mixed >= 0).all()
    assert ((mixed > 0).sum(axis=1) <= 2).all()
