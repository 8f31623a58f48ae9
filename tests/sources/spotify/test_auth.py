"""Access to Spotify by an app's key, and by a login that is refreshed until it ends."""

import multiprocessing
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from sources.errors import LoginNeeded, SourceError, TransientError
from sources.records import Label, Reference
from sources.spotify.auth import Key, SpotifyAccess, days_left, login_warning
from sources.spotify.source import connect_spotify
from tests.sources.scripted import Answer, answer, scripted
from tests.sources.spotify.logins import (
    NOW,
    RETRIES,
    fails,
    keep,
    kept,
    key_of,
    log_in,
    token,
)
from tests.stand_ins.music import small_world
from tests.stand_ins.stand_ins import stand_ins

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


def test_a_login_that_has_ended_is_reported_until_the_next(token_file: Path) -> None:
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
    reply = token()
    with scripted(Answer(reply.status, reply.body, wait_seconds=0.05), answer(500)) as accounts:
        access = SpotifyAccess(Key("id", "secret", accounts.url), token_file)
        answers: list[str] = []
        threads = [
            threading.Thread(target=lambda: answers.append(access.get_access_token())) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == ["A2"] * 4 and len(accounts.requests) == 1
