"""The page on this machine to which Spotify sends the browser back after a login."""

import contextlib
import queue
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from sources.errors import LoginNeeded


class Landing(ThreadingHTTPServer):
    """The server of that page. It needs threads, as browsers open connections and leave them idle."""

    daemon_threads = True

    def __init__(self, port: int, path: str, state: str) -> None:
        super().__init__(("127.0.0.1", port), _Visit)
        self.path, self.state = path, state
        self.answers: queue.Queue[dict[str, str]] = queue.Queue()

    def wait(self, seconds: float) -> dict[str, str] | None:
        """The query of the first visit with our state; None where none comes within `seconds`."""
        try:
            return self.answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore it: a traceback could hold the code."""


class _Visit(BaseHTTPRequestHandler):
    server: Landing
    timeout = 10

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        ours = address.path == self.server.path and secrets.compare_digest(
            query.get("state", "").encode(), self.server.state.encode()
        )
        body = b"Labelscope has its answer; this page can be closed." if ours else b"Not what is waited for."
        self.send_response(200 if ours else 404)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if ours:
            self.server.answers.put(query)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the address holds the code."""


@contextlib.contextmanager
def listen(redirect_uri: str, state: str) -> Iterator[Landing]:
    """Serve a page at `redirect_uri`. It takes only visits with `state`, so that nobody can inject another login.

    Raises LoginNeeded where the address is not a free port of 127.0.0.1.
    """
    landing = None
    with contextlib.suppress(OSError, ValueError):
        address = urlsplit(redirect_uri)
        if address.scheme == "http" and address.hostname == "127.0.0.1" and address.port:
            landing = Landing(address.port, address.path, state)
    if landing is None:
        raise LoginNeeded(
            f"Nothing can listen at the redirect uri {redirect_uri}; set http://127.0.0.1:PORT/callback with a "
            "free port, here and at developer.spotify.com/dashboard."
        )
    threading.Thread(target=landing.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield landing
    finally:
        landing.shutdown()
        landing.server_close()
