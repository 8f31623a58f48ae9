import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.metrics import log_loss

from ml.evaluation.calibration import (
    FEWEST_TRACKS,
    HIGHEST,
    LOWEST,
    UNKNOWN_SHARE,
    Calibration,
    Temperatures,
    calibrate,
    calibration_remark,
    fit_calibration,
    fit_temperatures,
)

SHARES = arrays(np.float32, (4, 5), elements=st.floats(0, 1, width=32)).filter(lambda rows: rows.sum(1).all())


def honest(number: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities of three labels that mean what they say, and labels drawn from them."""
    random = np.random.default_rng(7)
    scores = random.dirichlet([1.0, 1.0, 1.0], size=number)
    return scores, (scores.cumsum(axis=1) < random.random((number, 1))).sum(axis=1)


@settings(max_examples=50, deadline=None)
@given(SHARES, st.floats(LOWEST, HIGHEST))
def test_the_order_of_the_labels_never_changes(rows: NDArray[np.float32], temperature: float) -> None:
    calibrated = calibrate(rows, temperature)
    assert np.isfinite(calibrated).all()
    assert calibrated.sum(axis=1) == pytest.approx(1)
    order = np.argsort(rows, axis=1)
    assert (np.diff(np.take_along_axis(calibrated, order, axis=1), axis=1) >= 0).all()


def test_temperature_one_changes_nothing() -> None:
    scores, _ = honest(50)
    assert calibrate(scores, 1.0) == pytest.approx(scores)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_was_lost_is_found_again(temperature: float) -> None:
    scores, truth = honest(4000)
    ids = np.arange(4000)
    distorted = calibrate(scores, 1 / temperature)  # 2.5: over-confident
    found = fit_temperatures(distorted, truth, ids, ids)
    assert found.crop == found.clip == found.track == pytest.approx(temperature, rel=0.06)
    if temperature != 1.0:
        calibrated = calibrate(distorted, found.track)
        assert log_loss(truth, calibrated) < log_loss(truth, distorted)
        assert np.array_equal(calibrated.argmax(axis=1), distorted.argmax(axis=1))


def test_each_level_has_the_temperature_of_its_means() -> None:
    # Each crop says 0.8, and three in five are right; a track of five crops that differ in nothing but luck is
    # right far more often than its mean of about 0.56 says.
    random = np.random.default_rng(8)
    track = np.repeat(np.arange(400), 5)
    right = random.random(2000) < 0.6
    scores = np.where(right[:, None], [[0.8, 0.2]], [[0.2, 0.8]])
    found = fit_temperatures(scores, np.zeros(2000, dtype=np.int64), np.arange(2000), track)
    assert found.crop == found.clip == pytest.approx(np.log(4) / np.log(1.5), rel=0.2)
    assert found.track < 1 < found.crop


def test_temperatures_stay_where_they_can_be_believed() -> None:
    ids = np.arange(40)
    scores = np.tile([0.9, 0.1], (40, 1))
    assert fit_temperatures(scores, np.zeros(40, dtype=int), ids, ids).track == pytest.approx(
        LOWEST, rel=0.01
    )
    assert fit_temperatures(scores, np.ones(40, dtype=int), ids, ids).track == pytest.approx(
        HIGHEST, rel=0.01
    )


def test_too_few_tracks_say_nothing_about_confidence() -> None:
    scores, truth = honest(300)
    track = np.arange(300) % (FEWEST_TRACKS - 1)
    assert fit_temperatures(scores**3, truth, np.arange(300), track) == Temperatures(1.0, 1.0, 1.0)
    none = np.empty(0, dtype=np.int64)
    assert fit_temperatures(np.empty((0, 3)), none, none, none) == Temperatures()


def test_of_the_tracks_that_set_the_threshold_a_twentieth_is_unknown() -> None:
    scores, truth = honest(400)
    track = np.arange(400)
    found = fit_calibration(scores, truth, track, track)
    assert found.temperatures == fit_temperatures(scores, truth, track, track)
    confidence = calibrate(scores, found.temperatures.track).max(axis=1)
    assert (confidence < found.unknown_below).mean() == pytest.approx(UNKNOWN_SHARE)


def test_what_is_unknown_is_decided_track_by_track_not_clip_by_clip() -> None:
    # Each track has one clip that is sure and one that is not: no track is less sure than its mean.
    track = np.repeat(np.arange(30), 2)
    scores = np.tile([[0.9, 0.1], [0.5, 0.5]], (30, 1))
    found = fit_calibration(scores, track % 2, np.arange(60), track)
    assert found.unknown_below == pytest.approx(
        calibrate(np.array([[0.7, 0.3]]), found.temperatures.track).max()
    )


@pytest.mark.parametrize("tracks", [0, 1, FEWEST_TRACKS - 1])
def test_with_few_tracks_nothing_is_unknown(tracks: int) -> None:
    scores, truth = honest(tracks)
    ids = np.arange(tracks)
    assert fit_calibration(scores, truth, ids, ids) == Calibration(Temperatures(1.0, 1.0, 1.0), 0.0)
    assert f"{tracks} validation tracks are too few" in (calibration_remark(tracks) or "")
    assert calibration_remark(FEWEST_TRACKS) is None
