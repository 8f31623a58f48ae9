import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from ml.evaluation.auroc import Auroc, auroc, mean_auroc


def groups(prefix: str, tracks: int, of: int = 1) -> NDArray[np.str_]:
    """Groups of `of` tracks each."""
    return np.array([f"{prefix} {number // of}" for number in range(tracks)])


@pytest.fixture(scope="module")
def usual() -> tuple[NDArray[np.float64], NDArray[np.float64], Auroc]:
    """A model that is somewhat surer of what it knows, on 80 known and 40 unknown tracks, each a group of its own."""
    random = np.random.default_rng(3)
    known, unknown = random.beta(4, 2, size=80), random.beta(2, 2, size=40)
    return known, unknown, auroc(known, unknown, groups("a", 80), groups("b", 40))


def test_the_area_is_that_of_scikit_learn(
    usual: tuple[NDArray[np.float64], NDArray[np.float64], Auroc],
) -> None:
    known, unknown, area = usual
    assert area.value == roc_auc_score([1] * 80 + [0] * 40, np.concatenate([known, unknown]))
    # In words: how often a known track is the surer one of a pair.
    assert area.value == pytest.approx((known[:, None] > unknown).mean())
    assert area.tracks == 120


def test_the_interval_is_that_of_hanley_and_mcneil(
    usual: tuple[NDArray[np.float64], NDArray[np.float64], Auroc],
) -> None:
    area = usual[2]
    assert area.low is not None
    assert area.high is not None
    assert area.low < area.value < area.high
    value, known, unknown = area.value, 80, 40
    above, below = value / (2 - value) - value**2, 2 * value**2 / (1 + value) - value**2
    variance = value * (1 - value) + (known - 1) * above + (unknown - 1) * below
    error = np.sqrt(variance / (known * unknown))  # "The meaning and use of the area under a ROC curve", 1982
    assert area.high - area.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_tracks_of_one_group_are_no_more_evidence_than_one(
    usual: tuple[NDArray[np.float64], NDArray[np.float64], Auroc],
) -> None:
    known, unknown, once = usual
    often = auroc(np.repeat(known, 4), np.repeat(unknown, 4), groups("a", 320, 4), groups("b", 160, 4))
    assert often.value == pytest.approx(once.value)
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


def test_ties_count_half_and_resamples_without_anything_to_compare_do_not_count() -> None:
    area = auroc(np.array([0.9, 0.5]), np.array([0.5, 0.5]), groups("a", 2), groups("b", 2))
    assert area.value == 0.75
    missing = np.isnan(area.resampled).mean()
    assert missing == pytest.approx(2 / 16, abs=0.03)  # four draws, all of the one or all of the other
    assert (area.low, area.high) == (0.5, 1.0)


def test_a_single_group_on_either_side_has_no_interval() -> None:
    alone = auroc(np.array([0.9, 0.4]), np.array([0.5]), groups("a", 2), groups("b", 1))
    assert alone.value == 0.5
    assert alone.low is None
    assert alone.high is None


def test_several_labels_have_the_mean_of_their_areas() -> None:
    two = [Auroc(0.6, np.array([0.5, 0.7, np.nan]), 10), Auroc(0.8, np.array([0.7, 0.9, 0.8]), 20)]
    together = mean_auroc(two)
    assert (together.value, together.tracks) == (pytest.approx(0.7), 30)
    assert together.resampled == pytest.approx([0.6, 0.8, np.nan], nan_ok=True)
    assert together.low is not None and together.low >= 0.6
    assert mean_auroc([Auroc(0.6, np.full(3, np.nan), 10)]).low is None
