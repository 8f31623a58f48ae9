"""The timeline: against all sequences there are, and what it may never show."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from ml.evaluation.calibration import Calibration
from ml.mixes.analyse import WindowScores
from ml.mixes.segmentation import UNKNOWN, TimelineChoices, most_probable_path, posteriors, timeline

STEP_S = 1.486
LABELS = ("a", "b", "c")

scores_of_few = st.tuples(st.integers(1, 7), st.integers(1, 3)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(-4, 4).map(lambda value: round(value, 3)))
)


def scores_of(probabilities: NDArray[np.floating], sounding: bool | NDArray[np.bool_] = True) -> WindowScores:
    windows, labels = probabilities.shape
    return WindowScores(
        labels=tuple("abcdefgh"[:labels]),
        duration_s=(windows + 1) * STEP_S + 0.3,
        window_s=2 * STEP_S,
        step_s=STEP_S,
        probabilities=probabilities.astype(np.float32),
        sounding=np.broadcast_to(sounding, windows),
        in_distribution=np.ones(windows, dtype=bool),
        span_s=20 * STEP_S,
        tempo=np.full(1 + windows // 20, 128, dtype=np.float32),
    )


def sure_of(*label: int, labels: int = 3, sure: float = 0.9) -> NDArray[np.float64]:
    """One row for each window: the network is this sure of this label."""
    rows = np.full((len(label), labels), (1 - sure) / (labels - 1))
    rows[np.arange(len(label)), label] = sure
    return rows


def worth(path: tuple[int, ...], scores: NDArray[np.float64], cost: float) -> float:
    changes = sum(one != other for one, other in itertools.pairwise(path))
    return sum(scores[t, state] for t, state in enumerate(path)) - cost * changes


def stays(path: tuple[int, ...], stay: int) -> bool:
    runs = [len(list(run)) for _, run in itertools.groupby(path)]
    return len(runs) == 1 or min(runs) >= stay


@settings(max_examples=200, deadline=None)
@given(scores=scores_of_few, cost=st.floats(0, 5), stay=st.integers(1, 4))
def test_no_sequence_that_may_be_shown_is_worth_more(
    scores: NDArray[np.float64], cost: float, stay: int
) -> None:
    windows, states = scores.shape
    allowed = [path for path in itertools.product(range(states), repeat=windows) if stays(path, stay)]
    found = tuple(most_probable_path(scores, cost, stay).tolist())
    assert found in allowed
    assert worth(found, scores, cost) == pytest.approx(
        max(worth(path, scores, cost) for path in allowed), abs=1e-9
    )


@settings(max_examples=100, deadline=None)
@given(scores=scores_of_few, cost=st.floats(0, 5))
def test_posteriors_are_the_sums_over_all_sequences(scores: NDArray[np.float64], cost: float) -> None:
    windows, states = scores.shape
    expected = np.zeros((windows, states))
    for path in itertools.product(range(states), repeat=windows):
        weight = math.exp(worth(path, scores, cost))
        expected[np.arange(windows), path] += weight
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(posteriors(scores, cost), expected, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_segments_tile_the_recording_and_none_is_short(data: st.DataObject) -> None:
    windows, labels = data.draw(st.integers(1, 300)), data.draw(st.integers(1, 5))
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    blocks = np.repeat(random.dirichlet(np.full(labels, 0.2), windows), data.draw(st.integers(1, 30)), axis=0)
    mix = scores_of(blocks[:windows], random.random(windows) < data.draw(st.floats(0, 1)))
    choices = TimelineChoices(
        shortest_s=data.draw(st.sampled_from([0.5, 10.0, 30.0, 90.0])),
        switch_cost=data.draw(st.floats(0, 40)),
    )
    shown = timeline(mix, Calibration(), choices)
    segments = shown.segments
    assert (segments[0].start_s, segments[-1].end_s) == (0.0, mix.duration_s)
    for one, after in itertools.pairwise(segments):
        assert one.end_s == after.start_s and one.label != after.label
    shortest_s = min(choices.shortest_s, mix.duration_s)
    assert all(segment.end_s - segment.start_s >= shortest_s - 1e-6 for segment in segments)
    assert all(0 <= segment.confidence <= 1 for segment in segments)
    np.testing.assert_allclose(shown.posterior.sum(axis=1), 1, atol=1e-5)
    names = [LETTER[segment.label] for segment in segments]
    assert [state for state, _ in itertools.groupby(shown.states.tolist())] == names


LETTER = {label: place for place, label in enumerate("abcdefgh")} | {None: UNKNOWN}


def test_a_change_is_shown_halfway_between_the_windows_that_hear_it() -> None:
    shown = timeline(scores_of(sure_of(*[0] * 60, *[2] * 60)), Calibration())
    assert [segment.label for segment in shown.segments] == ["a", "c"]
    assert shown.segments[1].start_s == pytest.approx(60.5 * STEP_S)


def test_a_slip_of_a_few_windows_is_not_shown() -> None:
    mix = scores_of(sure_of(*[0] * 60, *[1] * 5, *[0] * 60))
    assert [segment.label for segment in timeline(mix, Calibration()).segments] == ["a"]


def test_where_no_label_stands_out_for_long_it_is_unknown() -> None:
    mix = scores_of(sure_of(*[0] * 80, *[0, 1, 2] * 40, sure=0.45))
    mix.probabilities[:80] = sure_of(*[0] * 80)
    labels = [
        segment.label
        for segment in timeline(mix, Calibration(), TimelineChoices(switch_cost=5.0, unknown=0.5)).segments
    ]
    assert labels == ["a", None]


@pytest.mark.parametrize("field", ["sounding", "in_distribution"])
def test_silent_and_out_of_distribution_windows_are_unknown_at_any_confidence(field: str) -> None:
    mix = scores_of(sure_of(*[0] * 200, sure=0.999))
    flags = np.ones(200, dtype=bool)
    flags[100:] = False
    shown = timeline(replace(mix, **{field: flags}), Calibration())
    labels = [segment.label for segment in shown.segments]
    assert labels == ["a", None]


def test_two_hours_and_a_hundred_labels_take_a_moment() -> None:
    scores = np.random.default_rng(0).normal(size=(4846, 101))
    path = most_probable_path(scores, 10.0, 21)
    assert len(path) == 4846
    assert posteriors(scores, 10.0).shape == scores.shape
