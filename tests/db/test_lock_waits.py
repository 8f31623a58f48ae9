"""A wait for a lock is announced with its holder, and limited."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from db.engine import Lock, hold_lock, libpq_url, lock_until_commit, open_engine
from db.lock_waits import announced


@contextmanager
def held(database_url: str, statement: str) -> Iterator[psycopg.Connection]:
    """Somebody's psql, in a transaction, for the block."""
    with psycopg.connect(libpq_url(database_url), application_name="psql") as other:
        other.execute(statement)
        yield other


def test_a_wait_for_a_locked_table_is_announced_and_limited(database_url: str) -> None:
    engine = open_engine(database_url, lock_seconds=5)
    messages: list[str] = []
    with (
        held(database_url, "LOCK TABLE tracks") as holder,
        announced(engine, messages.append),
        engine.connect() as connection,
        pytest.raises(OperationalError, match="lock timeout"),
    ):
        process = holder.info.backend_pid
        connection.execute(text("SELECT count(*) FROM tracks"))
    assert messages == [f"Waiting for a lock that process {process} (psql) holds."]
    engine.dispose()


@pytest.mark.parametrize("whole", [True, False], ids=["for a block", "until the commit"])
def test_a_wait_for_an_advisory_lock_is_announced_and_limited(
    database_url: str, engine: Engine, whole: bool
) -> None:
    messages: list[str] = []
    with (
        held(database_url, f"SELECT pg_advisory_lock({int(Lock.SPLIT_ASSIGNMENT)}, 0)"),
        announced(engine, messages.append),
        pytest.raises(OperationalError, match="lock timeout"),
        hold_lock(engine, Lock.SPLIT_ASSIGNMENT, wait_seconds=5) if whole else engine.begin() as connection,
    ):
        lock_until_commit(connection, Lock.SPLIT_ASSIGNMENT, wait_seconds=5)  # type: ignore[arg-type]
    assert len(messages) == 1


def test_a_wait_that_ends_goes_on(database_url: str, engine: Engine) -> None:
    with (
        held(database_url, "LOCK TABLE tracks") as holder,
        announced(engine, lambda _: holder.rollback()),
        engine.connect() as connection,
    ):
        assert connection.scalar(text("SELECT count(*) FROM tracks")) == 0
