"""Sources of audio that ask a fake Spotify and Deezer, and tracks that want audio."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sources.deezer.api import DeezerApi
from sources.http import RetryPolicy
from sources.pace import RollingWindow
from sources.previews.finders import (
    DeezerByIsrc,
    OwnPreviews,
    Wanted,
)
from tests.stand_ins import music
from tests.stand_ins.music import plain_isrc
from tests.stand_ins.stand_ins import StandIns, stand_ins

UNLIMITED = RollingWindow(10_000, 1)
QUICK = RetryPolicy(attempts=4, wait_seconds=0.001)


@pytest.fixture(scope="module")
def running() -> Iterator[StandIns]:
    with stand_ins(music.small_world()) as services, pytest.MonkeyPatch.context() as patch:
        for name in ("REQUESTS_CA_BUNDLE", "NO_PROXY"):
            patch.setenv(name, services.environment[name])
        yield services


@pytest.fixture
def services(running: StandIns) -> Iterator[StandIns]:
    running.dial.forget()
    yield running
    running.dial.probability = 0
    running.previews.behaviours.clear()
    running.previews.deezer_seconds = 900
    assert not running.requests["trap"]


@pytest.fixture
def api(services: StandIns) -> DeezerApi:
    return DeezerApi(services.deezer.api_url, UNLIMITED, QUICK, timeout_seconds=2)


@pytest.fixture
def own(services: StandIns, api: DeezerApi) -> OwnPreviews:
    return OwnPreviews(api, [urlsplit(services.previews.url).netloc])


@pytest.fixture
def deezer(services: StandIns, api: DeezerApi) -> DeezerByIsrc:
    return DeezerByIsrc(api, [urlsplit(services.previews.url).netloc])


@pytest.fixture
def wanted(services: StandIns) -> Callable[..., Wanted]:
    def make(trap: str, **changes: object) -> Wanted:
        """The world's track of that kind, as Spotify names it."""
        track = services.world.trapped(trap)[0]
        address = f"{services.previews.url}mp3-preview/{track.id}?cid=1" if track.own_preview else None
        isrc = plain_isrc(track.isrc) if track.isrc else None
        seconds = track.duration_ms / 1000
        made = Wanted(1, "spotify", track.id, track.title, track.artists, isrc, seconds, address)
        return replace(made, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture
def on_deezer(services: StandIns) -> Callable[[str], tuple[Wanted, music.DeezerTrack]]:
    def make(trap: str) -> tuple[Wanted, music.DeezerTrack]:
        """The world's track of that kind, as a Deezer playlist names it."""
        track = next(track for track in services.world.deezer.values() if track.trap == trap)
        names = (track.artist,)
        return Wanted(
            1, "deezer", str(track.id), track.title, names, track.isrc, track.duration_s, None
        ), track

    return make


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    return folder
