"""Access by TCP for drivers that use no libpq, and what it refuses."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Timer

import pg8000.dbapi
import psycopg
import pytest

from db.engine import libpq_url
from db.roles import PIPELINE, READER, keep_roles
from services.keeper import ServiceError
from services.ports import HOST, free_port
from services.postgres.protocol import ProtocolError, parameters_of, startup
from services.postgres.server import PostgresAddress
from services.postgres.sockets import PORT
from services.postgres.tcp import TcpAccess

PASSWORD = "q" * 32
VIEW = "SELECT count(*) FROM label_accuracy"
VERSION = 3 << 16


@dataclass(frozen=True)
class Open:
    """An open port, and the database behind it."""

    port: int
    database: str
    owner: str  # address by the socket

    def enter(self, **changes: str) -> psycopg.Connection:
        usual = {"user": READER, "password": PASSWORD, "dbname": self.database}
        return psycopg.connect(host=HOST, port=self.port, **(usual | changes))

    def enter_without_libpq(self, password: str = PASSWORD) -> pg8000.dbapi.Connection:
        return pg8000.dbapi.connect(
            user=READER, password=password, host=HOST, port=self.port, database=self.database
        )

    def raw(self, *packets: bytes) -> bytes:
        """All that is answered to these packets."""
        with socket.create_connection((HOST, self.port), timeout=20) as connection:
            connection.sendall(b"".join(packets))
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(10_000):
                answer += chunk
            return answer


@pytest.fixture
def access(postgres: PostgresAddress, database_url: str) -> Iterator[Open]:
    keep_roles(database_url)
    database = database_url.partition("@/")[2].partition("?")[0]
    port = free_port()
    with TcpAccess(postgres.socket_dir / f".s.PGSQL.{PORT}", READER, database, PASSWORD).on(port):
        yield Open(port, database, libpq_url(database_url))


def test_a_driver_without_libpq_reads_a_view_and_needs_the_password(access: Open) -> None:
    with access.enter_without_libpq() as connection:
        cursor = connection.cursor()
        cursor.execute(VIEW)
        assert cursor.fetchone()[0] == 0
    with pytest.raises(pg8000.dbapi.DatabaseError, match="password authentication failed"):
        access.enter_without_libpq("r" * 32)


def test_an_odbc_driver_reads_a_view_and_needs_the_password(access: Open) -> None:
    pyodbc = pytest.importorskip("pyodbc", exc_type=ImportError)
    driver = next((name for name in pyodbc.drivers() if "PostgreSQL Unicode" in name), None)
    if driver is None:
        pytest.skip("no ODBC driver (Debian: apt install odbc-postgresql)")
    place = f"DRIVER={{{driver}}};SERVER={HOST};PORT={access.port};DATABASE={access.database};UID={READER}"
    connection = pyodbc.connect(f"{place};PWD={PASSWORD}")
    assert connection.execute(VIEW).fetchone()[0] == 0
    connection.close()
    with pytest.raises(pyodbc.Error, match="password authentication failed"):
        pyodbc.connect(f"{place};PWD={'r' * 32}")


def test_a_session_is_the_readers_whatever_the_client_asks_for(access: Open) -> None:
    wishes = {"replication": "database", "options": f"-c role={PIPELINE} -c session_authorization={PIPELINE}"}
    for wish in wishes.items():
        try:
            with access.enter(**dict([wish])) as reader:
                assert reader.execute("SELECT current_user, session_user").fetchone() == (READER, READER)
        except psycopg.OperationalError as error:
            assert "permission denied" in str(error)
    with access.enter(max_protocol_version="latest") as reader, pytest.raises(psycopg.Error):
        reader.execute("DELETE FROM tracks")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password": "r" * 32}, "password authentication failed"),
        ({"password": ""}, "no password supplied"),
        ({"user": "postgres"}, f"Only {READER}"),
        ({"user": PIPELINE}, f"Only {READER}"),
        ({"dbname": "postgres"}, f"Only {READER}"),
        ({"dbname": "prefect"}, f"Only {READER}"),
        ({"dbname": READER}, f"Only {READER}"),
        ({"channel_binding": "require"}, "channel binding required"),
    ],
)
def test_other_passwords_roles_and_databases_are_refused(
    access: Open, changes: dict[str, str], sentence: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match=sentence):
        access.enter(**changes)


def test_nothing_is_answered_to_a_statement_in_place_of_a_login(access: Open) -> None:
    begin = startup(VERSION, {"user": READER, "database": access.database})
    query = b"Q" + struct.pack("!i", 13) + b"SELECT 1\0"
    request = b"R" + struct.pack("!ii", 23, 10) + b"SCRAM-SHA-256\0\0"
    assert access.raw(begin, query) == request
    assert access.raw(begin, b"p" + struct.pack("!i", 5_000_000)) == request
    for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 100):
        assert access.raw(junk) == b""


@pytest.mark.parametrize("packet", [b"user\0x", b"user\0x\0", b"user\0\0x\0\0", b"\xff\0x\0\0"])
def test_a_start_that_is_not_made_of_pairs_is_refused(packet: bytes) -> None:
    with pytest.raises(ProtocolError):
        parameters_of(packet)


def test_a_repeated_parameter_cannot_have_two_meanings(access: Open) -> None:
    begin = startup(VERSION, {"user": READER, "database": access.database})
    twice = begin[4:-1] + b"user\0postgres\0\0"
    assert b"Only labelscope_reader" in access.raw(struct.pack("!i", len(twice) + 4) + twice)


def test_a_client_cancels_its_own_statement(access: Open) -> None:
    with access.enter() as reader:
        timer = Timer(0.3, reader.cancel_safe)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            reader.execute("SELECT pg_sleep(20)")
        timer.join()


def test_the_port_and_its_sessions_close_at_the_end(postgres: PostgresAddress, database_url: str) -> None:
    keep_roles(database_url)
    database = database_url.partition("@/")[2].partition("?")[0]
    port = free_port()
    tcp = TcpAccess(postgres.socket_dir / f".s.PGSQL.{PORT}", READER, database, PASSWORD)
    with tcp.on(port):
        with pytest.raises(ServiceError, match=f"Port {port} .* is taken"), tcp.on(port):
            pass
        reader = Open(port, database, "").enter()
    with pytest.raises(psycopg.OperationalError):
        reader.execute("SELECT 1")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port))
