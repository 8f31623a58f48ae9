"""Deezer's limit is for an IP address: all runs share it through the database."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from db.engine import open_engine
from db.write.providers import take_turn
from flows.ingest.rate_limit import SharedRateLimit
from sources.errors import TransientError
from tests.sources.raw_server import http, raw_server

ROOT = Path(__file__).resolve().parents[3]
PROCESS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from db.engine import open_engine
from flows.ingest.rate_limit import SharedRateLimit
from sources.deezer.api import DeezerApi
url, database = sys.argv[1:]
api = DeezerApi(url, SharedRateLimit(open_engine(database), "deezer", requests=10, window_s=2.0))
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(4) as threads:
    assert all(threads.map(lambda _: api.track("1"), range(15)))
"""


def test_two_processes_stay_below_the_limit_together(database_url: str) -> None:
    arrivals: list[float] = []

    def answer(connection) -> None:
        arrivals.append(time.monotonic())
        connection.sendall(http(200, {}, b'{"id": 1}'))

    with raw_server() as server:
        server.answer = answer
        command = [sys.executable, "-c", PROCESS, server.url, database_url]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
        processes = [subprocess.Popen(command, **pipes) for _ in range(2)]
        for process in processes:
            process.stdout.readline()
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        assert [process.wait(60) for process in processes] == [0, 0]
        for process in processes:
            process.communicate()
    assert len(arrivals) == 30
    arrivals.sort()
    # A busy machine may send a request up to a second late.
    assert all(later - earlier > 1.0 for earlier, later in zip(arrivals, arrivals[10:], strict=False))
    assert arrivals[-1] - arrivals[0] < 30


def test_requests_wait_for_the_next_window(engine: Engine) -> None:
    with engine.begin() as connection:
        waits = [take_turn(connection, "deezer", 10, 50) for _ in range(25)]
        assert all(wait < 1 for wait in waits[:10])
        assert all(45 < wait <= 50 for wait in waits[10:20])
        assert all(95 < wait <= 100 for wait in waits[20:])
        assert take_turn(connection, "another", 10, 50) < 1
        assert (
            connection.scalar(text("SELECT cardinality(starts) FROM request_pace WHERE service = 'deezer'"))
            == 10
        )


def test_a_limit_may_change_and_a_clock_may_be_set_back(engine: Engine) -> None:
    with engine.begin() as connection:
        for _ in range(10):
            take_turn(connection, "deezer", 10, 50)
        assert 45 < take_turn(connection, "deezer", 3, 50) <= 50
        assert take_turn(connection, "deezer", 100, 50) > 45  # earlier requests keep their times
        connection.execute(text("UPDATE request_pace SET starts = ARRAY[now() + interval '1 year']"))
        assert take_turn(connection, "deezer", 10, 50) < 1


def test_the_role_of_the_pipeline_may_use_the_limit(database_url: str) -> None:
    from db.roles import PIPELINE, as_role, make_roles

    make_roles(database_url)
    engine = open_engine(as_role(database_url, PIPELINE))
    SharedRateLimit(engine, "deezer", 10, 1).wait()
    with engine.connect() as connection:
        counted = text("SELECT cardinality(starts), current_user::text FROM request_pace")
        assert connection.execute(counted).one() == (1, PIPELINE)
    engine.dispose()


def test_without_a_database_it_raises_an_error_of_sources() -> None:
    engine = open_engine("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(TransientError, match="does not answer") as caught:
        SharedRateLimit(engine, "deezer", 10, 1).wait()
    assert caught.value.__context__ is None
