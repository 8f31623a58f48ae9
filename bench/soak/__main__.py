"""Days of `labelscope up` in less than an hour: do its memory, files and tables stop growing?

Run as `python -m bench.soak` (Linux, after `pip install '.[clock]'`); `--hours 144` for twice as long. A real
`labelscope up` serves its real timetable in a separate home. While no flow runs, its clock is moved forward: by an hour
at a time, so that hourly work is done, and then to just before the next run. Each pipeline finds five new tracks, and
every fourth makes a training due. Runs are kept for one day, so that from the second day on as many are deleted as are
made.

After every run its memory, open files, connections and Prefect's database are measured. The table shows which stayed
flat (bench/soak/verdict.py). The exit code is 1 if one did not.
"""

import argparse
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.soak.home import Newcomers, SoakedHome, start_of
from bench.soak.measures import POLLS, ROWS, measure
from bench.soak.plot import draw
from bench.soak.verdict import Sample, judge, save
from services.ports import free_port
from tests.operations.moved_clock import MovedClock, libfaketime

HOUR = timedelta(hours=1)
LOOPS_SECONDS = 3.0
"""Time for hourly work after each hour that is skipped."""
AHEAD = timedelta(seconds=20)
"""The clock stops so long before a run; the runner starts it 10 s ahead."""
AT_FIRST = 12
"""Tracks of each label to begin with."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=int, default=72, help="hours to simulate, at least 48 (72)")
    parser.add_argument(
        "--home", type=Path, help="a new folder for the home, which is kept; by default a temporary one"
    )
    parser.add_argument("--figures", type=Path, help="a file for all measures, as CSV")
    parser.add_argument("--picture", type=Path, help="a file for the curves, as PNG")
    arguments = parser.parse_args()
    if arguments.hours < 48:
        parser.error("--hours must be at least 48, as the hours after the first day are compared.")
    folder = arguments.home or Path(tempfile.mkdtemp(prefix="labelscope-soak-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    began = time.monotonic()
    samples: list[Sample] = []
    try:
        soak(folder.absolute(), arguments.hours, samples, arguments.figures)
    finally:
        if arguments.home is None:
            shutil.rmtree(folder)
    minutes, polls = (time.monotonic() - began) / 60, samples[-1].measures[POLLS]
    print(
        f"\n{arguments.hours} simulated hours in {minutes:.0f} minutes, with {polls:.0f} requests for due runs"
    )
    if arguments.picture:
        draw(samples, arguments.picture)
    verdicts = judge(samples)
    for verdict in verdicts:
        print(verdict)
    sys.exit(not all(verdict.flat for verdict in verdicts))


def soak(folder: Path, hours: int, samples: list[Sample], figures: Path | None) -> None:
    """Serve the timetable for so many simulated hours. Adds a sample after each run, and saves them to `figures`."""
    library = libfaketime()
    if library is None:
        sys.exit("This needs libfaketime: pip install '.[clock]'")
    clock = MovedClock(folder / "clock", library)
    home = SoakedHome(folder, clock, free_port())
    newcomers = Newcomers(home.crate, hours // 6, AT_FIRST)
    print(f"{newcomers.begin()} tracks at first; in {folder}", flush=True)
    midnight = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    clock.move(midnight - timedelta(minutes=10) - clock.now)
    try:
        home.start()
        flows = home.deployments()
        while True:
            run = home.next_run()
            due, flow = start_of(run), flows[run["deployment_id"]]
            hour = (due - midnight) / HOUR
            if hour > hours:
                return
            if flow == "pipeline" and samples:
                newcomers.add()
            pass_time(clock, due)
            state = home.wait_for(run)
            samples.append(Sample(hour, flow, measure(home)))
            report(samples[-1], state)
            if figures:
                save(samples, figures)
            if state != "COMPLETED":
                sys.exit(f"The flow {flow} ended as {state} instead of COMPLETED.")
    finally:
        home.stop()


def pass_time(clock: MovedClock, due: datetime) -> None:
    """Move the clock to just before `due`, hour by hour."""
    while due - clock.now > HOUR + AHEAD:
        clock.move(HOUR)
        time.sleep(LOOPS_SECONDS)
    clock.move(max(due - AHEAD - clock.now, timedelta()))


def report(sample: Sample, state: str) -> None:
    """Print a line with the measures of a sample, except rows of single tables."""
    brief = {name: value for name, value in sample.measures.items() if not name.startswith(ROWS)}
    figures = ", ".join(f"{name} {value:.6g}" for name, value in brief.items())
    print(f"{sample.hour:5.1f} h  {sample.flow} {state.lower()}: {figures}", flush=True)


if __name__ == "__main__":
    main()
