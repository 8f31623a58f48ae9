"""How Labelscope speaks to a PostgreSQL server, wherever it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError


class Lock(IntEnum):
    """Advisory locks of the database, so that what must not overlap cannot, whoever starts it."""

    MIGRATION = 0x1ABE1_01
    RETRAIN = 0x1ABE1_02
    PLAYLIST = 0x1ABE1_03  # with the playlist's id as key
    FEATURES = 0x1ABE1_04
    CONTENT = 0x1ABE1_05  # shared by whoever brings content in, alone for whoever removes some
    EVALUATE = 0x1ABE1_06
    PLACE = 0x1ABE1_07
    STANDINGS = 0x1ABE1_08


READER = "labelscope_reader"


class AddressError(ValueError):
    """An address of a database that cannot be used."""


def normalised_url(address: str) -> str:
    """The address with its driver named: a bare `postgresql://` means another one to SQLAlchemy 2.0."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # such as a password where the port should be: never shown
        raise AddressError(
            "DATABASE_URL is no address of a database; write postgresql://user:password@host:5432/database."
        ) from None
    if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise AddressError(f"DATABASE_URL names {url.drivername}; Labelscope needs postgresql://…")
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def libpq_url(address: str) -> str:
    """The same address as psql and libpq write it."""
    return (
        make_url(normalised_url(address)).set(drivername="postgresql").render_as_string(hide_password=False)
    )


def open_engine(address: str) -> Engine:
    """An engine whose connections say who they are and notice a server that went away."""
    return create_engine(
        normalised_url(address),
        pool_pre_ping=True,
        connect_args={"application_name": "labelscope", "connect_timeout": 10},
    )


@contextmanager
def try_lock(engine: Engine, lock: Lock, key: int = 0) -> Iterator[bool]:
    """Hold an advisory lock for the block; yields False at once if another holds it.

    The lock belongs to a connection of its own: a process that is killed lets go of it.
    """
    with _lock(engine, "pg_try_advisory_lock", "pg_advisory_unlock", lock, key) as held:
        yield held is True


@contextmanager
def hold_lock(engine: Engine, lock: Lock) -> Iterator[None]:
    """Hold an advisory lock alone, for the block; waits for whoever holds it."""
    with _lock(engine, "pg_advisory_lock", "pg_advisory_unlock", lock, 0):
        yield


@contextmanager
def share_lock(engine: Engine, lock: Lock) -> Iterator[None]:
    """Hold an advisory lock along with any number of others, for the block; waits for one who holds it alone."""
    with _lock(engine, "pg_advisory_lock_shared", "pg_advisory_unlock_shared", lock, 0):
        yield


@contextmanager
def _lock(engine: Engine, take: str, release: str, lock: Lock, key: int) -> Iterator[Any]:
    names = {"lock": int(lock), "key": key}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        held = connection.scalar(text(f"SELECT {take}(:lock, :key)"), names)
        try:
            yield held
        finally:
            if held is not False:
                try:
                    connection.execute(text(f"SELECT {release}(:lock, :key)"), names)
                except DBAPIError:  # the session is gone, and the lock with it
                    connection.invalidate()


@contextmanager
def reader(engine: Engine, ours: bool) -> Iterator[Engine]:
    """An engine for people's questions: of a role that can read all tables and do nothing else.

    A transaction that is read-only is not enough: a superuser's COPY writes files and starts programs. In a
    PostgreSQL of `ours` the role is made; elsewhere the rights are those of whoever DATABASE_URL names.
    """
    if not ours:
        yield engine
        return
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": int(Lock.MIGRATION)})
        known = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
        if not connection.scalar(known, {"role": READER}):
            connection.execute(text(f"CREATE ROLE {READER} LOGIN IN ROLE pg_read_all_data"))
    restricted = open_engine(engine.url.set(username=READER).render_as_string(hide_password=False))
    try:
        yield restricted
    finally:
        restricted.dispose()


def read_only(engine: Engine, query: str, timeout_seconds: int) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of one statement, which can change nothing and is given up after a time.

    Prepared, because PostgreSQL prepares single statements only: none can end the read-only transaction and go on.
    """
    with engine.connect() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{int(timeout_seconds)}s'"))
        driver = connection.connection.driver_connection
        assert driver is not None
        cursor = driver.execute(query, prepare=True)
        if cursor.description is None:
            return [], []
        return [column.name for column in cursor.description], cursor.fetchall()
