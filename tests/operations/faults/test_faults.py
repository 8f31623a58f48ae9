"""Two hundred accidents befall a home while its pipelines run; then it holds what one holds that was left in peace.

Most of an hour: `make test-faults`. LABELSCOPE_FAULTS sets another number, LABELSCOPE_SEED other accidents.
"""

import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from services.ports import free_port
from tests.operations.faults.faults import Victims, strike
from tests.operations.faults.home_contents import what_is_there
from tests.operations.faults.small_disk import can_mount, small_disk
from tests.operations.faults.tally import Tally
from tests.operations.growing_crate import GrowingCrate
from tests.operations.kept_runs import OVER, RUN_SECONDS, end_of, has_ended, is_up, keep_up, let_all_end
from tests.operations.kept_up import KeptUp
from tests.operations.moved_clock import MovedClock, libfaketime
from tests.processes import kill_all_of
from tests.stand_ins import music
from tests.stand_ins.music import Entry, World
from tests.stand_ins.stand_ins import stand_ins

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
    pytest.mark.timeout(3 * 3600),
]
NUMBER = int(os.environ.get("LABELSCOPE_FAULTS", "200"))
SEED = int(os.environ.get("LABELSCOPE_SEED", "20261125"))
MOST_AT_A_TIME = 8  # faults to one run; then it is left to end
PEACEFUL = 5  # each so manieth run is left in peace
ALL_ON = '[training]\nallow = ["spotify", "deezer", "folder"]\n[features]\nreccobeats = true\n'
LISTS = [
    ("Drumcode", "Techno.", music.base62("faults 1"), 45, 24),
    ("Kompakt", "Minimal.", music.base62("faults 2"), 45, 24),
]
SETTINGS = {
    "LABELSCOPE_RETRAIN_NEW_TRACKS": "4",
    "LABELSCOPE_RETRAIN_NEW_SHARE": "0",
    "LABELSCOPE_EXTRACTION_BATCH": "4",
    "LABELSCOPE_PREDICTION_BATCH": "8",
    "LABELSCOPE_WORKERS": "2",
    "LABELSCOPE_REQUEST_TIMEOUT_SECONDS": "5",
    "LABELSCOPE_PIPELINE_CRON": "0 0 1 1 *",  # the test starts all runs
    "LABELSCOPE_MAINTAIN_CRON": "0 0 1 1 *",
    "LABELSCOPE_REPORT_CRON": "0 0 1 1 *",
}


class Music:
    """Two playlists and the folders of two other labels, to which something is added now and then."""

    def __init__(self, folder: Path) -> None:
        self._crate, self._number = GrowingCrate(folder), 5000
        self.world: World = music.labelled_world(LISTS, seed=3)
        self._crate.add_files(16)

    @property
    def configuration(self) -> str:
        return "".join(
            f'[[label]]\nname = "{label.name}"\nplaylists = ["folder:{label}"]\n'
            for label in sorted(self._crate.folder.iterdir())
        )

    def grow(self) -> None:
        self._crate.add_files(1)
        for label, playlist in enumerate(self.world.playlists.values()):
            for _ in range(2):
                self._number += 111  # a release of its own, and no guest: the labels stay apart
                track = music.add_track(self.world, self._number, label, "both")
                playlist.add(Entry("track", track))


@pytest.fixture
def surroundings(tmp_path: Path) -> Iterator[tuple[Victims, Music]]:
    """A home, on a disk and with a clock of its own where that can be had, that the test keeps up."""
    sounds = Music(tmp_path / "crate")
    home, library = tmp_path / "home", libfaketime()
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(home, mebibytes=1500)) if can_mount() else None
        clock = MovedClock(tmp_path / "clock", library) if library else None
        services = stack.enter_context(
            stand_ins(sounds.world, configuration=sounds.configuration + ALL_ON, timeout_seconds=5)
        )
        more = services.environment | SETTINGS | (clock.environment if clock else {})
        kept = KeptUp(home, free_port(), more=more)
        yield Victims(kept, random.Random(SEED), services, disk, clock), sounds
        shutil.copytree(home / "logs", tmp_path / "logs")  # which would go with the disk
        kill_all_of(home)


def test_two_hundred_accidents_lose_nothing_and_double_nothing(
    surroundings: tuple[Victims, Music], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    victims, sounds = surroundings
    kept, tally = victims.kept, Tally(capsys, SEED)
    kept.start()
    while tally.struck.total() < NUMBER:
        sounds.grow()
        run = kept.run("pipeline")
        if (tally.runs + 1) % PEACEFUL:
            befall(victims, run, tally)
        keep_up(kept)
        tally.note_end(end_of(kept, run, victims.ahead).lower())

    if victims.clock:
        victims.clock.move(timedelta(days=1) - victims.clock.ahead)  # after all that has happened
    peace(victims)
    tally.say(str(tally))

    untouched = KeptUp(tmp_path / "untouched", free_port(), more=kept.more)
    run_alone = untouched.call("run")
    assert run_alone.returncode == 0, run_alone.stdout
    assert kept.call("maintain", "--thorough", "--repair").returncode == 0
    found, expected = (what_is_there(at.home) for at in (kept, untouched))
    assert expected["champions and trainings"] == [1, 0] and expected["predicted"]
    for name in expected:
        assert found[name] == expected[name], name


def befall(victims: Victims, run: str, tally: Tally) -> None:
    """Faults strike until the run has ended, or `up` with it, or there were enough."""
    time.sleep(victims.random.uniform(0, 10))
    for _ in range(MOST_AT_A_TIME):
        if name := strike(victims):
            tally.note_fault(name)
        if not is_up(victims.kept) or has_ended(victims.kept, run):
            break
        time.sleep(victims.random.uniform(0.1, 2))


def peace(victims: Victims) -> None:
    """All runs have ended, and the next one comes to its end."""
    kept = victims.kept
    keep_up(kept)
    let_all_end(kept, victims.ahead)
    for _ in range(2):  # the second one trains what the first one may have scored alone
        run = kept.run("pipeline")
        kept.wait_for(run, *OVER, seconds=RUN_SECONDS)
        assert kept.state_of(run) == "COMPLETED"
