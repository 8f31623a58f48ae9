from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ml.data.batches import OrderedBatches, TrainingBatches
from ml.data.crops import Crops, Standardisation, load_crops
from ml.data.hyperparameters import Hyperparameters
from tests.ml.clips import counted

CROP_FRAMES = 16
LENGTHS = (16, 31, 32, 100, 55)  # frames of clips 0 to 4, which give 1, 1, 2, 6 and 3 crops
LABELS = (0, 1, 2, 1, 0)
STATISTICS = Standardisation((-40.0,) * 128, (10.0,) * 128)

Epoch = list[tuple[NDArray[np.floating], NDArray[np.float32]]]


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Crops:
    folder = tmp_path_factory.mktemp("spectrograms")
    clips = [counted(folder, *clip) for clip in zip(range(5), LENGTHS, LABELS, strict=True)]
    return load_crops(clips, crop_frames=CROP_FRAMES)


def training(crops: Crops, seed: int = 1, **choices: object) -> TrainingBatches:
    chosen = Hyperparameters("seed", crop_frames=CROP_FRAMES, **choices)  # type: ignore[arg-type]
    return TrainingBatches(crops, 3, STATISTICS, chosen, seed)


def epoch(batches: TrainingBatches | OrderedBatches) -> Epoch:
    return [batches[number] for number in range(len(batches))]


def places(batches: Epoch) -> list[tuple[int, int]]:
    """Clip and first frame of each crop, whose frames have to follow each other, and whose label has to be its own."""
    found = []
    for values, targets in batches:
        assert values.shape[1:] == (CROP_FRAMES, 128)
        for crop, target in zip(values, targets, strict=True):
            clip, start = int(crop[0, 1]), int(crop[0, 0])
            assert (crop[:, 1] == clip).all()
            assert crop[:, 0].tolist() == list(range(start, start + CROP_FRAMES))
            assert target.tolist() == np.eye(3)[LABELS[clip]].tolist()
            found.append((clip, start))
    return found


@pytest.mark.parametrize("batch_size", [1, 4, 13, 50])
def test_ordered_batches_hold_every_crop_in_order(crops: Crops, batch_size: int) -> None:
    batches = epoch(OrderedBatches(crops, 3, batch_size))
    expected = [
        (clip, start)
        for clip, frames in enumerate(LENGTHS)
        for start in range(0, frames - CROP_FRAMES + 1, CROP_FRAMES)
    ]
    assert places(batches) == expected
    sizes = [len(values) for values, _ in batches]
    assert set(sizes[:-1]) <= {batch_size}
    assert 0 < sizes[-1] <= batch_size


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 70), st.none() | st.integers(1, 12), st.integers(0, 2**32))
def test_training_batches_are_of_one_size_and_of_crops_that_exist(
    crops: Crops, batch_size: int, random_crops: int | None, seed: int
) -> None:
    batches = training(crops, seed, batch_size=batch_size, random_crops=random_crops)
    whole = len(crops) if random_crops is None else random_crops * len(LENGTHS)
    assert len(batches) == max(1, whole // batch_size)
    for _ in range(2):
        dealt = epoch(batches)
        assert {len(values) for values, _ in dealt} == {min(batch_size, whole)}
        found = places(dealt)
        assert all(start + CROP_FRAMES <= LENGTHS[clip] for clip, start in found)
        often = Counter(found) if random_crops is None else Counter(clip for clip, _ in found)
        assert max(often.values()) <= (random_crops or 1)  # nothing comes twice at the expense of another
        batches.on_epoch_end()


def test_random_crops_come_from_every_place_of_a_clip(crops: Crops) -> None:
    found = places(epoch(training(crops, batch_size=50, random_crops=1000)))
    starts = {clip: {start for other, start in found if other == clip} for clip in range(5)}
    assert starts == {clip: set(range(frames - CROP_FRAMES + 1)) for clip, frames in enumerate(LENGTHS)}


def test_without_augmentation_crops_are_what_is_on_disk(crops: Crops) -> None:
    for values, _ in epoch(training(crops, batch_size=4)):
        assert values.dtype == np.float16  # as stored: nothing has touched it


AUGMENTED = {"gain_db": 6.0, "equaliser_db": 4.0, "masks": 0.2, "mixup": 0.3}


@pytest.mark.parametrize("random_crops", [None, 3])
@pytest.mark.parametrize("choices", [{}, AUGMENTED], ids=["plain", "augmented"])
def test_an_epoch_is_dealt_by_the_seed_and_another_one_follows(
    crops: Crops, random_crops: int | None, choices: dict[str, float]
) -> None:
    def two_epochs(seed: int) -> list[list[bytes]]:
        batches = training(crops, seed, batch_size=4, random_crops=random_crops, **choices)
        rows = []
        for _ in range(2):
            rows.append([values.tobytes() + targets.tobytes() for values, targets in epoch(batches)])
            batches.on_epoch_end()
        return rows

    first, second = two_epochs(seed=1)
    assert [first, second] == two_epochs(seed=1)
    assert first != second
    assert first != two_epochs(seed=2)[0]


@pytest.mark.parametrize("name", AUGMENTED)
def test_every_augmentation_that_is_chosen_takes_place(crops: Crops, name: str) -> None:
    plain = epoch(training(crops, batch_size=13))
    ((values, targets),) = epoch(training(crops, batch_size=13, **{name: AUGMENTED[name]}))
    ((before, labels),) = plain
    assert values.dtype == np.float32
    assert values.shape == before.shape
    assert not np.array_equal(values, before)
    assert np.array_equal(targets, labels) == (name != "mixup")
    assert targets.sum(axis=1) == pytest.approx(1)
    if name == "masks":
        assert set(values[values != before].tolist()) == {-40.0}  # the mean of the band
