"""Who we are to Spotify: the app's key, a person's login, its refresh and its end. Only `login` asks a person."""

import builtins
import json
import logging
import multiprocessing
import os
import socket
import stat
import threading
import time
import traceback
import urllib.request
import webbrowser
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from services.ports import free_port
from sources.errors import LoginNeeded, SourceError, TransientError, Unavailable
from sources.http import RetryPolicy
from sources.records import Entry, Label, Reference
from sources.spotify.auth import Key, SpotifyAccess, days_left, login, login_warning
from sources.spotify.source import connect_spotify
from tests.sources.scripted import Answer, answer, scripted
from tests.stand_ins.music import LISTENER, small_world
from tests.stand_ins.stand_ins import StandIns, stand_ins

RETRIES = RetryPolicy(attempts=3, wait_seconds=0.005, longest_wait_seconds=5)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("A person was asked.")

    monkeypatch.setattr(builtins, "input", asked)
    monkeypatch.setattr(webbrowser, "open", asked)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "spotify.json"


def key_of(services: StandIns) -> Key:
    environment = services.environment
    return Key(
        environment["SPOTIPY_CLIENT_ID"],
        environment["SPOTIPY_CLIENT_SECRET"],
        environment["LABELSCOPE_SPOTIFY_ACCOUNTS_URL"],
        5,
    )


def free_redirect_uri() -> str:
    return f"http://127.0.0.1:{free_port()}/callback"


def log_in(key: Key, token_file: Path, **changes: Any) -> list[str]:
    """A login by a browser that agrees at once; what was told."""
    told: list[str] = []
    given: dict[str, Any] = {
        "tell": told.append,
        "redirect_uri": free_redirect_uri(),
        "open_browser": lambda url: urllib.request.urlopen(url, timeout=5).close(),
        "retry_policy": RETRIES,
        "wait_seconds": 5,
    }
    login(key, token_file, **(given | changes))
    return told


def keep(token_file: Path, **changes: Any) -> dict[str, Any]:
    """A login as the file holds it."""
    content = {
        "client_id": "id",
        "access_token": "A1",
        "refresh_token": "R1",
        "expires_at": time.time() + 3600,
        "authorized_at": "2026-10-01T00:00:00+00:00",
    } | changes
    token_file.parent.mkdir(exist_ok=True)
    token_file.write_text(json.dumps(content))
    return content


def kept(token_file: Path) -> dict[str, Any]:
    content = json.loads(token_file.read_text())
    assert isinstance(content, dict)
    return content


def token(access: str = "A2", **more: Any) -> Answer:
    return answer(200, {"access_token": access, "token_type": "Bearer", "expires_in": 3600, **more})


def fails(call: Callable[[], object], kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    text = str(caught.value)
    assert text.endswith(".") and ". " not in text
    return text


# The app's key


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [(None, None), ("", ""), ("id", None), (None, "secret"), (" ", "secret"), ("id", "\n")],
)
def test_without_a_key_the_first_request_says_so(
    token_file: Path, client_id: str | None, secret: str | None
) -> None:
    source = connect_spotify(client_id, secret, token_file=token_file)
    sentence = fails(lambda: source.fetch_playlist(Reference("spotify", "P1", Label("a", "A"))), LoginNeeded)
    assert sentence == (
        "Spotify needs a key: set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET "
        "(developer.spotify.com/dashboard), then run again."
    )


@pytest.mark.parametrize("secret", ["another", "sécret"])
def test_a_wrong_key_is_named(token_file: Path, secret: str) -> None:
    with stand_ins(small_world()) as services:
        key = Key("id", secret, key_of(services).accounts_url)
        sentence = fails(SpotifyAccess(key, token_file).get_access_token, LoginNeeded)
        assert "SPOTIPY_CLIENT_ID" in sentence and "SPOTIPY_CLIENT_SECRET" in sentence
        assert len(services.requests["accounts"]) == (secret == "another")


