"""Which stretches of a file become clips."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sound.clips import WHOLE_UP_TO_S, WINDOW_S, plan_clips

durations = st.floats(min_value=0.001, max_value=100_000, allow_nan=False)
counts = st.integers(min_value=1, max_value=50)


@given(durations, counts)
def test_clips_lie_within_the_file_in_order_and_apart(duration_s: float, windows: int) -> None:
    clips = plan_clips(duration_s, windows)
    assert 1 <= len(clips) <= windows
    end = 0.0
    for offset, length in clips:
        assert offset >= end - 0.002  # offsets are rounded down to a millisecond
        assert length > 0
        end = offset + length
        assert end <= duration_s + 1e-6


@given(durations, counts)
def test_short_files_are_one_clip_and_long_ones_equal_windows(duration_s: float, windows: int) -> None:
    clips = plan_clips(duration_s, windows)
    if duration_s <= WHOLE_UP_TO_S:
        assert clips == [(0.0, duration_s)]
    else:
        assert {length for _, length in clips} == {WINDOW_S}
        assert len(clips) == max(1, min(windows, math.floor(duration_s / WINDOW_S)))


def test_windows_are_centred_in_equal_parts_of_the_file() -> None:
    assert plan_clips(300.0, 3) == [(35.0, 30.0), (135.0, 30.0), (235.0, 30.0)]
    assert plan_clips(50.0, 3) == [(10.0, 30.0)]
    assert plan_clips(95.0, 3) == [(0.833, 30.0), (32.5, 30.0), (64.166, 30.0)]


@pytest.mark.parametrize(("duration_s", "windows"), [(0, 3), (-1, 3), (math.inf, 3), (math.nan, 3), (60, 0)])
def test_nonsense_is_refused(duration_s: float, windows: int) -> None:
    with pytest.raises(ValueError, match="both must be positive"):
        plan_clips(duration_s, windows)
