"""Requirements for a PostgreSQL server of your own."""

import psycopg

from db.engine import AddressError, libpq_url

OLDEST = 14


def require_usable(address: str) -> None:
    """Raise AddressError for a server that is too old, or a database with an encoding other than UTF-8."""
    with psycopg.connect(libpq_url(address), connect_timeout=10, application_name="labelscope") as connection:
        version = connection.info.server_version // 10_000
        encoding = connection.info.parameter_status("server_encoding")
    if version < OLDEST:
        raise AddressError(f"DATABASE_URL names PostgreSQL {version}; Labelscope needs {OLDEST} or newer.")
    if encoding != "UTF8":
        raise AddressError(
            f"DATABASE_URL names a database whose encoding is {encoding}, which cannot hold every title; make one with"
            " CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
        )
