"""The environment of the processes that Labelscope starts: only the variables that they need.

A server that inherits all variables of its caller inherits the secrets among them. Where PostgreSQL runs as another
user, that user could read them. Imported by the keeper, so: the standard library only.
"""

import os
import re
from collections.abc import Mapping

NEEDED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL"
    r"|LABELSCOPE_HOME"  # so that people and tests can tell which home a process belongs to
    r"|LANG|LANGUAGE|LC_[A-Z]+|TZ|TZDIR"
    r"|TMPDIR|TEMP|TMP|XDG_RUNTIME_DIR"
    r"|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_[A-Z_]+"
    r"|NO_FAKE_STAT|FAKETIME[A-Z_]*"  # read by libfaketime, which LD_PRELOAD loads
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
    """The variables for a server: those of the caller that every program needs, and `more`."""
    needed = {name: value for name, value in os.environ.items() if NEEDED.fullmatch(name)}
    return needed | dict(more or {})


def libpq_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables for pg_dump and pg_restore: those of a server, and libpq's, such as PGSSLMODE, and `more`."""
    libpq = {name: value for name, value in os.environ.items() if name.startswith("PG")}
    return child_environment(libpq | dict(more or {}))


def without_secrets() -> dict[str, str]:
    """All variables of the caller except secrets, for interactive programs: psql, its pager, its editor."""
    return {name: value for name, value in os.environ.items() if name not in SECRETS}
