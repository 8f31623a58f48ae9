"""Answers that would take all memory or all time, sent by a server that writes bytes: each ends within its limits."""

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from itertools import repeat

import pytest
import requests

from sources.sender import Fault, Limits, new_session
from tests.sources.raw_server import RawServer, Send, http, raw_server, whole

MIB = 2**20
SHORT = Limits(max_bytes=MIB, seconds=0.5, wait_seconds=0.4)


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with raw_server() as running:
        yield running


def fault_of(server: RawServer, answer: Send, limits: Limits = SHORT) -> Fault:
    """The fault that this answer comes to; no text of the server or the address is in it."""
    server.answer = answer
    with new_session(limits=limits) as session, pytest.raises(Fault) as caught:
        session.get(f"{server.url}/?token=SECRET")
    fault = caught.value
    assert "SECRET" not in str(fault) and "127.0.0.1" not in str(fault)
    assert fault.__cause__ is None and fault.__context__ is None
    return fault


def endless(head: bytes, pieces: Iterator[bytes], seconds: float = 0.0) -> Send:
    """Sends the head, then piece after piece with a wait before each, until the other side has gone."""

    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        for piece in pieces:
            time.sleep(seconds)
            connection.sendall(piece)

    return send


def peak(call: Callable[[], object]) -> float:
    """The most memory that was held meanwhile, in MiB. Everything is Python's own here, zlib's output included."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


# Size


@pytest.mark.parametrize(
    "location", ["/elsewhere", "https://[::1/x", "//", "http://127.0.0.1:99999/", "\xff\xfe"]
)
def test_the_body_of_a_redirect_is_not_read(server: RawServer, location: str) -> None:
    sent = 0

    def send(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(f"HTTP/1.1 302 x\r\nLocation: {location}\r\n\r\n".encode("latin-1"))
        for _ in range(500):
            connection.sendall(bytes(MIB))
            sent += 1

    server.answer = send
    responses: list[requests.Response] = []
    with new_session(limits=Limits(wait_seconds=5)) as session:
        held = peak(lambda: responses.append(session.get(server.url)))
    (response,) = responses
    assert (response.status_code, response.content, response.history) == (302, b"", [])
    assert held < 5 and sent < 50


def bomb(kind: str) -> bytes:
    """300 MiB of zeros, packed; one piece over and over, as packing all of them would take seconds."""
    packer = zlib.compressobj(9, wbits=31 if "gzip" in kind else 15)
    head = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = head + (packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)) * 299
    return gzip.compress(packed, mtime=0) if kind == "gzip, gzip" else packed


@pytest.mark.parametrize("kind", ["gzip", "deflate", "gzip, gzip"])
@pytest.mark.parametrize("chunked", [False, True])
def test_what_unpacks_to_too_much_is_given_up(server: RawServer, kind: str, chunked: bool) -> None:
    content = bomb(kind)
    answer = http(200, {"Content-Encoding": kind}, content)
    if chunked:
        framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
        answer = http(200, {"Content-Encoding": kind, "Transfer-Encoding": "chunked"}, framed)
        answer = answer.replace(b"Content-Length", b"X-Length", 1)
    faults: list[Fault] = []
    held = peak(lambda: faults.append(fault_of(server, whole(answer), Limits(MIB, 20, 10))))
    assert (faults[0].reason, faults[0].words) == ("too_large", "sent more than 1 MiB")
    assert held < 15


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",  # a trailer without end
        b"HTTP/1.1 200 x\r\nContent-Length: 1099511627776\r\n\r\n",
        b"HTTP/1.1 200 x\r\n\r\n",
        b"",  # "100 Continue" without end
    ],
)
def test_what_never_ends_is_given_up_by_its_size(server: RawServer, head: bytes) -> None:
    piece = (b"X: y\r\n" if head else b"HTTP/1.1 100 x\r\n\r\n") * 4096
    fault = fault_of(server, endless(head, repeat(piece)), Limits(MIB, 20, 10))
    assert fault.reason == "too_large"


def test_a_body_that_ends_within_a_chunk_is_truncated(server: RawServer) -> None:
    """Without a Content-Length only the chunks show that the end is missing."""
    cut = b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n" + bytes(100)
    assert fault_of(server, whole(cut)).reason == "truncated"


def test_headers_have_a_limit(server: RawServer) -> None:
    for head in (b"X: " + b"y" * 70_000 + b"\r\n", b"X: y\r\n" * 101):
        fault = fault_of(server, whole(b"HTTP/1.1 200 x\r\n" + head + b"\r\n"), Limits(MIB, 20, 10))
        assert fault.reason == "unreachable"


def test_just_the_limit_is_whole(server: RawServer) -> None:
    server.answer = whole(http(200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(MIB))))
    with new_session(limits=Limits(max_bytes=MIB)) as session:
        assert session.get(server.url).content == bytes(MIB)
    assert fault_of(server, server.answer, Limits(max_bytes=MIB - 1)).reason == "too_large"


# Time

HEAD = b"HTTP/1.1 200 x\r\n"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b""),
        (b"", b"H"),
        (HEAD, b"x"),
        (HEAD, b"X: y\r\n"),
        (HEAD + b"\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"", mtime=0)[:10], b"\0"),
        (b"", b"HTTP/1.1 100 x\r\n\r\n"),
    ],
)
def test_a_drip_does_not_outlast_the_deadline(server: RawServer, head: bytes, piece: bytes) -> None:
    began = time.monotonic()
    fault = fault_of(server, endless(head, repeat(piece), 0.05))
    assert (fault.reason, fault.words) == ("too_slow", "did not answer in time")
    assert time.monotonic() - began < 3


def test_a_handshake_that_drips_does_not_outlast_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                for byte in b"\x16\x03\x03\x40\x00" + bytes(200):
                    try:
                        connection.sendall(bytes([byte]))
                    except OSError:
                        return
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        began = time.monotonic()
        with new_session(limits=SHORT) as session, pytest.raises(Fault):
            session.get(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        assert time.monotonic() - began < 3


def test_a_host_of_many_dead_addresses_does_not_outlast_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses where nobody answers: a listener whose queue is full takes no more connections."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        queued = [socket.socket() for _ in range(4)]
        for one in queued:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        real = socket.getaddrinfo

        def eight(host: str, *rest: object, **named: object) -> list:
            return real("127.0.0.1", port, type=socket.SOCK_STREAM) * (8 if host == "many.invalid" else 1)

        monkeypatch.setattr(socket, "getaddrinfo", eight)
        began = time.monotonic()
        with new_session(limits=Limits(MIB, 0.6, 0.2)) as session, pytest.raises(Fault) as caught:
            session.get(f"http://many.invalid:{port}/")
        assert time.monotonic() - began < 3
        assert caught.value.reason in ("too_slow", "unreachable")
        for one in queued:
            one.close()


# What lasts


def test_connections_are_used_again_and_dropped_where_something_was_left_unread(server: RawServer) -> None:
    accepted = 0

    def send(connection: socket.socket) -> None:
        nonlocal accepted
        accepted += 1
        for _ in range(3):
            connection.sendall(http(200, {"Set-Cookie": "a=b"}, b"{}"))
            request = connection.recv(65536)
            assert b"Cookie" not in request
            if not request:
                return
        connection.sendall(http(302, {"Location": "/"}, b"left unread"))

    server.answer = send
    with new_session(5) as session:
        statuses = [session.get(server.url).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 302, 200]
    assert accepted == 2
