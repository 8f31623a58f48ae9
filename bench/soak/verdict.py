"""Whether the measures of a home stayed flat over simulated days."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

WARM_UP_HOURS = 24.0
"""Until then caches fill, and no run is old enough to be deleted."""
WINDOW_HOURS = 12.0
SLACK = 0.05
JUDGED = {
    "memory of labelscope up, MiB": 4.0,
    "memory of Prefect, MiB": 4.0,
    "memory of PostgreSQL, MiB": 4.0,
    "files open in labelscope up": 2.0,
    "files open in Prefect": 2.0,
    "files open in PostgreSQL": 8.0,
    "connections": 2.0,
    "processes": 2.0,
    "Prefect's database, MiB": 1.0,
    "rows in Prefect's database": 100.0,
}
"""Each judged measure, and the increase that does not count as growth."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The measures after a run of `flow`, `hour` simulated hours after the first pipeline."""

    hour: float
    flow: str
    measures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One measure: its medians over hours 24 to 36 and over the last 12 hours, and the slope from hour 24 on."""

    name: str
    early: float
    late: float
    percent_per_day: float
    flat: bool

    def __str__(self) -> str:
        word = "flat" if self.flat else "NOT FLAT"
        figures = f"{self.early:9.1f} {self.late:9.1f} {self.percent_per_day:+7.2f} %/day"
        return f"  {self.name:<32} {figures}   {word}"


def judge(samples: Sequence[Sample]) -> list[Verdict]:
    """A measure is flat if its median over the last 12 hours is less than 5 % above that of hours 24 to 36.

    Only samples after a pipeline count: those after other flows differ, and are not in both windows.
    """
    return [judge_one(samples, name, slack) for name, slack in JUDGED.items()]


def judge_one(samples: Sequence[Sample], name: str, slack: float) -> Verdict:
    """Judge one measure; an increase of up to `slack` is no growth."""
    counted = [sample for sample in samples if sample.hour >= WARM_UP_HOURS and sample.flow == "pipeline"]
    points = [(sample.hour, sample.measures[name]) for sample in counted]
    last = points[-1][0]
    early = median(value for hour, value in points if hour <= WARM_UP_HOURS + WINDOW_HOURS)
    late = median(value for hour, value in points if hour >= last - WINDOW_HOURS)
    hours, values = zip(*points, strict=True)
    slope = linear_regression(hours, values).slope if len(points) > 1 else 0.0
    percent = 100 * 24 * slope / early if early else 0.0
    return Verdict(name, early, late, percent, late - early <= max(SLACK * early, slack))


def save(samples: Sequence[Sample], path: Path) -> None:
    """Write a CSV with a line for each sample. Leaves out measures that are always 0, such as rows of unused tables."""
    names = [name for name in samples[-1].measures if any(sample.measures.get(name) for sample in samples)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["hour", "flow", *names])
        for sample in samples:
            figures = [f"{sample.measures.get(name, 0):.6g}" for name in names]
            writer.writerow([f"{sample.hour:g}", sample.flow, *figures])


def load(path: Path) -> list[Sample]:
    """Read the samples that `save` has written."""
    with path.open(newline="") as file:
        return [
            Sample(float(row.pop("hour")), row.pop("flow"), {name: float(row[name]) for name in row})
            for row in csv.DictReader(file)
        ]
