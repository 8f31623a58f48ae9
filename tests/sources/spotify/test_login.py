"""A login to Spotify with a browser, and that nothing shows its secrets."""

import logging
import socket
import stat
import threading
import traceback
import webbrowser
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sources.errors import LoginNeeded, Unavailable
from sources.records import Entry, Label, Reference
from sources.spotify.auth import Key, SpotifyAccess
from sources.spotify.source import connect_spotify
from tests.sources.scripted import Answer, answer, scripted
from tests.sources.spotify.logins import (
    RETRIES,
    fails,
    free_redirect_uri,
    keep,
    kept,
    key_of,
    log_in,
    token,
)
from tests.stand_ins.music import LISTENER, small_world
from tests.stand_ins.stand_ins import stand_ins

# Logging in


def test_a_login_from_the_browser_to_the_first_request(token_file: Path) -> None:
    with stand_ins(small_world(), "dev_after_2026") as services:
        for playlist in services.world.playlists.values():
            playlist.owner = LISTENER
        environment = services.environment
        source = connect_spotify(
            environment["SPOTIPY_CLIENT_ID"],
            environment["SPOTIPY_CLIENT_SECRET"],
            token_file=token_file,
            api_url=environment["LABELSCOPE_SPOTIFY_API_URL"],
            accounts_url=environment["LABELSCOPE_SPOTIFY_ACCOUNTS_URL"],
            retry_policy=RETRIES,
        )
        playlist_id = next(iter(services.world.playlists.values())).id
        playlist = source.fetch_playlist(Reference("spotify", playlist_id, Label("a", "A")))
        fails(lambda: list(source.entries(playlist, {})), Unavailable)
        (sentence,) = log_in(key_of(services), token_file)
        assert any(isinstance(result, Entry) for result in source.entries(playlist, {}))

        content = kept(token_file)
        assert content["client_id"] == environment["SPOTIPY_CLIENT_ID"]
        assert datetime.now(UTC) - datetime.fromisoformat(content["authorized_at"]) < timedelta(seconds=30)
        assert content["refresh_token"] in services.spotify.refresh_tokens
        assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
        assert {path.name for path in token_file.parent.iterdir()} == {"spotify.json", "spotify.json.lock"}

        address = parse_qs(urlsplit(sentence.split()[-1]).query)
        assert address["scope"] == ["playlist-read-private playlist-read-collaborative"]
        assert address["redirect_uri"][0].startswith("http://127.0.0.1:")
        assert len(address["state"][0]) > 20


def test_a_login_takes_the_place_of_the_last_one(token_file: Path) -> None:
    keep(token_file, client_id="another")
    token_file.chmod(0o644)
    with stand_ins(small_world()) as services:
        log_in(key_of(services), token_file)
        assert kept(token_file)["client_id"] == services.environment["SPOTIPY_CLIENT_ID"]
        assert stat.S_IMODE(token_file.stat().st_mode) == 0o600


def test_only_a_visit_with_our_state_counts(token_file: Path) -> None:
    redirect_uri = free_redirect_uri()
    statuses: list[int] = []

    def browse(url: str) -> None:
        idle = socket.create_connection(("127.0.0.1", urlsplit(redirect_uri).port))
        for query in ("?code=theirs", "?code=theirs&state=guess", "?error=access_denied", "?state=%ff", ""):
            statuses.append(requests.get(f"{redirect_uri}{query}", timeout=5).status_code)
        state = parse_qs(urlsplit(url).query)["state"][0]
        icon = redirect_uri.replace("callback", "favicon.ico")
        statuses.append(requests.get(f"{icon}?code=x&state={state}", timeout=5).status_code)
        statuses.append(requests.get(url, timeout=5).status_code)
        idle.close()

    with stand_ins(small_world()) as services:
        log_in(key_of(services), token_file, redirect_uri=redirect_uri, open_browser=browse)
        assert statuses == [404] * 6 + [200]
        assert len(services.requests["accounts"]) == 2