def test_spaces_around_a_key_do_not_matter(token_file: Path) -> None:
    with stand_ins(small_world()) as services:
        key = key_of(services)
        spaced = Key(f" {key.client_id}\n", f"{key.client_secret} ", f"{key.accounts_url}/")
        assert SpotifyAccess(spaced, token_file).get_access_token()


def test_the_apps_own_token_is_kept_until_it_ends(token_file: Path) -> None:
    with stand_ins(small_world()) as services:
        access = SpotifyAccess(key_of(services), token_file)
        first = access.get_access_token()
        assert access.get_access_token() == first
        access.refuse(first)
        second = access.get_access_token()
        assert second != first
        access.refuse(first)
        assert access.get_access_token() == second
        assert len(services.requests["accounts"]) == 2
        services.spotify.token_seconds = 30
        access.refuse(second)
        assert access.get_access_token() != access.get_access_token()
        assert not token_file.parent.exists()


@pytest.mark.parametrize(
    "odd",
    [
        Answer(200, "<html>"),
        Answer(200, "[]"),
        Answer(200, '{"access_token": null}'),
        Answer(200, '{"access_token": "two words"}'),
        Answer(302, "", {"Location": "http://127.0.0.1:9/"}),
        Answer(400, "<html>"),
        Answer(400, '["list"]'),
        answer(400, {"error": {"status": 400}}),
        answer(400, {"error": "invalid_grant"}),
        answer(400, {"error": "unauthorized_client"}),
        answer(503, {"error": "invalid_client"}),
        answer(500, {"error": "invalid_grant"}),
        answer(429),
        Answer(200, '{"access_token": "A1"}', cut=5),
    ],
)
def test_odd_answers_to_the_key_may_pass(token_file: Path, odd: Answer) -> None:
    label = Label("a", "A")
    with scripted(odd, odd, token()) as accounts, scripted(answer(200, {"snapshot_id": "S"})) as api:
        source = connect_spotify(
            "id",
            "secret",
            token_file=token_file,
            api_url=api.url,
            accounts_url=accounts.url,
            retry_policy=RETRIES,
        )
        assert source.fetch_playlist(Reference("spotify", "P1", label)).snapshot_id == "S"
        assert api.requests[0][2]["Authorization"] == "Bearer A2"
        accounts.script = [odd]
        source.api._access.refuse("A2")
        assert "api/token" in fails(
            lambda: source.fetch_playlist(Reference("spotify", "P1", label)), TransientError
        )


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
        (told,) = log_in(key_of(services), token_file)
        assert any(isinstance(result, Entry) for result in source.entries(playlist, {}))

        content = kept(token_file)
        assert content["client_id"] == environment["SPOTIPY_CLIENT_ID"]
        assert datetime.now(UTC) - datetime.fromisoformat(content["authorized_at"]) < timedelta(seconds=30)
        assert content["refresh_token"] in services.spotify.refresh_tokens
        assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
        assert {path.name for path in token_file.parent.iterdir()} == {"spotify.json", "spotify.json.lock"}

        address = parse_qs(urlsplit(told.split()[-1]).query)
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


# The login's refresh


@pytest.mark.parametrize(
    ("more", "refresh_token"),
    [
        ({}, "R1"),
        ({"refresh_token": "R2"}, "R2"),
        ({"refresh_token": None}, "R1"),
        ({"refresh_token": ""}, "R1"),
    ],
)
def test_a_refresh_never_loses_the_refresh_token(
    token_file: Path, more: dict[str, Any], refresh_token: str
) -> None:
    before = keep(token_file, expires_at=time.time() + 30)
    with scripted(token(**more)) as accounts:
        assert SpotifyAccess(Key("id", "secret", accounts.url), token_file).get_access_token() == "A2"
        assert "grant_type=refresh_token&refresh_token=R1" in accounts.bodies
    after = kept(token_file)
    assert after["refresh_token"] == refresh_token
    assert after["access_token"] == "A2"
    assert after["authorized_at"] == before["authorized_at"]
    assert after["expires_at"] > time.time() + 3000


