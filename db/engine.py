"""Connections to PostgreSQL: addresses, advisory locks and read-only queries."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from psycopg import DataError, Error, ProgrammingError
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from common.errors import LabelscopeError


class Lock(IntEnum):
    """Advisory locks of the database, for work that must not overlap."""

    MIGRATION = 0x1ABE1_01
    RETRAIN = 0x1ABE1_02
    # with the playlist's id as key
    PLAYLIST = 0x1ABE1_03
    FEATURES = 0x1ABE1_04
    # shared by work that adds content, exclusive for work that removes it
    CONTENT = 0x1ABE1_05
    EVALUATE = 0x1ABE1_06
    SPLIT_ASSIGNMENT = 0x1ABE1_07
    PIPELINE = 0x1ABE1_08
    TRACK_STATES = 0x1ABE1_09


class AddressError(LabelscopeError, ValueError):
    """An address of a database that is unusable."""


def normalised_url(address: str) -> str:
    """The address with the driver psycopg; raises AddressError where it is none of PostgreSQL."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # the cause may hold a password, and is not shown
        raise AddressError(
            "DATABASE_URL is no address of a database; write postgresql://user:password@host:5432/database."
        ) from None
    if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise AddressError(f"DATABASE_URL names {url.drivername}; Labelscope needs postgresql://…")
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def with_password(address: str, password: str) -> str:
    """The address with this password."""
    return make_url(normalised_url(address)).set(password=password).render_as_string(hide_password=False)


def libpq_url(address: str) -> str:
    """The address in the form of psql and libpq."""
    url = make_url(normalised_url(address)).set(drivername="postgresql")
    return url.render_as_string(hide_password=False).replace(" ", "%20")  # libpq accepts no other form


def for_programs(address: str) -> tuple[str, dict[str, str]]:
    """The address in the form of libpq without its password, and environment variables with the password.

    All users of a machine can read a command line, so the password is passed in the environment.
    """
    url = make_url(normalised_url(address)).set(drivername="postgresql")
    secrets = {"PGPASSWORD": url.password} if url.password else {}
    return url._replace(password=None).render_as_string(), secrets


# Limits of a wait for a lock, in seconds.
# Work waits for a row or a table: a batch of another machine may be long.
WORK_SECONDS = 600
# A query of a person waits for a row or a table.
QUESTION_SECONDS = 20
# Work waits for an advisory lock.
TURN_SECONDS = 3600
# A transaction waits for `lock_until_commit`.
MIGRATION_SECONDS = 120


def open_engine(address: str, lock_seconds: int = WORK_SECONDS) -> Engine:
    """An engine whose connections have a name, are checked before use, and limit each wait for a lock."""
    engine = create_engine(
        normalised_url(address),
        pool_pre_ping=True,
        connect_args={"application_name": "labelscope", "connect_timeout": 10},
    )

    @event.listens_for(engine, "connect")
    def limit(driver: Any, _record: Any) -> None:
        driver.autocommit = True
        driver.execute(f"SET lock_timeout = '{lock_seconds}s'")
        driver.autocommit = False

    return engine


@contextmanager
def try_lock(engine: Engine, lock: Lock, key: int = 0) -> Iterator[bool]:
    """Hold an advisory lock for the block; yields False, without a wait, if another process holds it.

    The lock has a connection of its own, so that the kill of the process frees it.
    """
    with _lock(engine, "pg_try_advisory_lock", "pg_advisory_unlock", lock, key) as held:
        yield held is True


@contextmanager
def hold_lock(engine: Engine, lock: Lock, wait_seconds: int = TURN_SECONDS) -> Iterator[None]:
    """Hold an exclusive advisory lock for the block, after a wait for other holders."""
    with _lock(engine, "pg_advisory_lock", "pg_advisory_unlock", lock, wait_seconds=wait_seconds):
        yield


