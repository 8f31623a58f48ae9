"""Plot the measures of a soak. Run as `python -m bench.soak.plot FIGURES PICTURE` to plot a saved CSV."""

import sys
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from bench.soak.verdict import WARM_UP_HOURS, Sample, load

PANELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "memory of their own, MiB",
        ("memory of labelscope up, MiB", "memory of Prefect, MiB", "memory of PostgreSQL, MiB"),
    ),
    ("open files", ("files open in labelscope up", "files open in Prefect", "files open in PostgreSQL")),
    ("connections, processes", ("connections", "processes")),
    ("Prefect's database, MiB", ("Prefect's database, MiB",)),
    (
        "rows in Prefect's database",
        (
            "rows of event_resources",
            "rows of events",
            "rows of log",
            "rows of task_run_state",
            "rows of flow_run",
        ),
    ),
    ("ingested", ("tracks", "Labelscope's database, MiB")),
)


def draw(samples: Sequence[Sample], path: Path) -> None:
    """Write a PNG of six panels, each with measures over the simulated hours."""
    figure = Figure(figsize=(11, 6), layout="constrained", dpi=100)
    hours = [sample.hour for sample in samples]
    for axes, (title, names) in zip(figure.subplots(2, 3).flat, PANELS, strict=True):
        for name in names:
            values = [sample.measures[name] for sample in samples]
            axes.plot(hours, values, marker=".", label=_short(name, title))
        axes.axvline(WARM_UP_HOURS, color="grey", linewidth=0.8, linestyle=":")
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("simulated hours")
        axes.set_xticks(range(0, int(hours[-1]) + 1, 12 if hours[-1] <= 72 else 24))
        # Leaves space for the legend above the curves.
        axes.set_ylim(0, 1.4 * axes.get_ylim()[1])
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, loc="upper left", ncols=2)
    figure.savefig(path)


def _short(name: str, title: str) -> str:
    for prefix in ("memory of ", "files open in ", "rows of "):
        name = name.removeprefix(prefix)
    return name.removesuffix(", MiB") if "MiB" in title else name


if __name__ == "__main__":
    draw(load(Path(sys.argv[1])), Path(sys.argv[2]))