def test_a_login_is_asked_about_only_when_it_must_be(token_file: Path) -> None:
    keep(token_file)
    with scripted(token("A3")) as accounts:
        access = SpotifyAccess(Key("id", "secret", accounts.url), token_file)
        assert access.get_access_token() == "A1"
        access.refuse("A1")
        keep(token_file, access_token="A2")  # another process was faster
        assert access.get_access_token() == "A2"
        assert not accounts.requests
        access.refuse("A2")
        assert access.get_access_token() == "A3"
        assert len(accounts.requests) == 1


@pytest.mark.parametrize(
    "odd", [answer(500), answer(400, {"error": "invalid_request"}), Answer(200, "<html>"), Answer(400, "[]")]
)
def test_a_fault_does_not_end_a_login(token_file: Path, odd: Answer) -> None:
    before = keep(token_file, expires_at=0)
    with scripted(odd, token()) as accounts:
        access = SpotifyAccess(Key("id", "secret", accounts.url), token_file)
        with pytest.raises(Exception, match="api/token") as caught:
            access.get_access_token()
        assert not isinstance(caught.value, SourceError)
        assert kept(token_file) == before
        assert access.get_access_token() == "A2"


def test_a_login_that_has_ended_is_said_to_have_until_the_next(token_file: Path) -> None:
    with stand_ins(small_world()) as services:
        key = key_of(services)
        log_in(key, token_file)
        secret = kept(token_file)["refresh_token"]
        keep(token_file, **kept(token_file) | {"expires_at": 0})
        services.spotify.dead_grant = "Refresh token expired"
        for _ in range(2):
            sentence = fails(SpotifyAccess(key, token_file).get_access_token, LoginNeeded)
            assert "labelscope login spotify" in sentence and str(token_file) in sentence
        assert services.dial.count("accounts", "/api/token") == 2
        assert secret not in token_file.read_text()
        assert kept(token_file)["access_token"] == ""
        assert days_left(token_file, NOW) == 0
        assert sentence == login_warning(token_file, NOW)
        services.spotify.dead_grant = ""
        log_in(key, token_file)
        assert SpotifyAccess(key, token_file).get_access_token() == kept(token_file)["access_token"]
        token_file.unlink()
        assert SpotifyAccess(key, token_file).get_access_token()


def refresh_at_once(url: str, token_file: Path, barrier: Any, answers: Any) -> None:
    access = SpotifyAccess(Key("id", "secret", url), token_file)
    barrier.wait(10)
    answers.put(access.get_access_token())


def test_processes_that_refresh_at_once_ask_once(token_file: Path) -> None:
    keep(token_file, expires_at=0)
    fork = multiprocessing.get_context("fork")
    barrier, answers = fork.Barrier(4), fork.Queue()
    rotated = token(refresh_token="R2")
    first = Answer(rotated.status, rotated.body, wait_seconds=0.1)
    with scripted(first, answer(400, {"error": "invalid_grant"})) as accounts:
        arguments = (accounts.url, token_file, barrier, answers)
        processes = [fork.Process(target=refresh_at_once, args=arguments) for _ in range(4)]
        for process in processes:
            process.start()
        assert [answers.get(timeout=20) for _ in processes] == ["A2"] * 4
        for process in processes:
            process.join(10)
        assert len(accounts.requests) == 1
    assert kept(token_file)["refresh_token"] == "R2"


