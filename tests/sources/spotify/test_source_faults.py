"""Faults of Spotify: what is retried, how long a wait is, and that no error shows a secret."""

import logging
import time
from datetime import timedelta
from pathlib import Path

import pytest

from sources.errors import (
    CapabilityDenied,
    LoginNeeded,
    TransientError,
    Unavailable,
)
from tests.sources.scripted import Answer, answer
from tests.sources.spotify.source_setting import (
    blocked_for,
    connect,
    fails,
    fine,
    log_in,
    look_at,
    scripted_api,
    setting,
    story_of,
)
from tests.stand_ins.music import long_world

# Faults


def test_a_token_that_ends_is_renewed_once(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        here.look()
        here.services.spotify.expire_tokens()
        assert here.look()
        assert here.services.dial.count("accounts") == 2
        assert len(here.requested()) == 3


def test_a_new_token_that_is_refused_too_is_the_end(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        here.services.dial.fail_next("spotify", "401", "401")
        error = fails(here.look, LoginNeeded)
        assert "401" in str(error)
        assert here.services.dial.count("accounts") == 2
        assert len(here.requested()) == 2
        assert here.look()


@pytest.mark.parametrize("kind", ["500", "502", "503", "html-200", "reset"])
def test_faults_that_pass_are_asked_again(tmp_path: Path, kind: str) -> None:
    with setting(tmp_path, long_world(120)) as here:
        here.services.dial.fail_next("spotify", kind, kind, kind)
        assert here.look()
        here.services.dial.fail_next("spotify", kind, path="/items")
        assert len(here.read()) == 120
        here.services.dial.fail_next("spotify", *[kind] * 4)
        asked = len(here.requested())
        error = fails(here.look, TransientError)
        assert len(here.requested()) == asked + 4
        assert here.wanted.external_id in str(error)


def test_a_stall_is_not_waited_for(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        here.look()
        here.services.dial.stall_seconds = 1
        here.services.dial.fail_next("spotify", "stall")
        source = connect(here.services, tmp_path, timeout_seconds=0.3)
        started = time.monotonic()
        assert source.fetch_playlist(here.wanted)
        assert time.monotonic() - started < 0.9


def test_nobody_there_is_a_fault_that_passes(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        source = connect(here.services, tmp_path, api_url="http://127.0.0.1:9/v1")
        assert "could not be reached" in str(
            fails(lambda: source.fetch_playlist(here.wanted), TransientError)
        )


@pytest.mark.parametrize(
    "body", ['{"error": "text"}', '["list"]', "null", "<html>", "", "7", '{"error": {"message": 1}}']
)
def test_any_body_of_an_error_is_judged_by_its_status(tmp_path: Path, body: str) -> None:
    with scripted_api(tmp_path, Answer(503, body), Answer(500, body), fine()) as source:
        assert look_at(source).name == "A"
    for status, kind in ((403, "forbidden"), (404, "gone"), (400, "gone")):
        with scripted_api(tmp_path, Answer(status, body)) as source:
            error = fails(lambda source=source: look_at(source), Unavailable)  # type: ignore[misc]
            assert isinstance(error, Unavailable) and error.status == kind
    with scripted_api(tmp_path, Answer(418, body)) as source:
        assert "418" in str(fails(lambda: look_at(source), TransientError))


@pytest.mark.parametrize(
    "body",
    [
        *(
            "[]",
            "null",
            "7",
            '"text"',
            "{}",
            "{{{",
            '{"name": "A"}',
            '{"snapshot_id": 7}',
            '{"snapshot_id": ""}',
        ),
        "[" * 100_000,
        '{"snapshot_id": ' + "9" * 5000 + "}",
    ],
)
def test_json_of_another_shape_is_a_fault_that_passes(tmp_path: Path, body: str) -> None:
    with scripted_api(tmp_path, Answer(body=body), Answer(body=body), fine()) as source:
        assert look_at(source).name == "A"
    with scripted_api(tmp_path, Answer(body=body)) as source:
        assert (
            "something else than the JSON" in str(fails(lambda: look_at(source), TransientError))
            or "[[" in body
        )


def test_premium_is_named(tmp_path: Path) -> None:
    message = "Active premium subscription required for the owner of the app."
    refusal = answer(403, {"error": {"status": 403, "message": message}})
    with scripted_api(tmp_path, refusal) as source:
        error = fails(lambda: look_at(source), Unavailable)
        assert isinstance(error, Unavailable) and error.status == "forbidden"
        assert "Premium" in str(error)
        assert "Premium" in str(fails(lambda: source.audio_features(["T1"]), CapabilityDenied))


@pytest.mark.parametrize(
    ("message", "cure"),
    [
        (
            "User not registered in the Developer Dashboard",
            "User Management at developer.spotify.com/dashboard",
        ),
        ("Insufficient client scope", "labelscope login spotify"),
    ],
)
def test_each_cause_of_a_403_has_its_own_cure(tmp_path: Path, message: str, cure: str) -> None:
    refused = answer(403, {"error": {"status": 403, "message": message}})
    for refusal in (refused, Answer(403, message)):  # some are plain text
        with scripted_api(tmp_path, refusal) as source:
            error = fails(lambda source=source: look_at(source), Unavailable)  # type: ignore[misc]
            assert isinstance(error, Unavailable) and error.status == "forbidden" and cure in str(error)
            assert cure in str(fails(lambda source=source: source.audio_features(["T1"]), CapabilityDenied))  # type: ignore[misc]


# Too many requests


def too_many(reason: str | None = None, **headers: str) -> Answer:
    error = {"status": 429, "message": "Too many requests"} | ({"reason": reason} if reason else {})
    return answer(429, {"error": error}, **headers)


@pytest.mark.parametrize("reason", [None, "QUOTA_EXCEEDED"])
def test_a_short_wait_is_waited(tmp_path: Path, reason: str | None) -> None:
    with scripted_api(tmp_path, too_many(reason, Retry_After="1"), fine()) as source:
        started = time.monotonic()
        assert look_at(source)
        assert 1 <= time.monotonic() - started < 3


@pytest.mark.parametrize("value", [None, ""])
def test_a_wait_without_a_length_is_ours(tmp_path: Path, value: str | None) -> None:
    headers = {} if value is None else {"Retry_After": value}
    with scripted_api(tmp_path, too_many(**headers), too_many(**headers), fine()) as source:
        assert look_at(source)


def test_a_long_wait_is_not_waited(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        here.look()
        here.services.dial.fail_next("spotify", "429-long")
        asked, started = len(here.requested()), time.monotonic()
        blocked_for(here.look, timedelta(days=1))
        assert time.monotonic() - started < 1
        assert len(here.requested()) == asked + 1


@pytest.mark.parametrize(
    ("value", "wait"),
    [("soon", timedelta(hours=1)), ("-3", timedelta(hours=1)), ("9" * 5000, timedelta(days=30))],
)
def test_an_absurd_wait_is_a_long_one(tmp_path: Path, value: str, wait: timedelta) -> None:
    with scripted_api(tmp_path, too_many(Retry_After=value)) as source:
        blocked_for(lambda: look_at(source), wait)


def test_no_quota_and_no_word_for_how_long_is_an_hour(tmp_path: Path) -> None:
    with scripted_api(tmp_path, too_many("QUOTA_EXCEEDED")) as source:
        error = blocked_for(lambda: look_at(source), timedelta(hours=1))
        assert "quota" in str(error)


def test_too_many_requests_for_tokens(tmp_path: Path) -> None:
    with setting(tmp_path) as here:
        here.services.dial.fail_next("accounts", "429-long")
        blocked_for(here.look, timedelta(days=1))
        assert not here.requested()


# Secrets


def test_no_secret_is_ever_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("spotipy", "spotipy.client", "spotipy.oauth2", "urllib3.connectionpool"):
        caplog.set_level(logging.DEBUG, logger=name)
    texts = []
    with setting(tmp_path, long_world(120)) as here:
        log_in(here.services, tmp_path)
        here.read()
        here.services.spotify.expire_tokens()
        here.read()
        playlist = here.look()
        for kinds in (
            ["401"] * 2,
            ["403"],
            ["404"],
            ["429-long"],
            *([kind] * 4 for kind in ("503", "html-200", "reset")),
        ):
            here.services.dial.fail_next("spotify", *kinds)
            texts.append(story_of(here.look))
            here.services.dial.fail_next("spotify", *kinds, path="/items")
            texts.append(story_of(lambda: list(here.source.entries(playlist, {}))))
        for kinds in (["429-long"], ["503"] * 4, ["html-200"] * 4, ["reset"] * 4):
            here.services.spotify.expire_tokens()
            here.services.dial.fail_next("accounts", *kinds)
            texts.append(story_of(here.look))
        here.services.spotify.expire_tokens()
        here.services.spotify.dead_grant = "Refresh token expired"
        texts.append(story_of(here.look))
        texts.append(repr(here.source) + repr(here.source.api))
        assert len(here.services.spotify.secrets) > 5
        text = caplog.text + "".join(texts)
        assert "playlists/" in text and "/api/token" in caplog.text
        for secret in here.services.spotify.secrets:
            assert secret not in text
        assert "Bearer" not in text and "Basic" not in text
