"""Retries: what is retried, how long the waits are, and that no message shows a secret."""

import email.utils
import socket
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from services.ports import free_port
from sources.errors import RateLimited, TransientError
from sources.http import (
    MAX_RETRY_AFTER_SECONDS,
    UNREADABLE_RETRY_AFTER_SECONDS,
    RetryableError,
    RetryPolicy,
    TooManyRequests,
    cause_of,
    require_answer,
    retry_after_of,
    with_retries,
)
from sources.sender import new_session
from tests.sources.scripted import Answer, answer, scripted

BRIEF = RetryPolicy(attempts=4, wait_seconds=0.005, longest_wait_seconds=60)


class Call:
    """Raises its errors one by one, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def timed(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


# What is asked again


def test_an_answer_needs_one_call_and_no_wait() -> None:
    call = Call()
    assert timed(lambda: with_retries(RetryPolicy(wait_seconds=5), call)) < 1
    assert call.asked == 1


def test_faults_that_pass_are_waited_out() -> None:
    call = Call(*[RetryableError("Service (path)", "answered 503")] * 3)
    assert with_retries(BRIEF, call) == "answer"
    assert call.asked == 4


def test_faults_that_stay_end_in_one_sentence() -> None:
    call = Call(
        *[RetryableError("Service (path)", "answered 502")] * 3,
        RetryableError("Service (path)", "answered 503"),
    )
    with pytest.raises(TransientError) as caught:
        with_retries(BRIEF, call)
    assert call.asked == 4
    assert type(caught.value) is TransientError
    assert str(caught.value) == "Service (path) answered 503 at the last of 4 attempts; run again in a while."
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_other_errors_go_straight_through() -> None:
    call = Call(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        with_retries(BRIEF, call)
    assert call.asked == 1


def test_waits_grow_and_are_bounded() -> None:
    faults = [RetryableError("Service", "answered 503")] * 3
    taken = timed(lambda: with_retries(RetryPolicy(4, wait_seconds=0.04), Call(*faults)))
    assert taken >= 0.04 + 0.08 + 0.16
    taken = timed(
        lambda: with_retries(RetryPolicy(4, wait_seconds=40, longest_wait_seconds=0.01), Call(*faults))
    )
    assert taken < 1


# What the provider says


def test_the_wait_is_what_the_provider_asks_for() -> None:
    call = Call(TooManyRequests("Service", 0.3))
    assert 0.3 <= timed(lambda: with_retries(RetryPolicy(wait_seconds=30), call)) < 5
    assert call.asked == 2


def test_without_a_number_the_wait_is_ours() -> None:
    assert (
        timed(lambda: with_retries(RetryPolicy(wait_seconds=0.05), Call(TooManyRequests("Service", None))))
        >= 0.05
    )


def test_a_wait_that_is_too_long_is_not_waited() -> None:
    call = Call(TooManyRequests("Service (path)", 86_400))
    before = datetime.now(UTC)
    with pytest.raises(RateLimited) as caught:
        with_retries(BRIEF, call)
    assert call.asked == 1
    assert timedelta() <= caught.value.until - before - timedelta(days=1) < timedelta(seconds=5)
    shown = (caught.value.until + timedelta(seconds=59)).astimezone()
    assert f"{shown:%Y-%m-%d %H:%M}" in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_too_many_at_every_attempt_ends() -> None:
    call = Call(*[TooManyRequests("Service", 0.0)] * 9)
    with pytest.raises(TransientError, match="answered 429"):
        with_retries(BRIEF, call)
    assert call.asked == 4


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), ("1", 1), (" 12 ", 12), ("1.5", 1.5), ("86400", 86_400), ("1e3", 1000), ("", None)]
    + [
        (value, MAX_RETRY_AFTER_SECONDS)
        for value in ("9" * 15, "9" * 5000, "inf", "Infinity", "1e9", "1e999")
    ]
    + [
        (value, UNREADABLE_RETRY_AFTER_SECONDS) for value in ("soon", "-1", "-inf", "nan", "٣", "1 2", "0x10")
    ],
)
def test_retry_after_as_a_number(value: str, seconds: float | None) -> None:
    assert retry_after_of({"Retry-After": value}) == seconds


def test_retry_after_as_a_date() -> None:
    later = datetime.now(UTC) + timedelta(minutes=5)
    seconds = retry_after_of({"Retry-After": email.utils.format_datetime(later, usegmt=True)})
    assert seconds is not None and 295 < seconds <= 300
    assert retry_after_of({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after_of({"Retry-After": "Wed, 21 Oct 9999 07:28:00 GMT"}) == MAX_RETRY_AFTER_SECONDS
    assert retry_after_of({}) is None


@given(st.text() | st.text(alphabet="0123456789.+-:, GMTJanWedOct"))
def test_no_retry_after_is_an_error(value: str) -> None:
    seconds = retry_after_of({"Retry-After": value})
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER_SECONDS


def test_statuses_that_may_pass() -> None:
    for status in (500, 502, 503, 504, 529, 408, 425):
        with pytest.raises(RetryableError, match=f"^Service answered {status}$"):
            require_answer("Service", status, {})
    with pytest.raises(TooManyRequests) as caught:
        require_answer("Service", 429, {"Retry-After": "7"})
    assert caught.value.retry_after_seconds == 7
    for status in (200, 204, 302, 400, 401, 403, 404, 410):
        require_answer("Service", status, {})


# The session


def test_a_session_asks_once_whatever_comes() -> None:
    with scripted(answer(429, Retry_After="5")) as service, new_session() as session:
        for status in (429, 503, 500):
            service.script = [answer(status, Retry_After="5")]
            assert timed(lambda: session.get(service.url, timeout=5)) < 2
        assert len(service.requests) == 3
        agent = service.requests[0][2]["User-Agent"]
        assert agent.startswith("Labelscope/") and "python" not in agent


def test_netrc_does_not_replace_our_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with scripted(answer()) as service, new_session() as session:
        session.get(service.url, headers={"Authorization": "Bearer ours"}, timeout=5)
        assert service.requests[0][2]["Authorization"] == "Bearer ours"


def test_faults_are_named_without_their_addresses() -> None:
    closed = f"http://127.0.0.1:{free_port()}"
    with socket.socket() as silent, scripted(Answer(body="x" * 50, cut=20)) as short:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        mute = f"http://127.0.0.1:{silent.getsockname()[1]}"
        expected = {
            closed: "could not be reached, or broke off",
            mute: "did not answer in time",
            short.url: "broke off in the middle of its answer",
            short.url.replace("http:", "https:"): "could not prove who it is (TLS)",
            "ftp://127.0.0.1": "could not be asked (InvalidSchema)",
        }
        for url, words in expected.items():
            with pytest.raises(TransientError) as caught:
                with_retries(RetryPolicy(attempts=2, wait_seconds=0), lambda url=url: ask(url))  # type: ignore[misc]
            assert str(caught.value) == f"Service {words} at the last of 2 attempts; run again in a while."
            text = "".join(traceback.format_exception(caught.value))
            assert "hidden" not in text and "127.0.0.1" not in text


def ask(url: str) -> None:
    fault = ""
    try:
        with new_session() as session:
            session.get(url, params={"token": "hidden"}, timeout=0.2)
    except requests.RequestException as error:
        fault = cause_of(error)
    raise RetryableError("Service", fault)
