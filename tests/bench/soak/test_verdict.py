"""What counts as flat, in bench/soak/verdict.py."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.soak.verdict import Sample, Verdict, judge_one, load, save

NAME = "memory, MiB"
NIGHT = 3.5
RUNS = [24 * day + hour for day in range(3) for hour in (0, NIGHT, 6, 12, 18)]


def judged(course: Callable[[float], float], slack: float = 0.0) -> Verdict:
    return judge_one([sample(hour, course(hour)) for hour in RUNS], NAME, slack)


def sample(hour: float, value: float) -> Sample:
    return Sample(hour, "maintain" if hour % 24 == NIGHT else "pipeline", {NAME: value})


def test_a_measure_that_goes_up_and_down_is_flat() -> None:
    verdict = judged(lambda hour: 200 + 15 * (hour % 12 == 0))
    assert verdict.flat
    assert abs(verdict.percent_per_day) < 2


def test_a_measure_that_grows_is_not() -> None:
    verdict = judged(lambda hour: 200 + hour / 2)
    assert not verdict.flat
    assert verdict.percent_per_day == pytest.approx(100 * 12 / verdict.early)


def test_what_grows_on_the_first_day_alone_is_flat() -> None:
    verdict = judged(lambda hour: 100 + 10 * min(hour, 24))
    assert (verdict.flat, verdict.early, verdict.late) == (True, 340, 340)
    assert verdict.percent_per_day == pytest.approx(0)


def test_a_file_more_where_there_are_few_is_no_growth() -> None:
    assert not judged(lambda hour: 10 + (hour > 40)).flat
    assert judged(lambda hour: 10 + (hour > 40), slack=2).flat


def test_what_shrinks_is_flat() -> None:
    assert judged(lambda hour: 300 - hour).flat


def test_what_a_maintain_leaves_is_not_compared_with_what_a_pipeline_does() -> None:
    verdict = judged(lambda hour: 50 if hour % 24 == NIGHT else 100)
    assert (verdict.flat, verdict.early, verdict.late) == (True, 100, 100)


def test_figures_are_read_as_they_were_saved(tmp_path: Path) -> None:
    samples = [sample(hour, 1 + hour / 8) for hour in RUNS]
    save(samples, tmp_path / "soak.csv")
    assert load(tmp_path / "soak.csv") == samples
