"""The host of the previews, over https: Spotify's and Deezer's, and every way in which a host misbehaves."""

import asyncio
import hashlib
import hmac
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.stand_ins.faults import PAGE, cut_short
from tests.stand_ins.sounds import SOUNDS, preview_bytes
from tests.stand_ins.world import World

SIGNING_KEY = b"signed by the stand-in"
BEHAVIOURS = (
    "slow",  # drips without end
    "stall",  # no answer at all for `stall_seconds`
    "truncated",  # half of the bytes that Content-Length promises
    "oversized",  # Content-Length of 1 GiB, and sends on and on
    "endless",  # the same without a Content-Length
    "html",  # a page with status 200
    "html-as-mp3",  # a page with status 200 that calls itself audio/mpeg
    "mp3-as-html",  # true audio that calls itself text/html
    "empty",  # nothing, with status 200
    "403",
    "404",
    "410",
    "500",
    "redirect-fine",  # to the true preview on this host
    "redirect-http",  # to http://
    "redirect-host",  # to another host's name
    "redirect-port",  # to another port of this host
    "redirect-private",  # to 169.254.169.254
    "redirect-file",  # to file:///etc/hostname
    "redirect-bad",  # to what is no address
    "redirect-loop",
)


@dataclass
class Previews:
    """`behaviours` says how single previews misbehave: Spotify's track id, or Deezer's as text -> one of BEHAVIOURS.

    `/behave/<behaviour>/<any name>` misbehaves too, and otherwise gives the first of SOUNDS.
    """

    world: World
    url: str  # ends with a slash
    trap_http_url: str = ""
    trap_https_url: str = ""
    trap_host_url: str = ""
    drip_seconds: float = 0.02
    stall_seconds: float = 30.0
    deezer_seconds: float = 900.0  # life of a signed address; below 0 it is born dead
    behaviours: dict[str, str] = field(default_factory=dict)

    def app(self) -> Starlette:
        """Starlette app of the host."""
        return Starlette(
            routes=[
                Route("/mp3-preview/{id}", self._spotify),
                Route("/deezer/{name}.mp3", self._deezer),
                Route("/behave/{behaviour}/{name:path}", self._behave),
            ]
        )

    def behaving(self, behaviour: str, name: str = "a.mp3") -> str:
        """An address that behaves so."""
        return f"{self.url}behave/{behaviour}/{name}"

    def deezer_url(self, id: int) -> str:
        """A signed address, as Deezer's API hands them out."""
        path = f"/deezer/{hashlib.md5(str(id).encode()).hexdigest()}{id}.mp3"
        expires = int(time.time() + self.deezer_seconds)
        words = f"exp={expires}~acl={path}*~data=user_id=0,application_id=42"
        return f"{self.url.rstrip('/')}{path}?hdnea={words}~hmac={signature(words)}"

    async def _spotify(self, request: Request) -> Response:
        track = self.world.tracks.get(request.path_params["id"])
        if track is None:
            return PlainTextResponse("Not found", 404)
        return await self._preview(track.id, track.sound, request)

    async def _deezer(self, request: Request) -> Response:
        words, _, given = request.query_params.get("hdnea", "").rpartition("~hmac=")
        expires = re.match(r"exp=(\d+)~", words)
        path_signed = f"~acl={request.url.path}*~" in words
        if not expires or not path_signed or given != signature(words) or int(expires[1]) <= time.time():
            return HTMLResponse("<html><body>Access Denied</body></html>", 403)
        track = self.world.deezer.get(int(request.path_params["name"][32:] or 0))
        if track is None or not track.preview:
            return PlainTextResponse("Not found", 404)
        return await self._preview(str(track.id), track.sound, request)

    async def _preview(self, key: str, sound: str, request: Request) -> Response:
        body = await run_in_threadpool(preview_bytes, sound, key)
        return await self._answer(self.behaviours.get(key, ""), body, request)

    async def _behave(self, request: Request) -> Response:
        name = request.path_params["name"]
        body = await run_in_threadpool(preview_bytes, SOUNDS[0], name)
        return await self._answer(request.path_params["behaviour"], body, request)

    async def _answer(self, behaviour: str, body: bytes, request: Request) -> Response:
        if behaviour == "stall":
            await asyncio.sleep(self.stall_seconds)
        targets = {
            "redirect-fine": f"{self.url}behave/plain/{request.url.path.rsplit('/', 1)[-1]}",
            "redirect-http": self.trap_http_url + "a.mp3",
            "redirect-host": self.trap_host_url + "a.mp3",
            "redirect-port": self.trap_https_url + "a.mp3",
            "redirect-private": "https://169.254.169.254/latest/meta-data/",
            "redirect-file": "file:///etc/hostname",
            "redirect-bad": "https://[::1/x",
            "redirect-loop": str(request.url),
        }
        if behaviour in targets:
            return Response(status_code=302, headers={"Location": targets[behaviour]})
        if behaviour.isdigit():
            return HTMLResponse(PAGE, int(behaviour))
        if behaviour in ("html", "html-as-mp3"):
            return Response(PAGE, media_type="text/html" if behaviour == "html" else "audio/mpeg")
        if behaviour in ("endless", "oversized"):
            length = {"Content-Length": str(2**30)} if behaviour == "oversized" else None
            return StreamingResponse(endlessly(body), media_type="audio/mpeg", headers=length)
        if behaviour == "slow":
            return StreamingResponse(self._drip(body), media_type="audio/mpeg")
        if behaviour == "truncated":
            return Truncated(body, media_type="audio/mpeg")
        plain = Response(b"" if behaviour == "empty" else body, media_type="audio/mpeg")
        if behaviour == "mp3-as-html":
            plain.headers["content-type"] = "text/html"
        return plain

    async def _drip(self, body: bytes) -> AsyncIterator[bytes]:
        for byte in body:
            yield bytes([byte])
            await asyncio.sleep(self.drip_seconds)


class Truncated(Response):
    """Promises its whole body and sends half."""

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        await super().__call__(scope, receive, cut_short(send))


async def endlessly(body: bytes) -> AsyncIterator[bytes]:
    yield body
    while True:
        await asyncio.sleep(0)  # or nobody would notice that the client has left
        yield bytes(65536)


def signature(words: str) -> str:
    return hmac.new(SIGNING_KEY, words.encode(), hashlib.sha256).hexdigest()
