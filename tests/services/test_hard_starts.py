"""A server with a killed keeper, a stopped process or a full disk: it runs, or a sentence follows in seconds."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from flows.home.postgres_errors import postgres_sentence
from services import up_process
from services.keeper import ServiceError, is_stopped, use
from services.locks import read_state
from services.postgres.server import embedded_postgres, postgres_server
from tests.operations.faults.small_disk import can_mount, small_disk
from tests.services.dying_keepers import DEATHS, STAGES, DyingKeepers

ONLY_PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
SECONDS = 15  # for a command to name what is wrong


def connect(place: str | Path) -> psycopg.Connection[Any]:
    return psycopg.connect(host=str(place), port=5432, user="postgres", dbname="postgres", autocommit=True)


@pytest.mark.parametrize("stage", STAGES)
def test_a_keeper_that_is_killed_while_it_starts_is_replaced(home: Path, tmp_path: Path, stage: str) -> None:
    deaths = tmp_path / "deaths"
    deaths.touch()
    binaries = postgres_server(home).binaries
    server = DyingKeepers(home, binaries, stage=stage, user=os.getpid(), deaths=deaths)
    with use(server) as attached, connect(attached.place) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert deaths.stat().st_size == DEATHS
    log = server.log.read_text()
    assert log.count("ready to accept connections") == 1  # no server was left without a recorded process id
    assert log.count("starting PostgreSQL") == 1


def test_keepers_that_are_killed_without_end_are_given_up(home: Path, tmp_path: Path) -> None:
    deaths = tmp_path / "deaths"
    deaths.touch()
    binaries = postgres_server(home).binaries
    server = DyingKeepers(home, binaries, stage="launch", user=os.getpid(), deaths=deaths, limit=1000)
    refusal = pytest.raises(ServiceError, match=r"its keeper was killed 4 times; see what kills")
    with refusal, use(server, keepers=4):
        pass


@ONLY_PROC
@pytest.mark.parametrize("which", ["pid", "keeper"])
def test_a_stopped_server_or_keeper_is_named_with_the_cure_to_new_and_present_users(
    home: Path, which: str, start_user: Callable[..., Any], wait_until: Callable[..., None]
) -> None:
    user = start_user(home)
    user.inside()
    pid = getattr(read_state(home / "postgres"), which)
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: is_stopped(pid), "it is stopped")
    begun = time.monotonic()
    try:
        cure = rf"process {pid}, is stopped .* `kill -CONT {pid}`, or end it with `kill -9 {pid}`"
        with pytest.raises(ServiceError, match=cure), embedded_postgres(home):
            pass
        assert time.monotonic() - begun < SECONDS
        warning = user.process.stderr.readline()
        assert re.search(cure, warning)
        assert time.monotonic() - begun < SECONDS
    finally:
        os.kill(pid, signal.SIGCONT)
    with embedded_postgres(home) as address, connect(address.socket_dir) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert user.leave() == ""  # one line, once


@ONLY_PROC
def test_a_stopped_server_is_ended_after_its_last_user(
    home: Path, start_user: Callable[..., Any], wait_until: Callable[..., None], is_quiet: Callable[..., bool]
) -> None:
    user = start_user(home)
    user.inside()
    os.kill(read_state(home / "postgres").pid, signal.SIGSTOP)
    user.kill()
    wait_until(lambda: is_quiet(home / "postgres"), "its keeper lets it go on, and end", seconds=SECONDS)


@ONLY_PROC
def test_what_keeps_a_home_up_and_is_stopped_is_named_by_down(
    cold_home: Path, start_user: Callable[..., Any], wait_until: Callable[..., None]
) -> None:
    code = """
import sys
from pathlib import Path
from services.up_process import claim
with claim(Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.readline()
"""
    user = start_user(cold_home, code=code)
    user.inside()
    user.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: is_stopped(user.process.pid), "it is stopped")
    begun = time.monotonic()
    with pytest.raises(ServiceError, match=f"Labelscope, process {user.process.pid}, is stopped"):
        up_process.end(cold_home)
    (cold_home / "up" / "keeper.lock").touch()  # the fixture looks for one
    assert time.monotonic() - begun < SECONDS


@pytest.mark.skipif(not can_mount(), reason="only root can mount a small disk")
def test_the_full_disk_of_the_server_is_named_within_seconds(
    cold_home: Path,
    used_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    wait_until: Callable[..., None],
    is_quiet: Any,
) -> None:
    monkeypatch.setenv("LABELSCOPE_HOME", str(cold_home))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    full = (
        f"the disk of {cold_home}/postgres is full; free some space there and run it again, nothing is lost."
    )
    with small_disk(cold_home, mebibytes=180) as disk:
        shutil.copytree(used_data, cold_home / "postgres" / "data")
        with embedded_postgres(cold_home) as address, connect(address.socket_dir) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS answer")
            large = "CREATE TABLE large AS SELECT repeat('x', 500) AS x FROM generate_series(1, 1000000)"
            with pytest.raises(psycopg.errors.DiskFull) as refused:
                connection.execute(large)
            assert postgres_sentence(refused.value) == f"PostgreSQL cannot write: {full}"
            disk.fill()
            with pytest.raises(psycopg.OperationalError) as lost:
                for _ in range(40):  # more than a segment of the write-ahead log, which it panics over
                    connection.execute("SELECT pg_logical_emit_message(false, 'x', repeat('y', 1000000))")
            assert postgres_sentence(lost.value) == f"PostgreSQL cannot write: {full}"
        begun = time.monotonic()
        command = [sys.executable, "-m", "cli.main", "sql", "SELECT 1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.endswith(f"labelscope: PostgreSQL did not start: {full}\n")
        assert time.monotonic() - begun < 60  # of which most is Python's start on a busy machine
        disk.free()
        with embedded_postgres(cold_home) as address, connect(address.socket_dir) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (1,)
        wait_until(lambda: is_quiet(cold_home / "postgres"), "the server has ended")
