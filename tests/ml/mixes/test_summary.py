"""Figures of a mix: the ends of each scale, and that shares are shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.mixes.analyse import WindowScores
from ml.mixes.segmentation import Segment, Timeline
from ml.mixes.summary import MixSummary, summarise

LABELS = tuple("abcde")


def figures_of(*parts: tuple[str | None, float]) -> MixSummary:
    segments, now = [], 0.0
    for label, seconds in parts:
        segments.append(Segment(now, now + seconds, label, 0.9))
        now += seconds
    scores = WindowScores(
        labels=LABELS,
        duration_s=now,
        window_s=3.0,
        step_s=1.5,
        probabilities=np.empty((0, 5), dtype=np.float32),
        sounding=np.empty(0, dtype=bool),
        in_distribution=np.empty(0, dtype=bool),
        span_s=30.0,
        tempo=np.array([np.nan, 120, 128, 124], dtype=np.float32),
    )
    return summarise(Timeline(np.empty(0, dtype=np.int64), np.empty((0, 6)), tuple(segments)), scores)


def test_one_label() -> None:
    summary = figures_of(("c", 3600))
    assert (summary.concentration, summary.entropy, summary.unknown_share, summary.changes_per_hour) == (
        1,
        0,
        0,
        0,
    )
    assert summary.shares == {"a": 0, "b": 0, "c": 1, "d": 0, "e": 0}
    assert summary.tempo_bpm == 124


def test_five_labels_in_turn_every_four_minutes() -> None:
    summary = figures_of(*[(label, 240) for label in LABELS * 3])
    assert summary.concentration == pytest.approx(0.2)
    assert summary.entropy == pytest.approx(np.log2(5))
    assert summary.changes_per_hour == pytest.approx(14)


def test_two_moments_that_are_unknown_are_not_alike() -> None:
    summary = figures_of((None, 600))
    assert (summary.concentration, summary.unknown_share, summary.entropy) == (0, 1, 0)
    half = figures_of(("a", 300), (None, 300))
    assert (half.concentration, half.entropy) == (pytest.approx(0.25), pytest.approx(1.0))


@given(st.lists(st.tuples(st.sampled_from([*LABELS, None]), st.floats(1, 1000)), min_size=1))
def test_shares_sum_to_one_and_metrics_keep_their_scales(parts: list[tuple[str | None, float]]) -> None:
    summary = figures_of(*parts)
    assert sum(summary.shares.values()) + summary.unknown_share == pytest.approx(1)
    assert -1e-9 <= summary.concentration <= 1 + 1e-9
    assert -1e-9 <= summary.entropy <= np.log2(6) + 1e-9
