"""Exit codes, and one sentence for each failure that a person can fix.

0: done. 1: not done; a sentence on stderr gives the reason and the cure. 2: wrong usage. 130: Ctrl-C
(cli/stopping.py). Any other failure is a bug in Labelscope and shows its traceback.
"""

import errno
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pydantic import ValidationError
from pydantic_settings import SettingsError

from cli.output import screen
from common.errors import LabelscopeError
from common.files import describe
from config.settings import SECRETS, Settings
from flows.home.postgres_errors import QueryError, database_sentence
from services.private import PlaceRefused

EXAMPLES = {"hyperparameters": '{"epochs": 20}'}
PRINTING_PACKAGES = {"cli", "click", "typer", "rich"}
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
# Errors of libraries that people can fix, by name: importing them takes seconds.
FOREIGN = {"distributed.scheduler.KilledWorker", "prefect.exceptions.CancelledRun"}


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """End the process with a sentence on stderr and exit code 1 where a person can fix the failure.

    Where nobody reads the output any more, as after `| head`, there is no sentence. Other errors pass.
    """
    try:
        try:
            yield
        except SystemExit:
            sys.stdout.flush()  # raises for a full disk or a closed pipe, at the latest
            raise
    # Every kind: `_sentence` selects the errors that a person can fix, and the others are raised again.
    except Exception as error:
        sentence = _output_sentence(error) if _is_output_error(error) else _sentence(error)
        if sentence is None:
            raise
        if sentence:
            with suppress(OSError):
                screen.error(f"labelscope: {sentence}", lines=isinstance(error, QueryError))
        sys.exit(1)


def _is_output_error(error: Exception) -> bool:
    """Whether an OSError comes from printing rather than from a file; the module that raised it shows which."""
    if not isinstance(error, OSError) or error.filename is not None:
        return False
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).partition(".")[0] in PRINTING_PACKAGES


def _output_sentence(error: Exception) -> str:
    """A sentence about the output; empty where nobody reads it any more. From here on stdout goes to /dev/null."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    assert isinstance(error, OSError)
    if error.errno == errno.EPIPE:
        return ""
    if error.errno in FULL_DISK:
        return "The output could not be written: no space is left where it goes."
    return f"The output could not be written ({describe(error)}): send it somewhere else."


def _sentence(error: Exception) -> str | None:
    """The sentence for an error that a person can fix, None for any other one."""
    if isinstance(error, LabelscopeError) or _full_name(error) in FOREIGN:
        return str(error)
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        return _wrong_setting(error)
    if isinstance(error, SettingsError):
        return _unreadable_setting(error)
    if isinstance(error, OSError):
        return _file_sentence(error)
    return database_sentence(error)


def _full_name(error: Exception) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _wrong_setting(error: ValidationError) -> str:
    """The first setting with a wrong value, and why it is wrong."""
    first = error.errors()[0]
    name = str(first["loc"][0]).upper()
    is_full_name = name.startswith(("SPOTIPY_", "DATABASE_")) or name == "PREFECT_API_URL"
    why = first["msg"].removeprefix("Value error, ")
    return f"The setting {name if is_full_name else 'LABELSCOPE_' + name} is not understood: {why}."


def _unreadable_setting(error: SettingsError) -> str:
    """A secret that cannot be read, or a setting that is no JSON."""
    field = re.search(r'field "(\w+)"', str(error))
    name = field[1] if field else "…"
    if "SecretsSettingsSource" in str(error):
        return f"The secret {SECRETS / name} cannot be read: let this user read it."
    example = EXAMPLES.get(name, '["*.example.org"]')
    return f"The setting LABELSCOPE_{name.upper()} is not understood: write it as JSON, such as {example}."


def _file_sentence(error: OSError) -> str | None:
    """What is wrong with a file, a folder or a disk; None where it may be a bug."""
    if isinstance(error, PlaceRefused):
        return error.sentence
    if error.errno == errno.ENAMETOOLONG:
        return f"{str(error.filename)[:60]!r}… is longer than a path can be; name a file or folder that there is."
    if error.errno in FULL_DISK:
        place = error.filename or "LABELSCOPE_HOME"
        return f"The disk is full at {place}; free some space and run again, nothing is lost."
    if error.errno in (errno.EACCES, errno.EROFS):
        place = error.filename or "LABELSCOPE_HOME"
        return f"{place} cannot be read or written; name a place of yours, or set LABELSCOPE_HOME to one."
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename} is in the way, or leads nowhere; remove it, or mount what it leads to."
    return None
