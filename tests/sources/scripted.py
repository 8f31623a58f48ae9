"""A service on loopback that answers what a test has written down: for answers that no sane service gives."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """`cut` bytes are missing at the end of the body, which comes after `wait_seconds`."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    wait_seconds: float = 0.0


def answer(status: int = 200, body: Any = None, **headers: str) -> Answer:
    """`body` as JSON; headers with _ for -."""
    return Answer(
        status, json.dumps(body), {name.replace("_", "-"): value for name, value in headers.items()}
    )


@dataclass
class Scripted:
    """The last answer of the script is given again and again.

    `requests`: method, path with query, headers; `bodies`: what came with them.
    """

    url: str
    script: list[Answer]
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)


@contextmanager
def scripted(*script: Answer) -> Iterator[Scripted]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # an answer in one piece: two would wait for each other for 40 ms

        def do_GET(self) -> None:
            service.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
            service.requests.append((self.command, self.path, dict(self.headers)))
            reply = service.script.pop(0) if len(service.script) > 1 else service.script[0]
            time.sleep(reply.wait_seconds)
            body = reply.body.encode("utf-8", "surrogatepass")
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) - reply.cut])
            self.close_connection = bool(reply.cut)

        do_POST = do_GET  # noqa: N815  the base class looks for this name

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        service = Scripted(f"http://127.0.0.1:{server.server_address[1]}", list(script))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
