import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ml.splits.folds import SplitIndices, grouped_folds, random_split
from ml.splits.requirements import TrainingRefused

FOLDS = 4


@st.composite
def crates(draw: st.DrawFn, spanning: bool) -> tuple[NDArray[np.int64], list[str]]:
    """Label and group of some tracks: enough groups of each label, of any size; with `spanning`, some of all labels."""
    label: list[int] = []
    group: list[str] = []
    for one in range(draw(st.integers(1, 4))):
        for number, size in enumerate(draw(st.lists(st.integers(1, 5), min_size=FOLDS, max_size=9))):
            label += [one] * size
            group += [f"all {number}" if spanning and draw(st.booleans()) else f"{one} {number}"] * size
    order = draw(st.permutations(range(len(label))))
    return np.array(label)[order], [group[place] for place in order]


def rows_of(division: SplitIndices) -> list[set[int]]:
    return [set(rows.tolist()) for rows in (division.train, division.validation, division.holdout)]


@settings(max_examples=50, deadline=None)
@given(crates(spanning=True), st.integers(0, 2**32 - 1))
def test_every_track_is_tested_once_and_no_group_is_on_two_sides(
    crate: tuple[NDArray[np.int64], list[str]], seed: int
) -> None:
    label, group = crate
    divisions = list(grouped_folds(label, group, FOLDS, seed))
    assert len(divisions) == FOLDS
    tested = np.concatenate([division.holdout for division in divisions])
    assert sorted(tested.tolist()) == list(range(len(label)))
    for division in divisions:
        parts = rows_of(division)
        assert sum(map(len, parts)) == len(set.union(*parts)) == len(label)
        groups = [{group[track] for track in part} for part in parts]
        assert sum(map(len, groups)) == len(set.union(*groups))


@settings(max_examples=50, deadline=None)
@given(crates(spanning=False), st.integers(0, 2**32 - 1))
def test_where_no_group_spans_labels_every_label_is_learnt_tuned_and_tested_in_every_fold(
    crate: tuple[NDArray[np.int64], list[str]], seed: int
) -> None:
    label, group = crate
    for division in grouped_folds(label, group, FOLDS, seed):
        for rows in (division.train, division.validation, division.holdout):
            assert set(label[rows]) == set(label)


def test_the_seed_deals_the_folds() -> None:
    label = np.arange(60) % 3
    group = [str(track) for track in range(60)]

    def dealt(seed: int) -> list[list[int]]:
        return [division.holdout.tolist() for division in grouped_folds(label, group, 5, seed)]

    assert dealt(1) == dealt(1)
    assert dealt(1) != dealt(2)
    assert [len(holdout) for holdout in dealt(1)] == [12] * 5


def test_each_fold_tunes_on_what_the_next_one_tests_on() -> None:
    label = np.arange(40) % 2
    divisions = list(grouped_folds(label, [str(track) for track in range(40)], 4, seed=1))
    for one, following in zip(divisions, divisions[1:] + divisions[:1], strict=True):
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
def test_a_random_division_tests_and_tunes_on_a_tenth_each(tracks: int, seed: int) -> None:
    division = random_split(np.zeros(tracks, dtype=np.int64), seed)
    parts = rows_of(division)
    assert sum(map(len, parts)) == len(set.union(*parts)) == tracks
    assert len(division.holdout) == len(division.validation) == int(np.ceil(tracks / 10))
    again = random_split(np.zeros(tracks, dtype=np.int64), seed)
    assert division.holdout.tolist() == again.holdout.tolist()


def test_a_random_division_is_that_of_the_notebook() -> None:
    division = random_split(np.zeros(1429, dtype=np.int64), seed=1)
    assert (len(division.train), len(division.validation), len(division.holdout)) == (1143, 143, 143)
    other = random_split(np.zeros(1429, dtype=np.int64), seed=2)
    assert division.holdout.tolist() != other.holdout.tolist()


@pytest.mark.parametrize("seed", range(60))
def test_a_label_whose_few_tracks_are_large_groups_is_learnt_in_every_fold(seed: int) -> None:
    sizes = [(0, 40), (0, 1), (0, 1), (1, 30), (1, 2), (1, 1), (2, 1), (2, 1), (2, 25)]
    label = np.array([one for one, size in sizes for _ in range(size)])
    group = [str(number) for number, (_, size) in enumerate(sizes) for _ in range(size)]
    for division in grouped_folds(label, group, 3, seed):
        assert set(label[division.train]) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(60))
def test_a_random_division_leaves_something_to_learn_of_a_label_with_few_tracks(seed: int) -> None:
    label = np.array([0] * 40 + [1] * 40 + [2] * 2)
    assert set(label[random_split(label, seed).train]) == {0, 1, 2}
