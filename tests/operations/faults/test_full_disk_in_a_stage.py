"""The disk is full for some seconds of a stage: the command names that or succeeds, and the next one completes."""

import random
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.prefect.server import prefect_server
from tests.operations.commands import Command, begin, done
from tests.operations.faults.home_contents import what_is_there
from tests.operations.faults.kills import KILLS, SEED, moments
from tests.operations.faults.small_disk import SmallDisk, can_mount, small_disk
from tests.operations.faults.tally import Tally
from tests.operations.prepared_home import PreparedHome
from tests.processes import kill_all_of

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not can_mount(), reason="needs root, to mount a small disk"),
    pytest.mark.timeout(3 * 3600),
]
STAGES = ("ingest", "extract", "predict", "retrain", "backup")
FULL_SECONDS = (1.0, 8.0)
THE_DISK = re.compile(r"disk.*\bfull\b|No space left on device|full disk", re.IGNORECASE)
THE_CURE = re.compile(r"make room|free some space|free disk space", re.IGNORECASE)


@dataclass
class Disks:
    """A home on a disk of its own, and a folder of backups on another."""

    environment: dict[str, str]
    home: SmallDisk
    backups: SmallDisk
    log: Path

    def arguments(self, stage: str) -> tuple[str | Path, ...]:
        return (stage, self.backups.home / "of the home") if stage == "backup" else (stage,)

    def begin(self, stage: str) -> Command:
        return begin(self.environment, self.log, *self.arguments(stage))

    def done(self, stage: str) -> float:
        return done(self.environment, self.log, *self.arguments(stage))


@pytest.fixture
def disks(prepared_home: PreparedHome, tmp_path: Path) -> Iterator[Disks]:
    home = tmp_path / "home"
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(home, 500, stores=()))
        backups = stack.enter_context(small_disk(tmp_path / "backups", 200, stores=()))
        stack.callback(kill_all_of, home)
        prepared_home.copy_to(home)
        yield Disks(prepared_home.environment(home), disk, backups, tmp_path / "command.log")
        shutil.copytree(home / "logs", tmp_path / "logs")  # which would go with the disk


def test_a_disk_that_fills_in_a_stage_is_named_and_costs_nothing(
    disks: Disks, prepared_home: PreparedHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The commands share this server, so that most of their time goes into the stage.
    with prefect_server(disks.home.home):
        strike(disks, prepared_home, Tally(capsys, SEED))
        for stage in ("ingest", "extract", "retrain", "predict", "backup"):
            disks.done(stage)
        done(disks.environment, disks.log, "maintain", "--thorough")

    untouched, restored = tmp_path / "untouched", tmp_path / "restored"
    done(prepared_home.environment(untouched), disks.log, "run")
    done(prepared_home.environment(restored), disks.log, "restore", disks.backups.home / "of the home")
    expected = what_is_there(untouched)
    assert expected["champions and trainings"] == [1, 0] and expected["predicted"]
    for home in (disks.home.home, restored):
        found = what_is_there(home)
        for name in expected:
            assert found[name] == expected[name], f"{name} of {home.name}"


def strike(disks: Disks, prepared: PreparedHome, tally: Tally) -> None:
    """Fill the disk at a random moment of each stage in turn, and free it some seconds later."""
    dice = random.Random(SEED)
    prepared.crate.add_files(3)
    lives = {stage: disks.done(stage) for stage in STAGES}
    tally.say(", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in lives.items()))
    shares = moments(dice, KILLS, 1.0)
    while tally.struck.total() < KILLS:
        prepared.crate.add_files(3)
        for stage in STAGES:
            disk = disks.backups if stage == "backup" and dice.random() < 0.5 else disks.home
            command, was_full = disks.begin(stage), False
            if not command.is_over_at(lives[stage] * next(shares)):
                was_full = fill_for_a_while(disk, command, dice.uniform(*FULL_SECONDS))
                tally.note_fault(f"the disk of {disk.home.name} full in {stage}")
            code = command.end()
            tally.note_end(f"{stage} ended with {code}")
            if code != 0:
                require_cure(command.sentence, was_full)
                disks.done(stage)
            if tally.struck.total() == KILLS:
                break
    tally.say(str(tally))


def require_cure(sentence: str, was_full: bool) -> None:
    """The sentence names the disk and the cure; or, if space was free again when it was written, a second try."""
    named = THE_DISK.search(sentence) and THE_CURE.search(sentence)
    assert named or (not was_full and "run it again" in sentence), sentence


def fill_for_a_while(disk: SmallDisk, command: Command, seconds: float) -> bool:
    """Keep the disk full until the command has ended or that time has passed.

    Returns whether it ended while the disk was full.
    """
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            disk.fill()
            if command.is_over_within(0.2):
                return True
        return False
    finally:
        disk.free()
