"""Read-only access to a home's PostgreSQL by TCP, for programs that use no Unix socket, such as JDBC drivers.

PostgreSQL trusts every process that can enter its socket folder, so connections are not just forwarded. A thread of
this process listens on 127.0.0.1 and checks the password (SCRAM-SHA-256). Then it starts a session of one role in one
database, with a packet of its own, and forwards all that follows. A client without the password reaches nothing.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Final

from services.keeper import ServiceError
from services.ports import HOST
from services.postgres import protocol
from services.postgres.protocol import ProtocolError, Stream
from services.postgres.scram import NAME, LoginError, Verifier

LOGIN_SECONDS: Final = 10.0
MOST_LOGINS: Final = 32  # at a time; further connections are closed
CHUNK_BYTES: Final = 64 * 1024
START_BYTES: Final = 64 * 1024  # of a message of PostgreSQL before the first statement
WRONG_PASSWORD, WRONG_USER, NOT_ANSWERING = "28P01", "28000", "57P03"  # SQLSTATE


class Refused(Exception):  # noqa: N818  (an outcome, rather than a bug)
    """The client gets an error."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.packet = protocol.fatal(code, sentence)


@dataclass(slots=True)
class TcpAccess:
    """The access of one role to one database of the PostgreSQL with this socket."""

    socket: Path
    role: str
    database: str
    password: str = field(repr=False)
    _verifier: Verifier = field(init=False, repr=False)
    _logins: int = field(default=0, init=False)
    _keys: set[bytes] = field(default_factory=set, init=False)  # of sessions that a client may cancel

    def __post_init__(self) -> None:
        self._verifier = Verifier.of(self.password)

    @contextmanager
    def on(self, port: int) -> Iterator[None]:
        """Listen on that port of 127.0.0.1 for the block. Raises ServiceError where the port is taken."""
        ready: Future[Callable[[], object]] = Future()
        thread = Thread(target=lambda: asyncio.run(self._listen(port, ready)), name="TCP", daemon=True)
        thread.start()
        try:
            stop = ready.result()
        except OSError as error:
            raise ServiceError(
                f"Port {port} of {HOST} is taken: choose another one with --port, or in LABELSCOPE_TCP_PORT."
            ) from error
        try:
            yield
        finally:
            stop()
            thread.join()

    async def _listen(self, port: int, ready: "Future[Callable[[], object]]") -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        try:
            server = await asyncio.start_server(self._serve, HOST, port)
        except OSError as error:
            ready.set_exception(error)
            return
        ready.set_result(lambda: loop.call_soon_threadsafe(over.set))
        await over.wait()
        server.close()  # asyncio.run() then cancels the connections

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end. Errors of the connection only end it."""
        client = Stream(reader, writer)
        try:
            with suppress(OSError, EOFError, ProtocolError, TimeoutError):
                await self._serve_client(client)
        finally:
            writer.close()

    async def _serve_client(self, client: Stream) -> None:
        if self._logins >= MOST_LOGINS:
            return
        self._logins += 1
        try:
            async with asyncio.timeout(LOGIN_SECONDS):
                started = await self._log_in(client)
        except Refused as refused:
            client.writer.write(refused.packet)
            await client.writer.drain()
            return
        finally:
            self._logins -= 1
        if started is not None:
            await self._run_session(client, *started)

    async def _log_in(self, client: Stream) -> tuple[int, dict[str, str]] | None:
        """The version and the parameters of a session for a client that has the password; None after a cancel."""
        version, packet = await protocol.read_packet(client)
        while version in (protocol.SSL_REQUEST, protocol.GSS_REQUEST):
            client.writer.write(b"N")  # no encryption: nothing leaves the machine
            version, packet = await protocol.read_packet(client)
        if version == protocol.CANCEL_REQUEST:
            await self._cancel(packet)
            return None
        if version >> 16 != protocol.MAJOR_VERSION:
            raise ProtocolError
        wanted = protocol.parameters_of(packet)
        user = wanted.get("user")
        if (user, wanted.get("database", user)) != (self.role, self.database):
            raise Refused(
                WRONG_USER, f"Only {self.role} can connect here, and only to the database {self.database}."
            )
        await self._check_password(client)
        wanted.pop("replication", None)
        return version, wanted | {"user": self.role, "database": self.database}

    async def _check_password(self, client: Stream) -> None:
        """Raises Refused for a wrong password."""
        client.writer.write(protocol.authentication(protocol.SASL, f"{NAME}\0\0".encode()))
        mechanism, _, first = (await protocol.read_login(client)).partition(b"\0")
        if mechanism != NAME.encode():
            raise ProtocolError
        try:
            login = self._verifier.begin(first[4:])  # after its length
            client.writer.write(protocol.authentication(protocol.SASL_CONTINUE, login.challenge.encode()))
            answer = login.finish(await protocol.read_login(client))
        except LoginError as error:
            raise Refused(WRONG_PASSWORD, f'password authentication failed for user "{self.role}"') from error
        client.writer.write(protocol.authentication(protocol.SASL_FINAL, answer.encode()))

    async def _run_session(self, client: Stream, version: int, parameters: dict[str, str]) -> None:
        """Start a session, and forward both directions until one of them ends."""
        try:
            server = Stream(*await asyncio.open_unix_connection(self.socket))
        except OSError:
            client.writer.write(protocol.fatal(NOT_ANSWERING, "PostgreSQL does not answer: try again."))
            await client.writer.drain()
            return
        key = b""
        try:
            server.writer.write(protocol.startup(version, parameters))
            key = await _forward_start(server, client)
            self._keys.add(key)
            directions = [
                asyncio.ensure_future(_copy(server, client)),
                asyncio.ensure_future(_copy(client, server)),
            ]
            try:
                await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for direction in directions:
                    direction.cancel()
                await asyncio.gather(*directions, return_exceptions=True)
        finally:
            self._keys.discard(key)
            server.writer.close()

    async def _cancel(self, key: bytes) -> None:
        """Cancel the statement of a session of this access; of no other session."""
        if key in self._keys:
            server = Stream(*await asyncio.open_unix_connection(self.socket))
            server.writer.write(protocol.cancel(key))
            await server.reader.read()  # PostgreSQL closes the connection when it is done
            server.writer.close()


async def _forward_start(server: Stream, client: Stream) -> bytes:
    """Forward what PostgreSQL answers up to its readiness, or an error; returns the key that cancels."""
    key, kind = b"", b""
    while kind not in (protocol.READY, protocol.ERROR):
        kind, content = await protocol.read_message(server, START_BYTES)
        if kind == protocol.KEY:
            key = content
        client.writer.write(protocol.message(kind, content))
    await client.writer.drain()
    return key


async def _copy(source: Stream, target: Stream) -> None:
    while chunk := await source.reader.read(CHUNK_BYTES):
        target.writer.write(chunk)
        await target.writer.drain()
