import numpy as np
import pytest

from ml.evaluation.bootstrap import interval, resample, tally


def test_sums_are_those_of_the_items_of_each_group() -> None:
    group, column = np.array([0, 0, 1, 2]), np.array([1, 1, 0, 2])
    assert tally(group, column, 3).tolist() == [[0, 2, 0], [1, 0, 0], [0, 0, 1]]
    weight = np.array([0.5, 0.25, 2.0, 3.0])
    assert tally(group, column, 3, weight).tolist() == [[0, 0.75, 0], [2, 0, 0], [0, 0, 3]]


def test_every_resample_has_as_many_groups_as_there_are() -> None:
    totals = resample(np.hstack([np.ones((7, 1)), np.eye(7)]), 50)
    assert totals.shape == (50, 8)
    assert (totals[:, 0] == 7).all()
    assert (totals[:, 1:].sum(axis=1) == 7).all()
    assert len(np.unique(totals, axis=0)) > 40


def test_the_mean_of_many_groups_has_the_interval_of_the_normal_distribution() -> None:
    values = np.random.default_rng(3).normal(size=400)
    low, high = interval(resample(values[:, None])[:, 0] / 400)
    error = values.std() / np.sqrt(400)
    assert (low, high) == pytest.approx(
        (values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.01
    )


def test_few_draws_are_held_at_a_time() -> None:
    sums = np.random.default_rng(4).random((40, 2))
    whole = resample(sums, 30)
    two_resamples = 100  # draws, of 40 groups each
    assert resample(sums, 30, two_resamples) == pytest.approx(whole)


def test_resamples_without_the_figure_are_left_out_of_the_interval() -> None:
    assert interval(np.array([np.nan, 0.5, 0.5, np.nan])) == (0.5, 0.5)
