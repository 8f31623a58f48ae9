"""How Labelscope speaks to a PostgreSQL server, wherever it runs."""

from collections.abc import Iterator
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
    """Advisory locks of the database, so that what must not overlap cannot, whoever starts it."""

    MIGRATION = 0x1ABE1_01
    RETRAIN = 0x1ABE1_02
    PLAYLIST = 0x1ABE1_03  # with the playlist's id as key
    FEATURES = 0x1ABE1_04
    CONTENT = 0x1ABE1_05  # shared by whoever brings content in, alone for whoever removes some
    EVALUATE = 0x1ABE1_06
    SPLIT_ASSIGNMENT = 0x1ABE1_07
    PIPELINE = 0x1ABE1_08
    TRACK_STATES = 0x1ABE1_09


class AddressError(LabelscopeError, ValueError):
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


def with_password(address: str, password: str) -> str:
    """The same address with a password that was kept apart from it."""
    return make_url(normalised_url(address)).set(password=password).render_as_string(hide_password=False)


def libpq_url(address: str) -> str:
    """The same address as psql and libpq write it."""
    url = make_url(normalised_url(address)).set(drivername="postgresql")
    return url.render_as_string(hide_password=False).replace(" ", "%20")  # which libpq takes in no other way


def for_programs(address: str) -> tuple[str, dict[str, str]]:
    """The same for a command line, which all users of a machine can read: without the password, which libpq's programs
    find in the variables that come along.
    """
    url = make_url(normalised_url(address)).set(drivername="postgresql")
    secrets = {"PGPASSWORD": url.password} if url.password else {}
    return url._replace(password=None).render_as_string(), secrets


WORK_SECONDS = 600  # that work waits for a row or a table: a batch of another machine may be long
QUESTION_SECONDS = 20  # that a question waits
TURN_SECONDS = 3600  # that work waits for its turn, which others have by an advisory lock
MIGRATION_SECONDS = 120


def open_engine(address: str, lock_seconds: int = WORK_SECONDS) -> Engine:
    """An engine whose connections say who they are, notice a server that went away, and give up waiting for locks."""
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


def lock_until_commit(connection: Connection, lock: Lock) -> None:
    """Hold an advisory lock alone until the transaction ends; waits two minutes for whoever holds it.

    From here on the transaction waits no longer than that for any other lock.
    """
    connection.execute(text(f"SET LOCAL lock_timeout = '{MIGRATION_SECONDS}s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock, 0)"), {"lock": int(lock)})


@contextmanager
def _lock(engine: Engine, take: str, release: str, lock: Lock, key: int) -> Iterator[Any]:
    names = {"lock": int(lock), "key": key}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # The limit is for this statement alone.
        taking = f"SELECT {take}(:lock, :key) FROM set_config('lock_timeout', '{TURN_SECONDS}s', true)"
        held = connection.scalar(text(taking), names)
        try:
            yield held
        finally:
            if held is not False:
                try:
                    connection.execute(text(f"SELECT {release}(:lock, :key)"), names)
                except DBAPIError:  # the session is gone, and the lock with it
                    connection.invalidate()


@dataclass(slots=True)
class Answer:
    """What a statement gives: the names of its columns, its rows, and, after these, whether there were more."""

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]
    cut: bool = False


class NoAnswerError(ValueError):
    """A statement that is not one to be answered with rows. The message is a sentence."""


@contextmanager
def read_only(engine: Engine, query: str, timeout_seconds: int, limit: int) -> Iterator[Answer]:
    """The first `limit` rows of one statement, which can change nothing and is given up after a time.

    Rows are streamed, so that however many there are they never lie in memory. Streamed or prepared, PostgreSQL takes
    single statements only: none can end the read-only transaction and go on.

    Raises:
        NoAnswerError: the statement speaks a protocol of its own (COPY), or there is none.
    """
    with engine.connect() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{int(timeout_seconds)}s'"))
        connection.execute(text(f"SET LOCAL lock_timeout = '{QUESTION_SECONDS}s'"))
        driver: Any = connection.connection.driver_connection
        cursor = driver.cursor()
        with closing(cursor.stream(query)) as stream:
            try:
                first = next(stream, None)
                if first is None:
                    cursor.execute(query, prepare=True)  # a stream without rows does not tell the columns
                answer = Answer([column.name for column in cursor.description or ()], iter(()))
            except Error as error:
                if (
                    driver.info.transaction_status == TransactionStatus.ACTIVE
                ):  # it wants to go on as COPY does
                    connection.invalidate()
                    raise NoAnswerError(
                        "COPY is not answered here: use SELECT with --format csv, or `labelscope db psql`."
                    ) from error
                if error.sqlstate is not None or isinstance(error, DataError):
                    raise
                if not isinstance(error, ProgrammingError):
                    raise NoAnswerError("There is no statement.") from error
                answer = Answer([], iter(()))  # it has no answer by its nature, like SET
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
