"""What PostgreSQL has to say against a statement, or why it cannot be asked, as people read it."""

import os
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

from common.errors import LabelscopeError
from common.text import visible
from config.settings import Settings
from services.keeper import full_disk, has_no_room

BEFORE, AFTER = 60, 30  # characters that are shown of a long line, on either side of what is wrong
TAKES_LONGER = "statement timeout"


class QueryError(LabelscopeError):
    """A statement that somebody typed cannot be answered. The message says where it is wrong, and what helps."""


def query_error(error: PostgresError, query: str, timeout_seconds: int) -> QueryError:
    """What is wrong with the statement: PostgreSQL's words, the line with the place, and its hint."""
    diagnosis = error.diag
    if isinstance(error, QueryCanceled) and TAKES_LONGER in (diagnosis.message_primary or ""):
        return QueryError(f"The statement takes longer than {timeout_seconds} s: raise --timeout.")
    said = [postgres_sentence(error, hint=diagnosis.statement_position is None)]
    if diagnosis.statement_position is not None:
        said += _place(query, int(diagnosis.statement_position) - 1)
        said += [visible(f"HINT: {diagnosis.message_hint}")] if diagnosis.message_hint else []
    return QueryError("\n".join(said))


def _place(query: str, position: int) -> list[str]:
    """The line with that character, and a caret below it."""
    begin = query.rfind("\n", 0, position) + 1
    line = query[begin:].partition("\n")[0].expandtabs(1)
    first = max(position - begin - BEFORE, 0)
    head = f"LINE {query.count(chr(10), 0, position) + 1}: " + ("…" if first else "")
    shown = line[first : position - begin + AFTER]
    rest = "…" if len(line) > position - begin + AFTER else ""
    return [visible(head + shown + rest), " " * (len(head) + position - begin - first) + "^"]


def postgres_sentence(error: BaseException, hint: bool = True) -> str:
    """One sentence on any error that psycopg raises."""
    diagnosis = error.diag if isinstance(error, PostgresError) else None
    if (sentence := _full_disk(error, diagnosis)) is not None:
        return sentence
    if isinstance(error, DataError) and (diagnosis is None or diagnosis.message_primary is None):
        return f"A value in the answer cannot be shown ({' '.join(str(error).split())}); cast it to text in the query."
    if diagnosis is None or diagnosis.message_primary is None:  # it never got as far as the server
        own = os.environ.get("DATABASE_URL")
        cure = "check DATABASE_URL" if own else "run it again; logs/postgres.log in the home may say why"
        return f"PostgreSQL cannot be reached ({' '.join(str(error).split())}); {cure}."
    if isinstance(error, LockNotAvailable):
        return (
            "Another program holds a lock for too long, such as a restore or a psql in a transaction;"
            " run this again when that has ended."
        )
    if isinstance(error, DataCorrupted | IndexCorrupted):
        return (
            f"A page of the database is damaged ({diagnosis.message_primary});"
            " `labelscope maintain --thorough` names the table or index, and the cure."
        )
    if "multiple commands" in diagnosis.message_primary:
        return "There is more than one statement; ask one at a time."
    said = (f"PostgreSQL says: {diagnosis.message_primary}", diagnosis.message_hint if hint else None)
    return visible(". ".join(filter(None, said)))  # it may quote a value, line ends included


def _full_disk(error: BaseException, diagnosis: Any) -> str | None:
    """A sentence where the server's disk is full: it says so, or is gone for the lack of room to write its log."""
    is_gone = isinstance(error, CrashShutdown) or diagnosis is None or diagnosis.message_primary is None
    if os.environ.get("DATABASE_URL"):
        words = "PostgreSQL cannot write: its disk is full; free some space there and run it again, nothing is lost."
        return words if isinstance(error, DiskFull) else None
    folder = Settings().home / "postgres"
    if isinstance(error, DiskFull) or (is_gone and folder.is_dir() and has_no_room(folder)):
        return f"PostgreSQL cannot write: {full_disk(folder)}"
    return None
