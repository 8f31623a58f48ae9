"""A Prefect server asked by plain HTTP, since importing Prefect takes seconds."""

import json
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from services.prefect.login import basic

TIMEOUT_SECONDS = 10.0  # of silence; a machine under load may take some
MOST_BYTES = 32 * 2**20  # of an answer; what is longer is cut, and then no JSON
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NoAnswerError(Exception):
    """Nobody answers in time, or what comes is no answer of Prefect."""


@dataclass(frozen=True, slots=True)
class PrefectApi:
    """Where a server takes requests, and the login that it asks for."""

    url: str  # ends in /api
    login: str | None = field(repr=False)  # name:password

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer to a GET, or to a POST where there is a body. Raises NoAnswerError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | basic(self.login)
        try:
            request = Request(self.url.rstrip("/") + path, data, headers)
            with self._opener().open(request, timeout=TIMEOUT_SECONDS) as answer:
                return json.loads(answer.read(MOST_BYTES))
        except (HTTPException, OSError, ValueError) as error:
            raise NoAnswerError(str(error)) from error

    def status(self, path: str) -> int:
        """The status of the answer to a GET; 0 where there is none, or none with JSON."""
        try:
            self.ask(path)
        except NoAnswerError as error:
            return error.__cause__.code if isinstance(error.__cause__, HTTPError) else 0
        return 200

    def _opener(self) -> OpenerDirector:
        """The caller's proxies are for other machines."""
        is_here = urlsplit(self.url).hostname in LOOPBACK
        return build_opener(_NoRedirect, ProxyHandler({})) if is_here else build_opener(_NoRedirect)


class _NoRedirect(HTTPRedirectHandler):
    """A redirect is an error: the login is for the server that was asked."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""
