"""Passwords of roles in a PostgreSQL of one's own, each from a file, and the database that Prefect's server writes to.

It can be done again at any time: what a first start could not do, the next one does, and a changed password is set.
"""

from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import errors, sql

from db.engine import AddressError, libpq_url

PREFECT = "prefect"  # the role of Prefect's server, and its database


def read_password(file: Path) -> str:
    """The password in a file, without white space around it. Raises AddressError where the file gives none."""
    try:
        password = file.read_text().strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise AddressError(
            f"The password in {file} cannot be read ({why}): give this user the right to."
        ) from error
    if not password:
        raise AddressError(f"There is no password in {file}: write one into it.")
    return password


def set_password(address: str, role: str, password: str) -> None:
    """Let the role, which is there, log in with this password alone. The address is a superuser's."""
    with psycopg.connect(libpq_url(address), autocommit=True) as connection:
        # Hashed here, so that no log of the server can hold it.
        hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(role), sql.Literal(hashed.decode())))


def make_prefect(address: str) -> None:
    """See that the role `prefect` is there, and its database, for it alone. The address is a superuser's."""
    name = sql.Identifier(PREFECT)
    with psycopg.connect(libpq_url(address), autocommit=True) as connection:
        with suppress(errors.DuplicateObject):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        with suppress(errors.DuplicateDatabase):
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
