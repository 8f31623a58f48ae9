"""Passwords of roles in a PostgreSQL of your own, and the database that Prefect's server writes to.

It can be done again at any time: what a first start could not do, the next one does, and a changed password is set.
"""

from contextlib import suppress

import psycopg
from psycopg import errors, sql

from db.engine import libpq_url

PREFECT = "prefect"  # the role of Prefect's server, and its database


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
