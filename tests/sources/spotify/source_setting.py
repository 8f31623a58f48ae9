"""A Spotify source against the fake Web API or scripted answers, for tests."""

import json
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sources.errors import (
    RateLimited,
    SourceError,
)
from sources.http import RetryPolicy
from sources.records import Entry, Label, Playlist, Reference, Rejection
from sources.spotify.source import SpotifySource, connect_spotify
from tests.sources.scripted import Answer, answer, scripted
from tests.stand_ins.music import World, small_world
from tests.stand_ins.spotify import Token
from tests.stand_ins.stand_ins import StandIns, stand_ins

LABEL = Label("label", "Label")
RETRIES = RetryPolicy(attempts=4, wait_seconds=0.005, longest_wait_seconds=5)
CLASSES = ("extended", "dev_before_2026", "dev_after_2026")


def connect(services: StandIns, folder: Path, timeout_seconds: float = 5, **changes: Any) -> SpotifySource:
    environment = services.environment
    given = {
        "client_id": environment["SPOTIPY_CLIENT_ID"],
        "client_secret": environment["SPOTIPY_CLIENT_SECRET"],
        "token_file": folder / "spotify.json",
        "api_url": environment["LABELSCOPE_SPOTIFY_API_URL"],
        "accounts_url": environment["LABELSCOPE_SPOTIFY_ACCOUNTS_URL"],
        "retry_policy": RETRIES,
        "timeout_seconds": timeout_seconds,
    }
    return connect_spotify(**(given | changes))


def log_in(services: StandIns, folder: Path, user: str = "collector") -> None:
    """Write the file that `login` writes."""
    access, refresh = services.spotify.secret("BQ"), services.spotify.secret("AQ")
    services.spotify.tokens[access] = Token(time.time() + 3600, user)
    services.spotify.refresh_tokens[refresh] = user
    content = {
        "client_id": services.environment["SPOTIPY_CLIENT_ID"],
        "access_token": access,
        "refresh_token": refresh,
        "expires_at": time.time() + 3600,
        "authorized_at": datetime.now(UTC).isoformat(),
    }
    (folder / "spotify.json").write_text(json.dumps(content))


def reference(services: StandIns, place: int = 0) -> Reference:
    playlists = [key for key in services.world.playlists if key.startswith("spotify:")]
    return Reference("spotify", playlists[place].removeprefix("spotify:"), LABEL)


@dataclass
class Setting:
    """A fake Spotify, a source for it, and one of its playlists."""

    services: StandIns
    source: SpotifySource
    wanted: Reference

    def look(self) -> Playlist:
        return self.source.fetch_playlist(self.wanted)

    def read(self) -> list[Entry | Rejection]:
        return list(self.source.entries(self.look(), {}))

    def requested(self) -> list[str]:
        return [path for _, path in self.services.requests["spotify"]]


@contextmanager
def setting(folder: Path, world: World | None = None, *args: Any, **options: Any) -> Iterator[Setting]:
    with stand_ins(world or small_world(), *args, **options) as services:
        yield Setting(services, connect(services, folder), reference(services))


def ids(results: list[Entry | Rejection]) -> list[str]:
    return [result.track.external_id for result in results if isinstance(result, Entry)]


def fails(call: Callable[[], object], kind: type[SourceError]) -> SourceError:
    """The error of exactly this class. It must be one sentence, with no other error attached."""
    with pytest.raises(kind) as caught:
        call()
    error = caught.value
    assert type(error) is kind
    assert str(error).endswith(".") and ". " not in str(error)
    assert error.__cause__ is None and error.__context__ is None
    return error


def blocked_for(call: Callable[[], object], expected: timedelta) -> RateLimited:
    before = datetime.now(UTC)
    error = fails(call, RateLimited)
    assert isinstance(error, RateLimited)
    assert timedelta() <= error.until - before - expected < timedelta(seconds=5)
    return error


def story_of(call: Callable[[], object]) -> str:
    """All text of an error and of the errors behind it."""
    with pytest.raises(SourceError) as caught:
        call()
    error: BaseException | None = caught.value
    parts = ["".join(traceback.format_exception(caught.value))]
    while error is not None:
        parts += [str(error), repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(parts)


def json_answer(body: object) -> Answer:
    return answer(200, body)


def fine() -> Answer:
    return json_answer({"snapshot_id": "S", "name": "A"})


@contextmanager
def scripted_api(folder: Path, *script: Answer) -> Iterator[SpotifySource]:
    token = answer(200, {"access_token": "T", "expires_in": 3600})
    with scripted(*script) as api, scripted(token) as accounts:
        yield connect_spotify(
            "id",
            "secret",
            token_file=folder / "spotify.json",
            api_url=api.url,
            accounts_url=accounts.url,
            retry_policy=RETRIES,
            timeout_seconds=5,
        )


def look_at(source: SpotifySource) -> Playlist:
    return source.fetch_playlist(Reference("spotify", "P1", LABEL))
