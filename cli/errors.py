"""What goes wrong in the world, told in one sentence, and the exit codes.

0: done. 1: it could not be done, and the sentence says why and what helps. 2: the command was not understood.
130: Ctrl-C (cli/stopping.py). Anything else is a fault of Labelscope and shows its traceback.
"""

import errno
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from alembic.util import CommandError
from psycopg import Error as PostgresError
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import DBAPIError

from cli import screen
from cli.postgres_errors import QueryError, postgres_sentence
from common.errors import LabelscopeError
from config.settings import SECRETS, Settings
from services.private import PlaceRefused

EXAMPLES = {"hyperparameters": '{"epochs": 20}'}
OUTPUT = {"cli", "click", "typer", "rich"}  # packages that print
FOREIGN = {
    "distributed.scheduler.KilledWorker",
    "prefect.exceptions.CancelledRun",
}  # by name: importing takes seconds


@contextmanager
def told_in_one_sentence() -> Iterator[None]:
    """End the process with a sentence on stderr where a failure is one that people can mend."""
    try:
        try:
            yield
        except SystemExit:
            sys.stdout.flush()  # a full disk or a closed pipe shows here at the latest
            raise
    except Exception as error:
        sentence = _output_sentence(error) if _is_of_output(error) else _sentence(error)
        if sentence is None:
            raise
        if sentence:
            with suppress(OSError):
                screen.fail(f"labelscope: {sentence}", lines=isinstance(error, QueryError))
        sys.exit(1)


def _is_of_output(error: Exception) -> bool:
    """Whether it is about what the command prints, rather than about a file: where it was raised says so."""
    if not isinstance(error, OSError) or error.filename is not None:
        return False
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).partition(".")[0] in OUTPUT


def _output_sentence(error: Exception) -> str:
    """Empty where nobody reads any more, as after `| head`. Nothing more is written to where it cannot be."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    assert isinstance(error, OSError)
    if error.errno == errno.EPIPE:
        return ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The output could not be written: no space is left where it goes."
    return f"The output could not be written ({error.strerror}): send it somewhere else."


def _sentence(error: Exception) -> str | None:
    if (
        isinstance(error, LabelscopeError)
        or f"{type(error).__module__}.{type(error).__qualname__}" in FOREIGN
    ):
        return str(error)
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        known = name.startswith(("SPOTIPY_", "DATABASE_")) or name == "PREFECT_API_URL"
        said = first["msg"].removeprefix("Value error, ")
        return f"The setting {name if known else 'LABELSCOPE_' + name} is not understood: {said}."
    if isinstance(error, SettingsError):
        found = re.search(r'field "(\w+)"', str(error))
        name = found[1] if found else "…"
        if "SecretsSettingsSource" in str(error):
            return f"The secret {SECRETS / name} cannot be read: give this user the right to."
        example = EXAMPLES.get(name, '["*.example.org"]')
        return (
            f"The setting LABELSCOPE_{name.upper()} is not understood: write it as JSON, such as {example}."
        )
    if isinstance(error, PlaceRefused):
        return error.sentence
    if isinstance(error, DBAPIError | PostgresError):
        return postgres_sentence(getattr(error, "orig", error))
    if isinstance(error, CommandError):
        return f"The database's schema is not one of this version ({error}); update Labelscope."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full at {error.filename or 'LABELSCOPE_HOME'}; make room and run again, nothing is lost."
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EROFS):
        place = error.filename or "LABELSCOPE_HOME"
        return f"{place} cannot be read or written; name a place of yours, or set LABELSCOPE_HOME to one."
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename} is in the way, or leads nowhere; remove it, or mount what it leads to."
    return None
