"""A fake Deezer, another one that sends what a test writes down, and sources that read them."""

from collections import Counter
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sources.deezer.api import DeezerApi
from sources.deezer.source import DeezerSource
from tests.sources.deezer.lists import QUICK, UNLIMITED
from tests.stand_ins import music
from tests.stand_ins.stand_ins import StandIns, listening_socket, serving, stand_ins


@pytest.fixture
def services() -> Iterator[StandIns]:
    with stand_ins(music.small_world(), timeout_seconds=1) as running:
        yield running


@pytest.fixture
def source(services: StandIns) -> DeezerSource:
    return DeezerSource(DeezerApi(services.deezer.api_url, UNLIMITED, QUICK, timeout_seconds=1))


@pytest.fixture
def odd() -> Iterator[tuple[dict[str, object], DeezerSource]]:
    """A Deezer that answers what the test puts under a path, and the source that asks it."""
    answers: dict[str, object] = {}
    counts: Counter[str] = Counter()

    async def answer(request: Request) -> Response:
        path = request.url.path.lstrip("/") + (f"?{request.url.query}" if request.url.query else "")
        counts[path] += 1
        given = answers[path]
        given = given[min(counts[path], len(given)) - 1] if isinstance(given, tuple) else given
        return given if isinstance(given, Response) else JSONResponse(given)

    at = listening_socket()
    app = Starlette(routes=[Route("/{path:path}", answer)])
    with serving({"odd": app}, {"odd": at}, secure=set(), certificate=None):  # type: ignore[arg-type]
        api = DeezerApi(f"http://127.0.0.1:{at.getsockname()[1]}/", UNLIMITED, QUICK, timeout_seconds=1)
        yield answers, DeezerSource(api)
