"""All stand-in services at once, on real ports of 127.0.0.1, in a thread of this process or as a process of their own.

`python -m tests.stand_ins.stand_ins --world seed --failure 0.1` prints the environment as one line of JSON, then serves
until its standard input ends or a SIGTERM comes.
"""

import argparse
import asyncio
import json
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType

import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.stand_ins import music
from tests.stand_ins.deezer import Deezer
from tests.stand_ins.faults import Dial
from tests.stand_ins.previews import Previews
from tests.stand_ins.reccobeats import ReccoBeats
from tests.stand_ins.sounds import SOUNDS, preview_bytes
from tests.stand_ins.spotify import CLIENT_ID, CLIENT_SECRET, Spotify
from tests.stand_ins.world import World


@dataclass
class StandIns:
    """What runs: each part may be changed meanwhile. `dial.requests["trap"]` are those that went where none may go."""

    world: World
    dial: Dial
    spotify: Spotify
    deezer: Deezer
    previews: Previews
    environment: dict[str, str]

    @property
    def requests(self) -> dict[str, list[tuple[str, str]]]:
        """(method, path with query) of each request, by service: spotify, accounts, deezer, previews, …"""
        return self.dial.requests

    def shift_during_read(self, provider: str, id: str, after_page: int = 1, times: int = 1) -> None:
        """The list's first entry goes to its end after page `after_page` of a reading; in `times` readings."""
        playlist = self.world.playlists[f"{provider}:{id}"]
        playlist.page_shifted_after, playlist.shifts_left = after_page, times


@contextmanager
def stand_ins(
    world: World,
    app_class: str = "extended",
    shape: str = "items",
    *,
    failure: float = 0.0,
    seed: int = 1,
    deezer_requests: int = 10_000,
    timeout_seconds: float = 20.0,  # long, as the machine may be busy
    retry_wait_seconds: float = 0.01,
    configuration: str = "",
) -> Iterator[StandIns]:
    """Serves the world until the block ends. `configuration` is TOML that follows the labels in labels.toml."""
    dial = Dial(failure, seed)
    names = ("spotify", "accounts", "deezer", "reccobeats", "previews", "trap", "trap_https")
    with tempfile.TemporaryDirectory(prefix="stand-ins-") as name:
        folder = Path(name)
        sockets = {name: listening_socket() for name in names}
        ports = {name: at.getsockname()[1] for name, at in sockets.items()}
        plain = {name: f"http://127.0.0.1:{port}/" for name, port in ports.items()}
        previews = Previews(
            world,
            f"https://127.0.0.1:{ports['previews']}/",
            trap_http_url=plain["trap"],
            trap_https_url=f"https://127.0.0.1:{ports['trap_https']}/",
            trap_host_url=f"https://localhost:{ports['trap_https']}/",
        )
        spotify = Spotify(world, f"{plain['spotify']}v1/", previews.url, app_class, shape)
        deezer = Deezer(world, plain["deezer"], previews, deezer_requests)
        apps: dict[str, ASGIApp] = {
            "spotify": dial.around(spotify.api(), "spotify"),
            "accounts": dial.around(spotify.accounts(), "accounts"),
            "deezer": dial.around(deezer.app(), "deezer"),
            "reccobeats": dial.around(ReccoBeats(world).app(), "reccobeats"),
            "previews": dial.around(previews.app(), "previews"),
            "trap": dial.around(trap_app(), "trap"),
            "trap_https": dial.around(trap_app(), "trap"),
        }
        environment = _write_files(folder, world, configuration) | {
            "SPOTIPY_CLIENT_ID": CLIENT_ID,
            "SPOTIPY_CLIENT_SECRET": CLIENT_SECRET,
            "LABELSCOPE_SPOTIFY_API_URL": spotify.api_url,
            "LABELSCOPE_SPOTIFY_ACCOUNTS_URL": plain["accounts"].rstrip("/"),
            "LABELSCOPE_DEEZER_API_URL": deezer.api_url,
            "LABELSCOPE_DEEZER_REQUESTS": str(deezer_requests),
            "LABELSCOPE_RECCOBEATS_API_URL": plain["reccobeats"].rstrip("/"),
            "LABELSCOPE_PREVIEW_HOSTS": json.dumps([f"127.0.0.1:{ports['previews']}"]),
            "LABELSCOPE_REQUEST_TIMEOUT_SECONDS": str(timeout_seconds),
            "LABELSCOPE_RETRY_WAIT_SECONDS": str(retry_wait_seconds),
            "NO_PROXY": "127.0.0.1,localhost",
        }
        with serving(apps, sockets, secure={"previews", "trap_https"}, certificate=folder / "server.pem"):
            yield StandIns(world, dial, spotify, deezer, previews, environment)


