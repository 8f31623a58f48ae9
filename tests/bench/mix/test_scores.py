"""Scores of found boundaries, against definitions that take longer to compute."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from bench.mix.scores import Stretch, boundaries, broken_seconds, errors, hits, joined, right_seconds

moments = st.lists(st.integers(0, 60), max_size=8, unique=True).map(
    lambda found: np.array(sorted(found), dtype=float)
)


def stretches(labels: str, seconds: float = 10.0) -> list[Stretch]:
    return [Stretch(place * seconds, (place + 1) * seconds, label) for place, label in enumerate(labels)]


@given(true=moments, found=moments, within_s=st.integers(0, 20))
def test_hits_are_the_largest_matching(true: np.ndarray, found: np.ndarray, within_s: int) -> None:
    near = np.abs(true[:, None] - found[None]) <= within_s
    pairs = maximum_bipartite_matching(csr_matrix(near), perm_type="column") if near.size else np.array([])
    assert hits(true, found, within_s) == (pairs >= 0).sum()


def test_neighbours_of_one_label_have_no_boundary() -> None:
    assert boundaries(stretches("aabba")).tolist() == [20, 40]
    assert [one.label for one in joined(stretches("aabba"))] == ["a", "b", "a"]


@given(st.text("abc", min_size=1, max_size=8), st.text("abc", min_size=1, max_size=8))
def test_right_seconds_count_each_second(true: str, found: str) -> None:
    whole = len(true) * len(found)
    one, other = stretches(true, whole / len(true)), stretches(found, whole / len(found))
    expected = sum(true[second // len(found)] == found[second // len(true)] for second in range(whole))
    assert right_seconds(one, other) == pytest.approx(expected)


def test_what_is_cut_up_and_what_is_run_together() -> None:
    true, found = stretches("aaaabbbb"), stretches("aabaabbb")
    assert broken_seconds(true, true) == 0
    assert broken_seconds(true, found) == pytest.approx(20 + 10)  # pieces of 20 s of 40 s, and of 30 s
    assert broken_seconds(found, true) == pytest.approx(
        10
    )  # of "a" at 30 s and "b", 10 s lie before the change
    assert list(itertools.accumulate(errors(boundaries(true), boundaries(found)))) == [pytest.approx(10)]
    assert np.isinf(errors(np.array([5.0]), np.array([]))).all()
