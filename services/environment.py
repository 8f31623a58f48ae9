"""The environment of the processes that Labelscope starts: made from a list of what they need.

A server that inherits all of its caller's variables inherits its secrets, too, and on a machine where PostgreSQL runs
as another user, that user can read them. Imported by the keeper, so: the standard library alone.
"""

import os
import re
from collections.abc import Mapping

NEEDED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL"
    r"|LABELSCOPE_HOME"  # whose process it is, for people and tests that look
    r"|LANG|LANGUAGE|LC_[A-Z]+|TZ|TZDIR"
    r"|TMPDIR|TEMP|TMP|XDG_RUNTIME_DIR"
    r"|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_[A-Z_]+"
    r"|NO_FAKE_STAT|FAKETIME[A-Z_]*"  # what libfaketime, loaded by LD_PRELOAD, reads
    r"|PYTHONPATH|PYTHONHOME|PYTHONUTF8|PYTHONDONTWRITEBYTECODE|PYTHONPYCACHEPREFIX|VIRTUAL_ENV"
    r"|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE"
)
SECRETS = {
    "SPOTIPY_CLIENT_SECRET",
    "DATABASE_PASSWORD",
    "DATABASE_URL",
    "PREFECT_API_AUTH_STRING",
    "PREFECT_API_KEY",
}


def child_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables for a server: what every program needs of the caller's environment, and `more`."""
    needed = {name: value for name, value in os.environ.items() if NEEDED.fullmatch(name)}
    return needed | dict(more or {})


def libpq_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The same for pg_dump and pg_restore, which also read how to reach a server: PGSSLMODE, PGSSLROOTCERT, …"""
    libpq = {name: value for name, value in os.environ.items() if name.startswith("PG")}
    return child_environment(libpq | dict(more or {}))


def without_secrets() -> dict[str, str]:
    """All variables of the caller but secrets, for a program that people work in: psql, its pager, its editor."""
    return {name: value for name, value in os.environ.items() if name not in SECRETS}
