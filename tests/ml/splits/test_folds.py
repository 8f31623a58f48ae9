import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ml.splits.folds import SplitIndices, grouped_folds, random_split
from ml.splits.requirements import TrainingRefused

FOLDS = 4


@st.composite
def labelled_tracks(draw: st.DrawFn, spanning: bool) -> tuple[NDArray[np.int64], list[str]]:
    """Label and group of some tracks: enough groups of each label, of any size; with `spanning`, some of all labels."""
    label: list[int] = []
    group: list[str] = []
    for one in range(draw(st.integers(1, 4))):
        for number, size in enumerate(draw(st.lists(st.integers(1, 5), min_size=FOLDS, max_size=9))):
            label += [one] * size
            group += [f"all {number}" if spanning and draw(st.booleans()) else f"{one} {number}"] * size
    order = draw(st.permutations(range(len(label))))
    return np.array(label)[order], [group[place] for place in order]


def rows_of(split: SplitIndices) -> list[set[int]]:
    return [set(rows.tolist()) for rows in (split.train, split.validation, split.holdout)]


@settings(max_examples=50, deadline=None)
@given(labelled_tracks(spanning=True), st.integers(0, 2**32 - 1))
def test_every_track_is_tested_once_and_no_group_is_in_two_parts(
    tracks_and_groups: tuple[NDArray[np.int64], list[str]], seed: int
) -> None:
    label, group = tracks_and_groups
    splits = list(grouped_folds(label, group, FOLDS, seed))
    assert len(splits) == FOLDS
    tested = np.concatenate([split.holdout for split in splits])
    assert sorted(tested.tolist()) == list(range(len(label)))
    for split in splits:
        parts = rows_of(split)
        assert sum(map(len, parts)) == len(set.union(*parts)) == len(label)
        groups = [{group[track] for track in part} for part in parts]
        assert sum(map(len, groups)) == len(set.union(*groups))


@settings(max_examples=50, deadline=None)
@given(labelled_tracks(spanning=False), st.integers(0, 2**32 - 1))
def test_every_fold_has_every_label_in_each_part_where_no_group_spans_labels(
    tracks_and_groups: tuple[NDArray[np.int64], list[str]], seed: int
) -> None:
    label, group = tracks_and_groups
    for split in grouped_folds(label, group, FOLDS, seed):
        for rows in (split.train, split.validation, split.holdout):
            assert set(label[rows]) == set(label)


def test_the_seed_decides_the_folds() -> None:
    label = np.arange(60) % 3
    group = [str(track) for track in range(60)]

    def dealt(seed: int) -> list[list[int]]:
        return [split.holdout.tolist() for split in grouped_folds(label, group, 5, seed)]

    assert dealt(1) == dealt(1)
    assert dealt(1) != dealt(2)
    assert [len(holdout) for holdout in dealt(1)] == [12] * 5


def test_each_fold_tunes_on_what_the_next_one_tests_on() -> None:
    label = np.arange(40) % 2
    splits = list(grouped_folds(label, [str(track) for track in range(40)], 4, seed=1))
    for one, following in zip(splits, splits[1:] + splits[:1], strict=True):
        assert one.validation.tolist() == following.holdout.tolist()


def test_a_label_with_fewer_groups_than_folds_is_refused_with_the_cure() -> None:
    label = np.array([0] * 5 + [1] * 5)
    group = [*"abcde", *"vwxyy"]
    with pytest.raises(
        TrainingRefused, match=r"5 folds need 5 groups .* and one has 4: ask for fewer folds or add tracks\."
    ):
        next(grouped_folds(label, group, 5, seed=1))
    assert len(list(grouped_folds(label, group, 4, seed=1))) == 4


@settings(max_examples=30, deadline=None)
@given(st.integers(10, 300), st.integers(0, 2**32 - 1))
def test_a_random_split_tests_and_tunes_on_a_tenth_each(tracks: int, seed: int) -> None:
    split = random_split(np.zeros(tracks, dtype=np.int64), seed)
    parts = rows_of(split)
    assert sum(map(len, parts)) == len(set.union(*parts)) == tracks
    assert len(split.holdout) == len(split.validation) == int(np.ceil(tracks / 10))
    again = random_split(np.zeros(tracks, dtype=np.int64), seed)
    assert split.holdout.tolist() == again.holdout.tolist()


def test_a_random_division_is_that_of_the_notebook() -> None:
    split = random_split(np.zeros(1429, dtype=np.int64), seed=1)
    assert (len(split.train), len(split.validation), len(split.holdout)) == (1143, 143, 143)
    other = random_split(np.zeros(1429, dtype=np.int64), seed=2)
    assert split.holdout.tolist() != other.holdout.tolist()


@pytest.mark.parametrize("seed", range(60))
def test_a_label_whose_few_tracks_are_large_groups_is_learnt_in_every_fold(seed: int) -> None:
    sizes = [(0, 40), (0, 1), (0, 1), (1, 30), (1, 2), (1, 1), (2, 1), (2, 1), (2, 25)]
    label = np.array([one for one, size in sizes for _ in range(size)])
    group = [str(number) for number, (_, size) in enumerate(sizes) for _ in range(size)]
    for split in grouped_folds(label, group, 3, seed):
        assert set(label[split.train]) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(60))
def test_a_random_split_has_training_tracks_of_a_label_with_few_tracks(seed: int) -> None:
    label = np.array([0] * 40 + [1] * 40 + [2] * 2)
    assert set(label[random_split(label, seed).train]) == {0, 1, 2}
