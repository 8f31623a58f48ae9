"""A dial for trouble: every request to a stand-in fails with a set probability, in one of the ways that its kind of
service fails in."""

import asyncio
import json
import random
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What passes by itself, and so may happen to any request. The others have to be asked for:
# "429-long", "401", "403", "404".
PASSING = {
    "spotify": ("429", "500", "502", "503", "html-200", "reset", "stall"),
    "accounts": ("500", "503", "reset", "stall"),
    "deezer": ("502", "503", "reset", "stall", "deezer-4", "deezer-700"),
    "previews": ("429", "500", "502", "503", "reset", "stall"),
    "reccobeats": ("429", "500", "503", "reset", "stall"),
}
PAGE = "<!DOCTYPE html><html><head><title>One moment</title></head><body>Back soon.</body></html>"


@dataclass
class Dial:
    """May be turned while the services run: all attributes are read anew for each request.

    Kinds: "429" (Retry-After 0 or 1), "429-long" (a day, QUOTA_EXCEEDED), "500", "502", "503", "401", "403", "404",
    "html-200", "reset" (the true answer, its body cut short), "stall" (the true answer after `stall_seconds`),
    "deezer-4" (quota), "deezer-700" (busy).
    """

    probability: float = 0.0
    seed: int = 1
    kinds: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(PASSING))
    stall_seconds: float = 0.2
    longest_retry_after: int = 1  # seconds, of the "429"
    requests: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    failures: dict[str, list[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(list))
    _next: list[tuple[str, str, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def fail_next(self, service: str, *kinds: str, path: str = "") -> None:
        """The next requests to a service (whose path and query hold `path`) fail so, one kind each."""
        with self._lock:
            self._next += [(service, path, kind) for kind in kinds]

    def count(self, service: str, path: str = "") -> int:
        """Requests so far, failed ones included."""
        return sum(path in asked for _, asked in self.requests[service])

    def forget(self) -> None:
        """Counts start from 0 again."""
        with self._lock:
            self.requests.clear()
            self.failures.clear()

    def note(self, service: str, method: str, path: str) -> tuple[str | None, int]:
        """Counts a request; how it is to fail, if it is to, and the seconds of its Retry-After."""
        with self._lock:
            self.requests[service].append((method, path))
            kind = None
            for place, (wanted, part, planned) in enumerate(self._next):
                if wanted == service and part in path:
                    kind = planned
                    del self._next[place]
                    break
            else:
                kinds = self.kinds.get(service, ())
                if kinds and self._random.random() < self.probability:
                    kind = self._random.choice(kinds)
            if kind:
                self.failures[service].append((method, path, kind))
            return kind, self._random.randint(0, self.longest_retry_after)

    def around(self, app: ASGIApp, service: str) -> ASGIApp:
        """The app, failing as the dial says."""

        async def dialled(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return await app(scope, receive, send)
            query = scope["query_string"].decode()
            path = scope["path"] + (f"?{query}" if query else "")
            kind, wait = self.note(service, scope["method"], path)
            if kind == "stall":
                await asyncio.sleep(self.stall_seconds)
            if kind in (None, "stall"):
                return await app(scope, receive, send)
            if kind == "reset":
                return await app(scope, receive, cut_short(send))
            return await refusal(kind, service, wait)(scope, receive, send)

        return dialled


def cut_short(send: Send) -> Send:
    """Sends the first half of what would be sent; the server then drops the connection."""
    done = False

    async def send_half(message: Message) -> None:
        nonlocal done
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if "content-length" not in headers or int(headers["content-length"]) < 2:
                headers["content-length"] = "1000"
            await send(message)
        elif not done:
            done = True
            body = message.get("body", b"")
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})

    return send_half


def refusal(kind: str, service: str, retry_after: int) -> Response:
    """The failed answer of one kind, worded as this service words it."""
    if kind == "html-200":
        return HTMLResponse(PAGE)
    if kind == "deezer-4":
        return deezer_error("Exception", "Quota limit exceeded", 4)
    if kind == "deezer-700":
        return deezer_error("Exception", "Service busy", 700)
    if kind == "429-long":
        return spotify_error(429, "Too many requests", {"Retry-After": "86400"}, reason="QUOTA_EXCEEDED")
    if kind == "429":
        if service == "reccobeats":
            body = {
                "timestamp": "2026-11-01T00:00:00",
                "error": "Too many requests",
                "path": "",
                "status": 4291,
            }
            return JSONResponse(body, 429, {"Retry-After": str(retry_after)})
        return spotify_error(429, "Too many requests", {"Retry-After": str(retry_after)})
    if kind in ("401", "403", "404"):
        words = {"401": "The access token expired", "403": "Forbidden", "404": "Resource not found"}
        return spotify_error(int(kind), words[kind])
    return HTMLResponse(PAGE, int(kind))


def spotify_error(
    status: int, message: str | None, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """{"error": {"status": …, "message": …}}, as Spotify has it."""
    error = {"status": status, "message": message, **more}
    return JSONResponse({"error": {k: v for k, v in error.items() if v is not None}}, status, headers)


def deezer_error(type: str, message: str, code: int) -> Response:
    """Deezer's errors come with status 200."""
    body = {"error": {"type": type, "message": message, "code": code}}
    return Response(json.dumps(body), media_type="application/json")
