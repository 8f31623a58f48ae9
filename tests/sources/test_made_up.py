"""Each client against a server that answers anything: whatever comes, only errors of ours come out.

The default suite takes forty answers for each client; `make test-slow` takes two thousand.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.deezer.api import DeezerApi
from sources.deezer.source import DeezerSource
from sources.errors import SourceError
from sources.http import RetryPolicy, with_retries
from sources.pace import RollingWindow
from sources.previews import download as download_module
from sources.previews.download import DownloadError, download
from sources.reccobeats import ReccoBeats
from sources.records import Label, Playlist, Reference
from sources.sender import Limits, new_session
from sources.spotify.auth import Key, SpotifyAccess
from sources.spotify.source import connect_spotify
from tests.sources.made_up import answers, recorded
from tests.sources.raw_server import RawServer, http, raw_server, whole
from tests.stand_ins import music, reccobeats
from tests.stand_ins.sounds import SOUNDS, preview_bytes
from tests.stand_ins.spotify_json import features_json, playlist_json, track_json

ONCE = RetryPolicy(attempts=1, wait_seconds=0, longest_wait_seconds=0)
WAIT_SECONDS = 5.0
LABEL = Label("label", "Label")
LIST = "908622995"

TRACK = music.make_track(1)
SPOTIFY_TRACK = track_json(TRACK, "", "https://p.scdn.co/mp3-preview/1", whole=True)
SPOTIFY_ENTRY = {"added_at": "2024-02-07T18:27:21Z", "is_local": False, "track": SPOTIFY_TRACK}
SPOTIFY_PAGE = {"items": [SPOTIFY_ENTRY], "limit": 50, "next": None, "offset": 0, "total": 1}
SPOTIFY_LIST = playlist_json(music.World().playlist("spotify", "P1", "N", "L"), "") | {"items": SPOTIFY_PAGE}
FEATURES = {"audio_features": [features_json("T1", ""), None]}
REFUSAL = {"error": {"status": 403, "message": "Insufficient client scope", "reason": "QUOTA_EXCEEDED"}}
DEEZER_TRACK = {
    "id": 3135556,
    "readable": True,
    "title": "T",
    "isrc": "GBDUW0000059",
    "duration": "224",
    "type": "track",
    "release_date": "2001-03-07",
    "time_add": 1700000000,
    "preview": "https://cdnt-preview.dzcdn.net/1",
    "artist": {"id": 27, "name": "A"},
    "album": {"id": 302127, "title": "B"},
    "contributors": [{"id": 27, "name": "A"}],
}
DEEZER_PAGE = {"data": [DEEZER_TRACK], "total": 1, "next": "https://api.deezer.com/x?index=1"}
DEEZER_LIST = {"id": 1, "title": "P", "checksum": "c", "nb_tracks": 1, "tracks": {"data": [DEEZER_TRACK]}}
DEEZER_ERROR = {"error": {"type": "DataException", "message": "no data", "code": 800}}
TOKEN = {"access_token": "a", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r", "scope": ""}
NO_TOKEN = {"error": "invalid_grant", "error_description": "Refresh token revoked"}

SPOTIFY = [SPOTIFY_LIST, SPOTIFY_PAGE, FEATURES, REFUSAL]
DEEZER = [DEEZER_LIST, DEEZER_PAGE, DEEZER_TRACK, DEEZER_ERROR]


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with raw_server() as running:
        yield running


def read(source: Any, playlist_id: str) -> list[Any]:
    return list(source.entries(Playlist(source.provider, playlist_id, "N", LABEL, "c"), {}))


def look(source: Any, playlist_id: str) -> Playlist:
    playlist: Playlist = source.fetch_playlist(Reference(source.provider, playlist_id, LABEL))
    return playlist


@pytest.fixture(scope="module")
def clients(server: RawServer, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("made-up")
    token_file = folder / "spotify.json"
    spotify = connect_spotify(
        "id",
        "secret",
        token_file=token_file,
        api_url=server.url,
        accounts_url=server.url,
        retry_policy=ONCE,
        timeout_seconds=WAIT_SECONDS,
    )
    deezer = DeezerApi(server.url, RollingWindow(10**9, 1), ONCE, WAIT_SECONDS)
    beats = ReccoBeats(server.url, ONCE, WAIT_SECONDS)
    host = new_session(limits=Limits(wait_seconds=WAIT_SECONDS))
    key = Key("id", "secret", server.url, WAIT_SECONDS)

    def logged_in(expires_at: float) -> None:
        """A new login each time: an answer may have ended the one before."""
        token = {"client_id": "id", "access_token": "a", "refresh_token": "r", "expires_at": expires_at}
        token_file.write_text(json.dumps(token | {"authorized_at": datetime.now(UTC).isoformat()}))

    def ask_spotify(call: Callable[[], object]) -> Callable[[], object]:
        def asked() -> object:
            logged_in(time.time() + 3600)
            spotify.api._access._refused.clear()
            return call()

        return asked

    def refreshed() -> str:
        logged_in(0)
        return with_retries(ONCE, SpotifyAccess(key, token_file).get_access_token)

    return SimpleNamespace(
        spotify_look=ask_spotify(lambda: look(spotify, "P1")),
        spotify_entries=ask_spotify(lambda: read(spotify, "P1")),
        spotify_page=ask_spotify(lambda: spotify.api.page("P1", 0)),
        spotify_features=ask_spotify(lambda: spotify.audio_features(["T1"])),
        spotify_token=lambda: with_retries(ONCE, SpotifyAccess(key, folder / "none.json").get_access_token),
        spotify_refresh=refreshed,
        deezer_look=lambda: look(DeezerSource(deezer), LIST),
        deezer_entries=lambda: read(DeezerSource(deezer), LIST),
        deezer_track=lambda: deezer.track("1"),
        deezer_isrc=lambda: deezer.track_by_isrc("GBDUW0000059"),
        reccobeats=lambda: beats.features([TRACK.id]),
        preview=lambda: download(host, f"{server.url}/a.mp3", folder, hosts=["*"]),
    )


def templates_of(client: str) -> list[Any]:
    kind = client.partition("_")[0]
    if client in ("spotify_token", "spotify_refresh"):
        return [TOKEN, NO_TOKEN]
    if kind == "spotify":
        pages = [SPOTIFY_PAGE | {"items": [entry]} for entry in recorded("spotify_entries")[::10]]
        return SPOTIFY + pages + recorded("audio_features")
    if kind == "deezer":
        return DEEZER + recorded("deezer_tracks")[::20] + recorded("deezer_playlists")
    return [{"content": [reccobeats.row(TRACK, TRACK.id)]}]


CLIENTS = (
    *(
        "spotify_look",
        "spotify_entries",
        "spotify_page",
        "spotify_features",
        "spotify_token",
        "spotify_refresh",
    ),
    *("deezer_look", "deezer_entries", "deezer_track", "deezer_isrc", "reccobeats", "preview"),
)


def withstands(server: RawServer, call: Callable[[], object], client: str, examples: int) -> None:
    """So many made-up answers bring nothing but values and errors of ours, whose sentences are clean."""
    given_answers = answers(templates_of(client))
    if client == "preview":
        given_answers |= st.builds(whole_preview, st.integers(0, 3), st.binary(max_size=20))

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(given_answers)
    def ask(content: bytes) -> None:
        server.answer = whole(content)
        try:
            call()
        except (SourceError, DownloadError) as error:
            sentence = str(error)
            assert sentence.isprintable() and sentence.endswith("."), sentence
            assert len(sentence) < 1000
            assert error.__context__ is None or isinstance(error.__context__, SourceError | DownloadError)

    ask()


def whole_preview(cut: int, end: bytes) -> bytes:
    content = preview_bytes(SOUNDS[0], "x")
    return http(200, {}, content[: len(content) // (cut + 1)] + end)


@pytest.fixture
def any_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of these tests speaks no TLS; which hosts are allowed has tests of its own."""
    monkeypatch.setattr(download_module, "is_allowed", lambda url, hosts: url.startswith("http://127.0.0.1"))


