"""Requests to a Prefect server by plain HTTP, since importing Prefect takes seconds."""

import json
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from services.prefect.login import basic

TIMEOUT_SECONDS = 10.0  # without a byte from the server; a busy machine needs some
MOST_BYTES = 32 * 2**20  # of a response; a longer one is cut, and then no JSON
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NoAnswerError(Exception):
    """No server answers in time, or the response is not one of Prefect."""


@dataclass(frozen=True, slots=True)
class PrefectApi:
    """The address of a server, and the login that it needs."""

    url: str  # ends in /api
    login: str | None = field(repr=False)  # name:password
    timeout_seconds: float = TIMEOUT_SECONDS

    def request(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON response to a GET, or to a POST where there is a body. Raises NoAnswerError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | basic(self.login)
        try:
            request = Request(self.url.rstrip("/") + path, data, headers)
            with self._opener().open(request, timeout=self.timeout_seconds) as response:
                return json.loads(response.read(MOST_BYTES))
        except (HTTPException, OSError, ValueError) as error:
            raise NoAnswerError(str(error)) from error

    def status(self, path: str) -> int:
        """The HTTP status of a GET; 0 where there is no response, or none with JSON."""
        try:
            self.request(path)
        except NoAnswerError as error:
            return error.__cause__.code if isinstance(error.__cause__, HTTPError) else 0
        return 200

    def _opener(self) -> OpenerDirector:
        """An opener that follows no redirect, and uses no proxy for a server on this machine."""
        is_here = urlsplit(self.url).hostname in LOOPBACK
        return build_opener(_NoRedirect, ProxyHandler({})) if is_here else build_opener(_NoRedirect)


class _NoRedirect(HTTPRedirectHandler):
    """Treat a redirect as an error: the login is for this server only."""

    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect."""