def test_a_machine_without_a_browser(token_file: Path) -> None:
    def no_browser(url: str) -> None:
        threading.Thread(target=requests.get, args=(url,), kwargs={"timeout": 5}).start()
        raise webbrowser.Error("none")

    with stand_ins(small_world()) as services:
        log_in(key_of(services), token_file, open_browser=no_browser)
        assert token_file.exists()


def test_a_person_who_says_no(token_file: Path) -> None:
    with stand_ins(small_world()) as services:
        services.spotify.login_denied = True
        assert "agree" in fails(lambda: log_in(key_of(services), token_file), LoginNeeded)
        assert not token_file.exists()


def test_nobody_comes(token_file: Path) -> None:
    with stand_ins(small_world()) as services:
        options: dict[str, Any] = {"open_browser": lambda url: None, "wait_seconds": 0.05}
        assert "Nobody logged in" in fails(
            lambda: log_in(key_of(services), token_file, **options), LoginNeeded
        )


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:8888/",
        "https://127.0.0.1:8888/",
        "http://127.0.0.1/",
        "http://127.0.0.1:x/",
        "nonsense",
    ],
)
def test_a_redirect_uri_where_nothing_can_listen(token_file: Path, uri: str) -> None:
    key = Key("id", "secret")
    assert uri in fails(lambda: log_in(key, token_file, redirect_uri=uri), LoginNeeded)


def test_a_port_that_is_taken(token_file: Path) -> None:
    with scripted(answer()) as other:
        key, uri = Key("id", "secret"), f"{other.url}/callback"
        assert "free port" in fails(lambda: log_in(key, token_file, redirect_uri=uri), LoginNeeded)


@pytest.mark.parametrize(
    "reply", [answer(400, {"error": "invalid_grant"}), token(), token(refresh_token=None)]
)
def test_a_login_that_spotify_does_not_complete(token_file: Path, reply: Answer) -> None:
    def come_back(url: str) -> None:
        asked = parse_qs(urlsplit(url).query)
        requests.get(asked["redirect_uri"][0], {"code": "C", "state": asked["state"][0]}, timeout=5)

    with scripted(reply) as accounts:
        key = Key("id", "secret", accounts.url)
        sentence = fails(lambda: log_in(key, token_file, open_browser=come_back), LoginNeeded)
        assert "did not complete" in sentence
        assert len(accounts.requests) == 1
        assert not token_file.exists()
        accounts.script = [answer(503), token(refresh_token="R")]
        log_in(key, token_file, open_browser=come_back)
        assert kept(token_file)["refresh_token"] == "R"


# Secrets


def test_no_secret_is_ever_shown(token_file: Path, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
    with stand_ins(small_world()) as services:
        key = key_of(services)
        texts = log_in(key, token_file)
        access = SpotifyAccess(key, token_file)
        for kinds in (["503"], ["reset"], ["stall"]):
            keep(token_file, **kept(token_file) | {"expires_at": 0})
            services.dial.fail_next("accounts", *kinds)
            texts.append(story_of(access.get_access_token))
        services.spotify.dead_grant = "Refresh token revoked"
        texts.append(story_of(access.get_access_token))
        services.dial.fail_next("accounts", "503", "503", "503", path="/api/token")
        texts.append(story_of(lambda: log_in(key, token_file)))
        texts += [repr(key), repr(access)]
        text = caplog.text + "".join(texts) + "".join(capfd.readouterr())
        assert len(services.spotify.secrets) > 4 and "/api/token" in caplog.text
        for secret in services.spotify.secrets:
            assert secret not in text
        assert "Basic" not in text and "Bearer" not in text


def story_of(call: Callable[[], object]) -> str:
    """All text of an error and of the errors behind it."""
    try:
        call()
    except Exception as caught:  # noqa: BLE001  no error may show a secret
        parts = ["".join(traceback.format_exception(caught))]
        error: BaseException | None = caught
        while error is not None:
            parts += [str(error), repr(error), repr(error.args), repr(vars(error))]
            error = error.__cause__ or error.__context__
        return "\n".join(parts)
    return ""