@contextmanager
def share_lock(engine: Engine, lock: Lock) -> Iterator[None]:
    """Hold a shared advisory lock for the block, after a wait for an exclusive holder."""
    with _lock(engine, "pg_advisory_lock_shared", "pg_advisory_unlock_shared", lock):
        yield


def lock_until_commit(connection: Connection, lock: Lock, wait_seconds: int = MIGRATION_SECONDS) -> None:
    """Hold an exclusive advisory lock until the transaction ends, after a wait of at most `wait_seconds`.

    The same limit then holds for all locks of the transaction.
    """
    connection.execute(text(f"SET LOCAL lock_timeout = '{wait_seconds}s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock, 0)"), {"lock": int(lock)})


@contextmanager
def _lock(
    engine: Engine, take: str, release: str, lock: Lock, key: int = 0, *, wait_seconds: int = TURN_SECONDS
) -> Iterator[Any]:
    parameters = {"lock": int(lock), "key": key}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # The limit holds for this statement alone.
        taking = f"SELECT {take}(:lock, :key) FROM set_config('lock_timeout', '{wait_seconds}s', true)"
        held = connection.scalar(text(taking), parameters)
        try:
            yield held
        finally:
            if held is not False:
                try:
                    connection.execute(text(f"SELECT {release}(:lock, :key)"), parameters)
                except DBAPIError:  # the session has ended, and the lock with it
                    connection.invalidate()


@dataclass(slots=True)
class Answer:
    """The result of a statement: names of columns, rows, and, once these are read, whether rows were cut off."""

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]
    cut: bool = False


class NoAnswerError(ValueError):
    """A statement that cannot return rows. The message is a sentence."""


@contextmanager
def read_only(
    engine: Engine,
    query: str,
    timeout_seconds: int,
    limit: int,
    parameters: Mapping[str, Any] | None = None,
) -> Iterator[Answer]:
    """The first `limit` rows of one statement in a read-only transaction, with a time limit.

    `%(name)s` is a parameter; without parameters percent signs are plain text. Rows are streamed, so that memory holds
    few of them. A streamed or prepared query is a single statement: it cannot end the read-only transaction and
    continue.

    Raises:
        NoAnswerError: the statement is a COPY, which has its own protocol, the query is empty, or its parameters do not
            fit.
    """
    with engine.connect() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{int(timeout_seconds)}s'"))
        connection.execute(text(f"SET LOCAL lock_timeout = '{QUESTION_SECONDS}s'"))
        driver: Any = connection.connection.driver_connection
        cursor = driver.cursor()
        with closing(cursor.stream(query, parameters)) as stream:
            try:
                first = next(stream, None)
                if first is None:
                    cursor.execute(query, parameters, prepare=True)  # a stream without rows has no columns
                answer = Answer([column.name for column in cursor.description or ()], iter(()))
            except Error as error:
                # COPY leaves the transaction active.
                if driver.info.transaction_status == TransactionStatus.ACTIVE:
                    connection.invalidate()
                    raise NoAnswerError(
                        "COPY is not answered here: use SELECT with --format csv, or `labelscope db psql`."
                    ) from error
                if error.sqlstate is not None or isinstance(error, DataError):
                    raise
                if not isinstance(error, ProgrammingError):
                    raise NoAnswerError("There is no statement.") from error
                if parameters:
                    raise NoAnswerError(
                        f"The parameters do not fit the query ({error}): write %(name)s for a parameter, and %% for a"
                        " percent sign."
                    ) from error
                answer = Answer([], iter(()))  # a statement without rows, like SET
                first = None
            if first is not None:
                answer.rows = _limited(answer, first, stream, limit)
            yield answer


def _limited(answer: Answer, first: Any, stream: Iterator[Any], limit: int) -> Iterator[tuple[Any, ...]]:
    yield first
    for number, row in enumerate(stream, 1):
        if number == limit:
            answer.cut = True
            return
        yield row
