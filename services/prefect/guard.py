"""A filter in front of Prefect's API and pages: it accepts requests from our own pages and programs only.

A password stops strangers. It does not stop a page of another site that makes the owner's browser send requests, or
whose name resolves to 127.0.0.1 (DNS rebinding). Such requests carry a foreign Origin or Host. In turn, a content
security policy keeps our pages from sending requests to foreign hosts.
"""

from collections.abc import Collection
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.prefect.login import proof

PROOF = "/labelscope/proof"
OWN_SITES = ("same-origin", "none")  # Sec-Fetch-Site of our own pages, and of a typed address


class Guard:
    """An ASGI application around Prefect's. `hosts` are those that a request may name, as host:port."""

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

        response = self._refusal(scope, headers, host) or self._proof(scope)
        await (response or self.app)(scope, receive, send_with_policy)

    def _refusal(self, scope: Scope, headers: Headers, host: str) -> Response | None:
        """The response to a foreign request; None for one of our own."""
        if host not in self.hosts or len(headers.getlist("host")) != 1:
            return PlainTextResponse("This host is not served here.", 400)
        if any(origin not in self.origins for origin in headers.getlist("origin")):
            return PlainTextResponse("Pages of another origin get nothing here.", 403)
        if headers.get("sec-fetch-site", "none") not in OWN_SITES and not _follows_a_link(scope, headers):
            return PlainTextResponse("Pages of another site get nothing here.", 403)
        return None

    def _proof(self, scope: Scope) -> Response | None:
        """The response that proves that this server has the login of the home; None for any other path.

        services.prefect.server requests it before it sends the login.
        """
        if scope["path"] != PROOF or scope["type"] != "http":
            return None
        challenge = parse_qs(scope["query_string"].decode("ascii", "replace")).get("challenge", [""])[0]
        return PlainTextResponse(proof(self.login, challenge, self.port))


def _follows_a_link(scope: Scope, headers: Headers) -> bool:
    """Whether a person follows a link of another site to one of our pages. Links to the API are refused."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and not scope["path"].startswith("/api")
        and (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    )


def _policy(host: str) -> dict[str, str]:
    """Headers that restrict the browser to requests to this host, and forbid frames of other sites around the pages.

    'unsafe-eval': the page of a run compiles the code that draws its graph. 'unsafe-inline': elements have own styles.
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
