"""A server on loopback that sends the bytes that it is given, whatever they are: answers that no HTTP library makes."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

Send = Callable[[socket.socket], None]


@dataclass
class RawServer:
    """`answer` writes to the connection once a request has come; then the connection ends.

    `path`: what was asked for last.
    """

    url: str
    answer: Send
    path: str = ""


def whole(content: bytes) -> Send:
    """Sends these bytes."""
    return lambda connection: connection.sendall(content)


def http(status: int, headers: dict[str, str], body: bytes) -> bytes:
    """A sound answer with a Content-Length, unless `headers` have another."""
    lines = {"Content-Length": str(len(body))} | headers
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} x\r\n{head}\r\n".encode("latin-1") + body


@contextmanager
def raw_server() -> Iterator[RawServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawServer(f"http://127.0.0.1:{listener.getsockname()[1]}", whole(b""))
        over = threading.Event()

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(30)
                server.path = path_of(read_request(connection))
                server.answer(connection)
                connection.shutdown(socket.SHUT_WR)
                while not over.is_set() and connection.recv(65536):
                    pass

        def accept() -> None:
            with suppress(OSError):
                while not over.is_set():
                    connection, _ = listener.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def path_of(request: bytes) -> str:
    return b" ".join(request.split(b" ", 2)[1:2]).decode("latin-1")


def read_request(connection: socket.socket) -> bytes:
    """All of the request is read, so that closing the connection does not reset it; its beginning."""
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(65536)
        if not piece:
            return b""
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            missing = int(line.partition(b":")[2]) - len(body)
            while missing > 0:
                missing -= len(connection.recv(65536) or b"x" * missing)
    return request