def _write_files(folder: Path, world: World, configuration: str) -> dict[str, str]:
    """Write certificates and labels.toml. Returns the environment variables that name them."""
    authority, certificate = certificates()
    (folder / "authority.pem").write_bytes(authority)
    (folder / "server.pem").write_bytes(certificate)
    (folder / "labels.toml").write_text(labels_toml(world) + configuration, encoding="utf-8")
    return {
        "LABELSCOPE_LABELS": str(folder / "labels.toml"),
        "REQUESTS_CA_BUNDLE": str(folder / "authority.pem"),
    }


def labels_toml(world: World) -> str:
    """The world's labels and playlists as the text of a labels.toml."""
    labels: dict[str, list[str]] = {}
    about = {playlist.label: playlist.description for playlist in world.playlists.values()}
    for key, playlist in world.playlists.items():
        labels.setdefault(playlist.label, []).append(key)
    return "".join(
        f"[[label]]\nname = {json.dumps(name)}\ndescription = {json.dumps(about[name])}\n"
        f"playlists = {json.dumps(keys)}\n\n"
        for name, keys in labels.items()
    )


def trap_app() -> Starlette:
    """Serves real audio on a host that is not allowed: a client that requests it is seen to succeed."""

    async def answer(request: Request) -> Response:
        return Response(preview_bytes(SOUNDS[0], "trap"), media_type="audio/mpeg")

    return Starlette(routes=[Route("/{path:path}", answer)])


@lru_cache(maxsize=1)
def certificates() -> tuple[bytes, bytes]:
    """PEM of an authority, and of a server's key and certificate by it."""
    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1", "localhost")
    chain = b"".join(blob.bytes() for blob in server.cert_chain_pems)
    return authority.cert_pem.bytes(), server.private_key_pem.bytes() + chain


def listening_socket() -> socket.socket:
    """A port of 127.0.0.1. Named TCP, so that asyncio sets TCP_NODELAY: without it an answer takes 40 ms."""
    at = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    at.bind(("127.0.0.1", 0))
    return at


@contextmanager
def serving(
    apps: dict[str, ASGIApp], sockets: dict[str, socket.socket], secure: set[str], certificate: Path
) -> Iterator[None]:
    """Serves each app at its socket from one thread; leaving drops every connection at once."""
    servers = {name: _server(app, certificate if name in secure else None) for name, app in apps.items()}
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    ready = threading.Event()

    async def serve() -> None:
        loops.append((asyncio.get_running_loop(), asyncio.Event()))
        tasks = [asyncio.create_task(server.serve([sockets[name]])) for name, server in servers.items()]
        while not all(server.started for server in servers.values()):
            await asyncio.sleep(0.002)
        ready.set()
        await loops[0][1].wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in servers.values():
            _drop_connections(server)
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="stand-ins", daemon=True)
    thread.start()
    if not ready.wait(30):
        raise RuntimeError("The stand-ins did not start within 30 s.")
    try:
        yield
    finally:
        loop, stop = loops[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        for at in sockets.values():
            at.close()


def _server(app: ASGIApp, certificate: Path | None) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            timeout_keep_alive=60,
            ssl_certfile=certificate,
            ssl_keyfile=certificate,
        )
    )


def _drop_connections(server: uvicorn.Server) -> None:
    for listener in server.servers:
        listener.close()
    for task in list(server.server_state.tasks):
        task.cancel()
    for connection in list(server.server_state.connections):
        connection.transport.abort()


def main() -> None:
    """Serve until standard input ends or SIGTERM comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", default="small", help="seed, small, long:<entries>, or demo:<folder>")
    parser.add_argument("--app-class", default="extended")
    parser.add_argument("--shape", default="items")
    parser.add_argument("--failure", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deezer-requests", type=int, default=10_000)
    parser.add_argument("--configuration", default="", help="TOML to append to labels.toml")
    chosen = parser.parse_args()
    world = named_world(chosen.world)
    signal.signal(signal.SIGTERM, _leave)
    options = {"failure": chosen.failure, "seed": chosen.seed, "deezer_requests": chosen.deezer_requests}
    serving_world = stand_ins(
        world, chosen.app_class, chosen.shape, configuration=chosen.configuration, **options
    )
    with suppress(KeyboardInterrupt), serving_world as services:
        sys.stdout.write(json.dumps(services.environment) + "\n")
        sys.stdout.flush()
        while sys.stdin.read(4096):
            pass


def _leave(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def named_world(name: str) -> World:
    kind, _, rest = name.partition(":")
    if kind == "long":
        return music.long_world(int(rest))
    if kind == "demo":
        return music.demo_world(Path(rest))
    return {"seed": music.seed_world, "small": music.small_world}[kind]()


if __name__ == "__main__":
    main()
