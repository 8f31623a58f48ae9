"""Passwords of roles in a PostgreSQL of your own, and the database that Prefect's server writes to.

All of it can run again: the next start completes an interrupted one, and sets a changed password.
"""

from contextlib import suppress

import psycopg
from psycopg import errors, sql

from db.engine import libpq_url

# The role of Prefect's server, and its database.
PREFECT = "prefect"


def set_password(address: str, role: str, password: str) -> None:
    """Set the password of an existing role. The address is that of a superuser."""
    with psycopg.connect(libpq_url(address), autocommit=True) as connection:
        # Hashed by the client: no log of the server can hold the password.
        hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(role), sql.Literal(hashed.decode())))


def make_prefect(address: str) -> None:
    """Create the role `prefect` and its own database, unless they exist. The address is that of a superuser."""
    name = sql.Identifier(PREFECT)
    with psycopg.connect(libpq_url(address), autocommit=True) as connection:
        with suppress(errors.DuplicateObject):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        with suppress(errors.DuplicateDatabase):
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
