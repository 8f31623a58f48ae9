"""HTTP sessions that bound every answer in time, size and redirects.

A service, or a machine in between, may answer anything. A session of this module follows no redirect and reads no
body of one. It counts bytes as they arrive and as they are unpacked, and keeps one deadline for the whole answer.
Whatever goes wrong, it raises Fault; no error of another library passes through.
"""

import http.client
import io
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

USER_AGENT = f"Labelscope/{version('labelscope')} (personal music library)"
MAX_BYTES = 8 * 2**20  # a page of a playlist has 0.1 MiB, a preview of 30 s 0.5 MiB
MAX_FRAME_BYTES = 2**20  # headers and chunk framing
ANSWER_SECONDS = 30.0
CHUNK = 64 * 1024  # bytes

# At DEBUG urllib3 logs whole addresses, signatures included.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class Fault(requests.RequestException):
    """No usable answer came. `words`: the cause, without an address ("did not answer in time").

    `reason`: too_slow, too_large, truncated, unreachable.
    """

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason
        self.words = words


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one answer: unpacked bytes, seconds for all of it, and seconds of each wait for more of it."""

    max_bytes: int = MAX_BYTES
    seconds: float = ANSWER_SECONDS
    wait_seconds: float = 20.0


def new_session(wait_seconds: float = 20.0, limits: Limits | None = None) -> requests.Session:
    """A session with our User-Agent and without retries, redirects, cookies and passwords from ~/.netrc.

    A `timeout` of a request shortens the deadline of the whole answer. Proxies and REQUESTS_CA_BUNDLE of the
    environment are used. Every answer has its body in `content`, and JSON is read as UTF-8.
    """
    limits = limits or Limits(seconds=max(ANSWER_SECONDS, wait_seconds), wait_seconds=wait_seconds)
    session = _Session()
    session.headers["User-Agent"] = USER_AGENT
    # Without an `auth`, requests replaces our Authorization header by an entry of ~/.netrc.
    session.auth = _unchanged
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(limits))
    return session


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Session(requests.Session):
    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """No redirects: requests would read their bodies, and fails on some addresses."""
        return iter(())


class _Adapter(HTTPAdapter):
    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002  all of the answer is read here
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        budget = _Budget(self._limits, timeout)
        _CURRENT.budget = budget
        try:
            waits = urllib3.Timeout(connect=budget.wait(), read=budget.wait())
            response = super().send(request, True, waits, verify, cert, proxies)  # type: ignore[arg-type]
            body = b"" if 300 <= response.status_code < 400 else _read(response, budget)
        # Libraries fail on odd answers with errors of many kinds; the fault is raised below.
        except Exception as error:  # noqa: BLE001
            fault = budget.fault or _fault_of(error)
        else:
            response.close()  # with its connection, where some of the body is unread
            response.raw = io.BytesIO(body)
            response.encoding = "utf-8"  # the service may name any other
            return response
        # Outside of the `except` block, so that no error is attached to it that holds the address.
        raise fault

    def get_connection_with_tls_context(self, *arguments: Any, **named: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*arguments, **named)
        pool.ConnectionCls = _SecureConnection if pool.scheme == "https" else _PlainConnection
        return pool


class _Budget:
    """The time and bytes that are left for one answer. `fault`: the limit that was exceeded."""

    def __init__(self, limits: Limits, seconds: float | None) -> None:
        self.max_bytes = limits.max_bytes
        self.fault: Fault | None = None
        self._wait_seconds = limits.wait_seconds
        self._deadline = time.monotonic() + min(
            limits.seconds, limits.seconds if seconds is None else seconds
        )
        self._bytes_left = limits.max_bytes + MAX_FRAME_BYTES

    def wait(self) -> float:
        """Seconds that the next wait may take. Raises TimeoutError after the deadline."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            self.fault = Fault("too_slow", "did not answer in time")
            raise TimeoutError
        return min(left, self._wait_seconds)

    def take(self, count: int) -> None:
        """Count bytes that have arrived. Raises OSError where there are too many."""
        self._bytes_left -= count
        if self._bytes_left < 0:
            self.refuse_size()

    def refuse_size(self) -> None:
        """Note that the answer is too large. Raises OSError."""
        self.fault = Fault("too_large", f"sent more than {self.max_bytes / 2**20:g} MiB")
        raise OSError


_CURRENT = threading.local()  # the budget of the answer that this thread reads


class _Reader(io.RawIOBase):
    """The bytes of a socket, within the budget. The socket's own time-out would start anew with each byte."""

    def __init__(self, connected: socket.socket, budget: _Budget) -> None:
        self._socket = connected
        self._file = connected.makefile("rb", buffering=0)
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(self._budget.wait())
        count = self._file.readinto(buffer)
        self._budget.take(count or 0)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """A response that reads status line, headers and body within the budget."""

    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock, _CURRENT.budget))


class _PlainConnection(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        """Connect within the budget: urllib3 would spend the whole time on each address of a host."""
        name, last_error = self._dns_host, None
        try:
            addresses = socket.getaddrinfo(name.strip("[]"), self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NameResolutionError(self.host, self, error) from error  # type: ignore[arg-type]
        try:
            for *_, address in addresses:
                self._dns_host, self.timeout = str(address[0]), _CURRENT.budget.wait()
                try:
                    return super()._new_conn()
                except (NewConnectionError, ConnectTimeoutError) as error:
                    last_error = error
        finally:
            self._dns_host = name
        raise last_error or OSError(f"{self.host} has no address")


class _SecureConnection(_PlainConnection, HTTPSConnection):
    pass


def _read(response: requests.Response, budget: _Budget) -> bytes:
    """The unpacked body. Raises OSError where it is too large, and the errors of urllib3."""
    body = bytearray()
    while chunk := response.raw.read(CHUNK, decode_content=True):
        body += chunk
        if len(body) > budget.max_bytes:
            response.close()
            budget.refuse_size()
    return bytes(body)


def _fault_of(error: Exception) -> Fault:
    """The fault by the kind of error alone, as its text can hold the whole address."""
    kinds: list[tuple[tuple[type[Exception], ...], str, str]] = [
        ((requests.ConnectTimeout,), "unreachable", "could not be reached in time"),
        (
            (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError),
            "too_slow",
            "did not answer in time",
        ),
        ((requests.exceptions.SSLError,), "unreachable", "could not prove who it is (TLS)"),
        ((requests.ConnectionError,), "unreachable", "could not be reached, or broke off"),
        ((urllib3.exceptions.DecodeError,), "truncated", "sent an answer that cannot be unpacked"),
        ((urllib3.exceptions.HTTPError,), "truncated", "broke off in the middle of its answer"),
    ]
    for types, reason, words in kinds:
        if isinstance(error, types):
            return Fault(reason, words)
    return Fault("unreachable", f"could not be asked ({type(error).__name__})")
