import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from ml.evaluation.paired_bootstrap import compare


def answers(labels: NDArray[np.int64], number_of_labels: int = 3) -> NDArray[np.float64]:
    """Probabilities of a model that answers these labels."""
    return np.eye(number_of_labels)[labels] * 0.4 + 0.2


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 40))
def test_a_model_is_no_better_than_itself(seed: int, tracks: int) -> None:
    random = np.random.default_rng(seed)
    truth, same = random.integers(3, size=(2, tracks))
    group = [f"artist {number}" for number in range(tracks)]
    found = compare(answers(same), answers(same), truth, group)
    assert (found.difference, found.low, found.high, found.probability_better) == (0, 0, 0, 0.5)
    assert (found.tracks, found.groups) == (tracks, tracks)
    assert (
        found.challenger
        == found.champion
        == pytest.approx(np.mean([np.mean(same[truth == label] == label) for label in np.unique(truth)]))
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_what_one_wins_the_other_loses(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth, one, other = random.integers(3, size=(3, 30))
    group = random.integers(8, size=30).astype(str).tolist()
    there = compare(answers(one), answers(other), truth, group)
    back = compare(answers(other), answers(one), truth, group)
    assert there.difference == pytest.approx(-back.difference)
    assert there.low == pytest.approx(-back.high)
    assert there.high == pytest.approx(-back.low)
    assert there.probability_better == pytest.approx(1 - back.probability_better)
    assert there.low <= there.difference + 1e-9 or there.groups < 4


def test_a_model_that_is_better_everywhere_wins_every_resample() -> None:
    truth = np.arange(30) % 3
    found = compare(
        answers(truth), answers((truth + 1) % 3), truth, [str(number // 3) for number in range(30)]
    )
    assert (found.challenger, found.champion, found.difference) == (1, 0, 1)
    assert (found.low, found.high, found.probability_better) == (1, 1, 1)


def test_the_interval_is_that_of_independent_differences() -> None:
    random = np.random.default_rng(5)
    truth = np.zeros(300, dtype=np.int64)
    one, other = (random.random((2, 300)) < [[0.4], [0.5]]).astype(np.int64)
    found = compare(answers(one), answers(other), truth, np.arange(300).astype(str).tolist())
    differences = (one == 0) * 1.0 - (other == 0)
    error = differences.std() / np.sqrt(300)
    assert found.difference == pytest.approx(differences.mean())
    assert found.low == pytest.approx(differences.mean() - 1.96 * error, abs=0.01)
    assert found.high == pytest.approx(differences.mean() + 1.96 * error, abs=0.01)


def test_repeats_count_as_one_answer_in_shares() -> None:
    random = np.random.default_rng(6)
    truth = np.arange(40) % 2
    one, other = random.integers(2, size=(2, 5, 40))
    group = (np.arange(40) // 2).astype(str).tolist()
    found = compare(answers(one, 2), answers(other, 2), truth, group)
    assert found.challenger == pytest.approx(np.mean([balanced_accuracy_score(truth, row) for row in one]))
    assert found.champion == pytest.approx(np.mean([balanced_accuracy_score(truth, row) for row in other]))
    assert found.tracks == 40
    assert found.groups == 20
    # The same answers five times over are no more evidence than once.
    once = compare(answers(one[0], 2), answers(other[0], 2), truth, group)
    often = compare(answers(one[[0] * 5], 2), answers(other[[0] * 5], 2), truth, group)
    assert (often.low, often.high) == pytest.approx((once.low, once.high))
    assert often.probability_better == once.probability_better


def test_one_group_says_nothing() -> None:
    truth = np.array([0, 1, 2])
    found = compare(answers(truth), answers(truth[::-1]), truth, ["one"] * 3)
    assert (found.low, found.high, found.probability_better) == (-1, 1, 0.5)
    assert found.difference == pytest.approx(2 / 3)


def test_different_tracks_cannot_be_compared() -> None:
    truth = np.array([0, 1])
    with pytest.raises(ValueError, match="both need the same tracks"):
        compare(answers(truth), answers(np.array([0, 1, 2])), truth, ["a", "b"])
    with pytest.raises(ValueError, match="at least one"):
        compare(np.empty((0, 3)), np.empty((0, 3)), np.empty(0, dtype=np.int64), [])
