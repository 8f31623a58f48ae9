"""The one place that sends requests to services: no answer can take more time, memory or redirects than it may.

A service, or a machine in between, may answer anything. So a session of this module follows no redirect and
reads no body of one, counts bytes as they arrive and as they are unpacked, and holds one deadline for the whole answer.
It raises Fault, whatever comes; nothing that another library raises gets past it.
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
MAX_BYTES = 8 * 2**20  # a page of a playlist has a tenth of one, a preview of 30 s half of one
MAX_FRAME_BYTES = 2**20  # headers, and what frames the pieces of a body
ANSWER_SECONDS = 30.0
CHUNK = 64 * 1024  # bytes

# At DEBUG it writes whole addresses, signatures included.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class Fault(requests.RequestException):
    """There is no answer. `words` say why, without an address ("did not answer in time").

    `reason`: too_slow, too_large, truncated, unreachable.
    """

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason
        self.words = words


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one answer: its bytes as unpacked, the seconds for all of it, and those of each wait for more of it."""

    max_bytes: int = MAX_BYTES
    seconds: float = ANSWER_SECONDS
    wait_seconds: float = 20.0


def new_session(wait_seconds: float = 20.0, limits: Limits | None = None) -> requests.Session:
    """A session that asks once and says so: no redirects, no cookies, no password out of ~/.netrc.

    A `timeout` of a request shortens the deadline of the whole answer. Proxies and REQUESTS_CA_BUNDLE of the
    environment count. Every answer has its body in `content`, and JSON is read as UTF-8.
    """
    limits = limits or Limits(seconds=max(ANSWER_SECONDS, wait_seconds), wait_seconds=wait_seconds)
    session = _Session()
    session.headers["User-Agent"] = USER_AGENT
    session.auth = _as_it_is  # without one, requests puts a netrc entry in place of our Authorization header
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(limits))
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Session(requests.Session):
    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """None: requests would read the whole body of a redirect first, and stumble over some addresses."""
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
        except Exception as error:  # noqa: BLE001  an answer may break a library in ways that nobody lists
            fault = budget.fault or _fault_of(error)
        else:
            response.close()  # where something is left unread, with its connection
            response.raw = io.BytesIO(body)
            response.encoding = "utf-8"  # what a service calls it could be anything
            return response
        raise fault  # out here, so that it drags along no error that holds the address

    def get_connection_with_tls_context(self, *arguments: Any, **named: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*arguments, **named)
        pool.ConnectionCls = _SecureConnection if pool.scheme == "https" else _PlainConnection
        return pool


class _Budget:
    """What is left of the time and the bytes of one answer. `fault`: which of them is used up."""

    def __init__(self, limits: Limits, seconds: float | None) -> None:
        self.max_bytes = limits.max_bytes
        self.fault: Fault | None = None
        self._wait_seconds = limits.wait_seconds
        self._deadline = time.monotonic() + min(
            limits.seconds, limits.seconds if seconds is None else seconds
        )
        self._bytes_left = limits.max_bytes + MAX_FRAME_BYTES

    def wait(self) -> float:
        """Seconds that the next wait may take. Raises TimeoutError where the deadline has passed."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            self.fault = Fault("too_slow", "did not answer in time")
            raise TimeoutError
        return min(left, self._wait_seconds)

    def take(self, count: int) -> None:
        """Counts bytes that have arrived. Raises OSError where there are too many."""
        self._bytes_left -= count
        if self._bytes_left < 0:
            self.refuse_size()

    def refuse_size(self) -> None:
        """Raises OSError."""
        self.fault = Fault("too_large", f"sent more than {self.max_bytes / 2**20:g} MiB")
        raise OSError


_CURRENT = threading.local()  # the budget of the answer that a thread waits for


class _Reader(io.RawIOBase):
    """The bytes that a socket receives, within the budget: the socket's own time-out begins anew with each byte."""

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
    """Status line, headers and body alike come through a reader with a budget."""

    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock, _CURRENT.budget))


class _PlainConnection(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        """urllib3 would give each address of a host the whole time."""
        name, problem = self._dns_host, None
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
                    problem = error
        finally:
            self._dns_host = name
        raise problem or OSError(f"{self.host} has no address")


class _SecureConnection(_PlainConnection, HTTPSConnection):
    pass


def _read(response: requests.Response, budget: _Budget) -> bytes:
    """The body, unpacked. Raises OSError where it is too large, and whatever else urllib3 raises."""
    body = bytearray()
    while chunk := response.raw.read(CHUNK, decode_content=True):
        body += chunk
        if len(body) > budget.max_bytes:
            response.close()
            budget.refuse_size()
    return bytes(body)


def _fault_of(error: Exception) -> Fault:
    """By the kind of error alone, as its text can hold the whole address."""
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
