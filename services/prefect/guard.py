"""A filter before Prefect's API and pages, which lets through what comes from our own pages and programs alone.

A password stops strangers. It does not stop a page of another site that gets the owner's browser to ask, or that has
its own name lead to 127.0.0.1 (DNS rebinding). Such requests carry a foreign Origin or a foreign Host. Pages of ours,
in turn, ask no foreign host: their policy says so to the browser.
"""

from collections.abc import Collection
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.prefect.login import proof

PROOF = "/labelscope/proof"
OWN = ("same-origin", "none")  # Sec-Fetch-Site of our own pages, and of an address that a person has typed


class Guard:
    """An ASGI application around Prefect's. `hosts` are those that a request may name, host:port each."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], login: str, port: int) -> None:
        self.app, self.login, self.port = app, login, port
        self.hosts = frozenset(host.lower() for host in hosts)
        self.origins = frozenset(f"http://{host}" for host in self.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()

        async def send_with_policy(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(_policy(host))
            await send(message)

        answer = self._refusal(scope, headers, host) or self._proof(scope)
        await (answer or self.app)(scope, receive, send_with_policy)

    def _refusal(self, scope: Scope, headers: Headers, host: str) -> Response | None:
        if host not in self.hosts or len(headers.getlist("host")) != 1:
            return PlainTextResponse("This host is not served here.", 400)
        if any(origin not in self.origins for origin in headers.getlist("origin")):
            return PlainTextResponse("Pages of another origin get nothing here.", 403)
        if headers.get("sec-fetch-site", "none") not in OWN and not _follows_a_link(scope, headers):
            return PlainTextResponse("Pages of another site get nothing here.", 403)
        return None

    def _proof(self, scope: Scope) -> Response | None:
        """What shows that this is the server of the home: services.prefect.server asks for it before it gives the
        login.
        """
        if scope["path"] != PROOF or scope["type"] != "http":
            return None
        challenge = parse_qs(scope["query_string"].decode("ascii", "replace")).get("challenge", [""])[0]
        return PlainTextResponse(proof(self.login, challenge, self.port))


def _follows_a_link(scope: Scope, headers: Headers) -> bool:
    """A person may come to a page of ours by a link on another site, in a tab of its own; never to the API."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and not scope["path"].startswith("/api")
        and (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    )


def _policy(host: str) -> dict[str, str]:
    """Headers that have the browser ask this host alone, and show its pages in no frame of another.

    The graph of a run is drawn by code that its page compiles ('unsafe-eval'); elements are styled one by one.
    """
    return {
        "Content-Security-Policy": (
            "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
            f" img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws://{host};"
            " worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self';"
            " frame-ancestors 'none'"
        ),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
