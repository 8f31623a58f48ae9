"""PostgreSQL's errors as sentences: a wrong statement, or a server that cannot be reached."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import DataError
from psycopg import Error as PostgresError
from psycopg.errors import (
    CrashShutdown,
    DataCorrupted,
    DiskFull,
    IndexCorrupted,
    LockNotAvailable,
    QueryCanceled,
)
from sqlalchemy.exc import DBAPIError

from common.errors import LabelscopeError
from common.text import visible
from config.settings import Settings
from db.engine import NoAnswerError
from services.full_disk import full_disk, is_nearly_full

BEFORE, AFTER = 60, 30  # characters of a long line to show before and after the mistake
# By name: importing it takes long.
UNKNOWN_SCHEMA = "alembic.util.exc.CommandError"
TIMEOUT = "statement timeout"  # in PostgreSQL's message


class DatabaseError(LabelscopeError):
    """The database cannot be used. The message has the reason and the cure."""


class QueryError(LabelscopeError):
    """A statement that a person typed failed. The message shows the place, and the cure."""


@contextmanager
def query_errors(query: str, timeout_seconds: int, option: str) -> Iterator[None]:
    """Raises QueryError for any error of this statement inside the block; `option` is what sets its time limit."""
    try:
        yield
    except NoAnswerError as error:
        raise QueryError(str(error)) from error
    except QueryCanceled as error:
        if TIMEOUT not in (error.diag.message_primary or ""):
            raise _query_error(error, query) from error
        raise QueryError(f"The statement takes longer than {timeout_seconds} s: raise {option}.") from error
    except PostgresError as error:
        raise _query_error(error, query) from error


def _query_error(error: PostgresError, query: str) -> QueryError:
    """What is wrong with the statement: PostgreSQL's message, the line with a caret, and its hint."""
    diagnosis = error.diag
    lines = [postgres_sentence(error, hint=diagnosis.statement_position is None)]
    if diagnosis.statement_position is not None:
        lines += _line_with_caret(query, int(diagnosis.statement_position) - 1)
        lines += [visible(f"HINT: {diagnosis.message_hint}")] if diagnosis.message_hint else []
    return QueryError("\n".join(lines))


def _line_with_caret(query: str, position: int) -> list[str]:
    """The line of the query that holds this position, and a caret below it."""
    begin = query.rfind("\n", 0, position) + 1
    line = query[begin:].partition("\n")[0].expandtabs(1)
    first = max(position - begin - BEFORE, 0)
    head = f"LINE {query.count(chr(10), 0, position) + 1}: " + ("…" if first else "")
    shown = line[first : position - begin + AFTER]
    rest = "…" if len(line) > position - begin + AFTER else ""
    return [visible(head + shown + rest), " " * (len(head) + position - begin - first) + "^"]


def database_sentence(error: Exception) -> str | None:
    """One sentence for any error of PostgreSQL or of the migrations; None for any other error."""
    if isinstance(error, DBAPIError | PostgresError):
        return postgres_sentence(getattr(error, "orig", error))
    if f"{type(error).__module__}.{type(error).__qualname__}" == UNKNOWN_SCHEMA:
        return f"The database's schema is unknown to this version ({error}); update Labelscope."
    return None


def postgres_sentence(error: BaseException, hint: bool = True) -> str:
    """One sentence for any error that psycopg raises."""
    diagnosis = error.diag if isinstance(error, PostgresError) else None
    if (sentence := _full_disk(error, diagnosis)) is not None:
        return sentence
    if isinstance(error, DataError) and (diagnosis is None or diagnosis.message_primary is None):
        return f"A value in the answer cannot be shown ({' '.join(str(error).split())}); cast it to text in the query."
    if diagnosis is None or diagnosis.message_primary is None:  # the server was not reached
        own = os.environ.get("DATABASE_URL")
        cure = "check DATABASE_URL" if own else "run it again, and see logs/postgres.log in the home"
        return f"PostgreSQL cannot be reached ({' '.join(str(error).split())}); {cure}."
    if isinstance(error, LockNotAvailable):
        return (
            "Another program holds a lock for too long, such as a restore or a psql in a transaction:"
            " run this again when it has ended."
        )
    if isinstance(error, DataCorrupted | IndexCorrupted):
        return (
            f"A page of the database is damaged ({diagnosis.message_primary}):"
            " `labelscope maintain --thorough` names the table or index, and the cure."
        )
    if "multiple commands" in diagnosis.message_primary:
        return "There is more than one statement; run one at a time."
    sentences = (f"PostgreSQL: {diagnosis.message_primary}", diagnosis.message_hint if hint else None)
    return visible(". ".join(filter(None, sentences)))  # it may quote a value, line ends included


def _full_disk(error: BaseException, diagnosis: Any) -> str | None:
    """A sentence where the server's disk is full: it reports that, or it crashed as it could not write its log."""
    is_gone = isinstance(error, CrashShutdown) or diagnosis is None or diagnosis.message_primary is None
    if os.environ.get("DATABASE_URL"):
        sentence = "PostgreSQL cannot write: its disk is full; free some space there and run it again, nothing is lost."
        return sentence if isinstance(error, DiskFull) else None
    folder = Settings().home / "postgres"
    if isinstance(error, DiskFull) or (is_gone and folder.is_dir() and is_nearly_full(folder)):
        return f"PostgreSQL cannot write: {full_disk(folder)}"
    return None