@pytest.mark.usefixtures("any_host")
@pytest.mark.parametrize("client", CLIENTS)
def test_no_answer_raises_anything_but_errors_of_ours(
    server: RawServer, clients: SimpleNamespace, client: str
) -> None:
    withstands(server, getattr(clients, client), client, examples=40)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("any_host")
@pytest.mark.parametrize("client", CLIENTS)
def test_no_answer_of_thousands_raises_anything_but_errors_of_ours(
    server: RawServer, clients: SimpleNamespace, client: str
) -> None:
    withstands(server, getattr(clients, client), client, examples=2_000)


def test_the_true_answers_are_taken(server: RawServer, clients: SimpleNamespace) -> None:
    """Else all of the above would only ever see refusals."""
    takes = {
        "spotify_look": SPOTIFY_LIST,
        "spotify_page": SPOTIFY_PAGE,
        "spotify_features": FEATURES,
        "spotify_token": TOKEN,
        "deezer_look": DEEZER_LIST,
        "deezer_track": DEEZER_TRACK,
        "reccobeats": {"content": [reccobeats.row(TRACK, TRACK.id)]},
    }
    for client, body in takes.items():
        server.answer = whole(http(200, {"Connection": "close"}, json.dumps(body).encode()))
        assert getattr(clients, client)(), client
