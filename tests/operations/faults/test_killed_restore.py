"""Restores die at random moments, or their PostgreSQL does; a home is then whole, or no row was restored yet."""

import random
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from db.engine import open_engine
from db.read.files import is_empty
from services.postgres.server import PORT, embedded_postgres
from tests.db.contents import contents
from tests.operations.commands import Command, begin, done
from tests.operations.faults.home_contents import files_of
from tests.operations.faults.kills import KILLS, SEED, moments, strike_one
from tests.operations.faults.small_disk import STORES
from tests.operations.faults.tally import Tally
from tests.operations.prepared_home import PreparedHome
from tests.processes import kill_all_of, processes_of, wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
    pytest.mark.timeout(3 * 3600),
]


@dataclass
class Restores:
    """Restores of one backup, each into a home of its own, and what they have to bring."""

    prepared: PreparedHome
    folder: Path
    backup: Path
    expected: dict[str, Any]
    homes: int = 0

    def new_home(self) -> Path:
        self.homes += 1
        return self.folder / f"home {self.homes}"

    def begin(self, home: Path) -> Command:
        log = self.folder / "restore.log"
        return begin(self.prepared.environment(home), log, "restore", self.backup)

    def bring(self, home: Path) -> None:
        """Restore as people do after a failure: once more, and where that is refused as it says."""
        again = self.begin(home)
        if again.end() == 0:
            assert everything(home) == self.expected
            return
        assert "LABELSCOPE_HOME names another home" in again.sentence or "is unchanged" in again.sentence
        if everything(home) == self.expected:
            return
        elsewhere = self.new_home()
        done(self.prepared.environment(elsewhere), self.folder / "elsewhere.log", "restore", self.backup)
        assert everything(elsewhere) == self.expected
        remove(elsewhere)


def test_kills_in_restore_leave_a_whole_home_or_one_without_rows(
    prepared_home: PreparedHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup, dice, tally = tmp_path / "backup", random.Random(SEED), Tally(capsys, SEED)
    done(prepared_home.environment(prepared_home.home), tmp_path / "backup.log", "backup", backup)
    restores = Restores(prepared_home, tmp_path, backup, everything(prepared_home.home))
    life = time_of_one(restores)
    tally.say(f"A restore takes {life:.0f} s.")
    for moment in moments(dice, KILLS, life):
        if tally.struck.total() == KILLS:
            break
        home = restores.new_home()
        try:
            command = restores.begin(home)
            if not command.is_over_at(moment) and (name := strike_one(command, home, dice)):
                tally.note_fault(name)
            code = command.end()
            assert code < 0 or command.sentence is not None
            looked = dice.random() < 0.6  # else the second restore meets what the first one has left running
            left = (
                require_whole_or_nothing(restores, home, dice) if looked else "is restored to again at once"
            )
            tally.note_end(f"ended with {code}, and the home {left}")
            restores.bring(home)
        finally:
            kill_all_of(home)
        remove(home)
    tally.say(str(tally))


def time_of_one(restores: Restores) -> float:
    home = restores.new_home()
    seconds = done(
        restores.prepared.environment(home), restores.folder / "restore.log", "restore", restores.backup
    )
    assert everything(home) == restores.expected
    remove(home)
    return seconds


def require_whole_or_nothing(restores: Restores, home: Path, dice: random.Random) -> str:
    """What the home is, in words. Some people ask `labelscope status` first, which may make tables, and no rows."""
    wait_until(lambda: not processes_of(home), 60)
    found = everything(home)
    assert found in (None, restores.expected)
    if dice.random() < 0.4:
        status = begin(restores.prepared.environment(home), restores.folder / "status.log", "status")
        if status.end() != 0:
            assert found is None and "There is no home at" in status.sentence
        else:
            tracks = "tracks 16 in" in " ".join(status.words.split())
            assert tracks == (found is not None), status.words
    return "is whole" if found else "holds no rows"


def everything(home: Path) -> dict[str, Any] | None:
    """All rows and files of the home; None where its database, if there is one, has no tables."""
    if not (home / "postgres" / "data").is_dir():
        return None
    with ExitStack() as stack:
        server = stack.enter_context(embedded_postgres(home))
        where = f"host={server.socket_dir} port={PORT} user=postgres dbname=postgres"
        with psycopg.connect(where) as connection:
            if not connection.execute("SELECT FROM pg_database WHERE datname = 'labelscope'").fetchall():
                return None
        engine = open_engine(server.url("labelscope"))
        stack.callback(engine.dispose)
        with engine.connect() as connection:
            if is_empty(connection):
                return None
            rows = contents(connection, without=())
    return {"rows": rows} | {store: files_of(home, store) for store in STORES}


def remove(home: Path) -> None:
    """Homes are large, and there is one for each kill."""
    wait_until(lambda: not processes_of(home), 60)
    shutil.rmtree(home, ignore_errors=True)
