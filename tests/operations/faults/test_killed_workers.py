"""Runs that `labelscope up` starts die at random moments, their decoders too; nothing is lost, and nothing doubled."""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from services.ports import free_port
from tests.operations.faults.home_contents import what_is_there
from tests.operations.faults.kills import KILLS, SEED, kill_one_of, moments
from tests.operations.faults.tally import Tally
from tests.operations.growing_crate import GrowingCrate
from tests.operations.kept_runs import OVER, RUN_SECONDS, end_of, has_ended, state_of
from tests.operations.kept_up import KeptUp
from tests.operations.prepared_home import PreparedHome
from tests.processes import children_of, descendants_of, kill_all_of, wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
    pytest.mark.timeout(3 * 3600),
]
IN_A_ROW = 3  # runs are struck; then one is left in peace
CRASHED_SECONDS = 120  # a second, on a machine that has nothing else to do


def test_kills_of_runs_and_decoders_lose_nothing_and_double_nothing(
    prepared_home: PreparedHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = KeptUp(tmp_path / "home", free_port(), more=prepared_home.settings)
    prepared_home.copy_to(kept.home)
    try:
        kept.start()
        strike(kept, prepared_home.crate, Tally(capsys, SEED))
        for _ in range(2):  # the second one trains what the first one may have scored alone
            peaceful(kept)
        assert kept.call("maintain", "--thorough").returncode == 0
        assert kept.stop() == 0
    finally:
        kill_all_of(kept.home)

    untouched = KeptUp(tmp_path / "untouched", free_port(), more=kept.more)
    alone = untouched.call("run")
    assert alone.returncode == 0, alone.stderr
    found, expected = what_is_there(kept.home), what_is_there(untouched.home)
    assert expected["champions and trainings"] == [1, 0] and expected["predicted"]
    for name in expected:
        assert found[name] == expected[name], name


def strike(kept: KeptUp, crate: GrowingCrate, tally: Tally) -> None:
    """Start pipelines, each with something new to do, and kill the run, a child of it, or both."""
    dice, began = random.Random(SEED), time.monotonic()
    crate.add_files(1)
    peaceful(kept)
    life = time.monotonic() - began
    tally.say(f"A run takes {life:.0f} s.")
    for number, moment in enumerate(moments(dice, KILLS, life)):
        if tally.struck.total() == KILLS:
            break
        crate.add_files(1)
        run, due = kept.run("pipeline"), time.monotonic() + moment
        while time.monotonic() < due and not has_ended(kept, run):
            time.sleep(min(0.2, max(due - time.monotonic(), 0)))
        name = strike_one(kept, dice)
        if name:
            tally.note_fault(name)
        if name in ("a run", "a run with its children"):
            wait_until(lambda run=run: has_ended(kept, run), CRASHED_SECONDS)  # type: ignore[misc]
        tally.note_end(end_of(kept, run).lower())
        assert name != "a run" or state_of(kept, run) in ("CRASHED", "COMPLETED")
        if number % IN_A_ROW == IN_A_ROW - 1:
            peaceful(kept)
    tally.say(str(tally))


def strike_one(kept: KeptUp, dice: random.Random) -> str | None:
    assert kept.process is not None
    runs = children_of(kept.process.pid)
    if not runs:
        return None
    processes = [each for run in runs for each in descendants_of(run)]
    how = dice.choice(("a run", "a run with its children", "a child"))
    if how == "a child":
        return kill_one_of(processes, dice)
    for process in (runs + processes) if how != "a run" else runs:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return how


def peaceful(kept: KeptUp) -> None:
    """A run that is left in peace completes."""
    run = kept.run("pipeline")
    kept.wait_for(run, *OVER, seconds=RUN_SECONDS)
    assert kept.state_of(run) == "COMPLETED"