def test_threads_of_one_access_ask_once(token_file: Path) -> None:
    said = token()
    with scripted(Answer(said.status, said.body, wait_seconds=0.05), answer(500)) as accounts:
        access = SpotifyAccess(Key("id", "secret", accounts.url), token_file)
        answers: list[str] = []
        threads = [
            threading.Thread(target=lambda: answers.append(access.get_access_token())) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == ["A2"] * 4


# The file


def test_a_login_to_another_app_is_not_used(token_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = keep(token_file, client_id="another", expires_at=0)
    with scripted(token()) as accounts:
        access = SpotifyAccess(Key("id", "secret", accounts.url), token_file)
        assert access.get_access_token() == access.get_access_token() == "A2"
        assert accounts.bodies == ["grant_type=client_credentials"]
    (record,) = caplog.records
    assert str(token_file) in record.getMessage() and "labelscope login spotify" in record.getMessage()
    assert kept(token_file) == before


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"client_id": "id", "access_token": "A1"}',
        "\x00",
        "damaged",
    ],
)
def test_a_damaged_file_is_not_used(token_file: Path, caplog: pytest.LogCaptureFixture, content: str) -> None:
    keep(token_file)
    token_file.write_text(content)
    with scripted(token()) as accounts:
        access = SpotifyAccess(Key("id", "secret", accounts.url), token_file)
        assert access.get_access_token() == access.get_access_token() == "A2"
    (record,) = caplog.records
    assert "damaged" in record.getMessage()
    assert days_left(token_file, NOW) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"access_token": 7},
        {"refresh_token": None},
        {"authorized_at": "then"},
        {"expires_at": "soon"},
        {"access_token": "ü"},
    ],
)
def test_a_file_with_a_wrong_field_is_not_used(token_file: Path, wrong: dict[str, Any]) -> None:
    keep(token_file, **wrong)
    with scripted(token()) as accounts:
        assert SpotifyAccess(Key("id", "secret", accounts.url), token_file).get_access_token() == "A2"
        assert accounts.bodies == ["grant_type=client_credentials"]


def test_a_full_disk_leaves_the_last_login(token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keep(token_file, expires_at=0)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with scripted(token()) as accounts:
        access = SpotifyAccess(Key("id", "secret", accounts.url), token_file)
        assert "No space left" in fails(access.get_access_token, TransientError)
    assert kept(token_file) == before
    assert {path.name for path in token_file.parent.iterdir()} == {"spotify.json", "spotify.json.lock"}


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with stand_ins(small_world()) as services:
        sentence = fails(lambda: log_in(key_of(services), tmp_path / "file" / "spotify.json"), TransientError)
        assert "cannot be stored" in sentence


# The end of a login, in time


def test_the_days_that_are_left(token_file: Path) -> None:
    assert days_left(token_file, NOW) is None
    assert login_warning(token_file, NOW) is None
    for age, left in ((0, 180), (149, 31), (150, 30), (179, 1), (180, 0), (400, 0)):
        keep(token_file, authorized_at=(NOW - timedelta(days=age)).isoformat())
        assert days_left(token_file, NOW) == left
        warning = login_warning(token_file, NOW)
        assert (warning is None) == (age < 150)
        if warning and left:
            assert f"in {left} days" in warning
        assert warning is None or "labelscope login spotify" in warning


# Secrets


def test_no_secret_is_ever_told(token_file: Path, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
    with stand_ins(small_world()) as services:
        key = key_of(services)
        told = log_in(key, token_file)
        access = SpotifyAccess(key, token_file)
        for kinds in (["503"], ["reset"], ["stall"]):
            keep(token_file, **kept(token_file) | {"expires_at": 0})
            services.dial.fail_next("accounts", *kinds)
            told.append(story_of(access.get_access_token))
        services.spotify.dead_grant = "Refresh token revoked"
        told.append(story_of(access.get_access_token))
        services.dial.fail_next("accounts", "503", "503", "503", path="/api/token")
        told.append(story_of(lambda: log_in(key, token_file)))
        told += [repr(key), repr(access)]
        text = caplog.text + "".join(told) + "".join(capfd.readouterr())
        assert len(services.spotify.secrets) > 4 and "/api/token" in caplog.text
        for secret in services.spotify.secrets:
            assert secret not in text
        assert "Basic" not in text and "Bearer" not in text


def story_of(call: Callable[[], object]) -> str:
    """All that an error tells, down to the last one behind it."""
    try:
        call()
    except Exception as caught:  # noqa: BLE001  whatever it is, it tells nothing
        parts = ["".join(traceback.format_exception(caught))]
        error: BaseException | None = caught
        while error is not None:
            parts += [str(error), repr(error), repr(error.args), repr(vars(error))]
            error = error.__cause__ or error.__context__
        return "\n".join(parts)
    return ""
