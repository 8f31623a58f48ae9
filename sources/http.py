"""Asking over HTTP with retry_policy: which faults may pass, how long to wait, and when to stop asking.

Messages are put together from a service's name, a path without its query, a status and a kind of fault: never from
addresses, headers or what an exception says, as these can hold a token or a signature.
"""

import email.utils
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from sources.errors import RateLimited, TransientError
from sources.sender import Fault

MAX_RETRY_AFTER_SECONDS = 30 * 86_400.0  # what is longer is a mistake, and no date can hold the longest ones
UNREADABLE_RETRY_AFTER_SECONDS = 3600.0  # who asks for a wait in words that nobody understands gets one

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to ask, and how long to wait in between: `wait_seconds` at first, then twice as long each time."""

    attempts: int = 4
    wait_seconds: float = 0.5
    longest_wait_seconds: float = 60.0


class RetryableError(Exception):  # noqa: N818  named like its kin in sources.errors
    """A fault that may be gone on the next attempt; only `with_retries` sees it.

    `what` was asked ("Spotify (playlists/37i9)"), `cause` is what came of it ("answered 503").
    """

    def __init__(self, what: str, cause: str) -> None:
        super().__init__(f"{what} {cause}")
        self.what = what


class TooManyRequests(RetryableError):
    """The provider wants fewer requests. `retry_after_seconds`: the wait it asks for, None where it does not say."""

    def __init__(self, what: str, retry_after_seconds: float | None, cause: str = "answered 429") -> None:
        super().__init__(what, f"{cause} (too many requests)")
        self.retry_after_seconds = retry_after_seconds


def with_retries(retry_policy: RetryPolicy, call: Callable[[], T]) -> T:
    """What `call` returns, once it returns without raising RetryableError; any other error goes straight through.

    Raises:
        RateLimited: the provider asks for a wait above `longest_wait_seconds`; there was none.
        TransientError: the last of `attempts` failed too.
    """

    def attempt() -> T:
        try:
            return call()
        except TooManyRequests as error:
            too_many = error
        if (too_many.retry_after_seconds or 0) > retry_policy.longest_wait_seconds:
            raise blocked(too_many)
        raise too_many

    retrying = Retrying(
        retry=retry_if_exception_type(RetryableError),
        stop=stop_after_attempt(retry_policy.attempts),
        wait=_wait_of(retry_policy),
        reraise=True,
    )
    try:
        return retrying(attempt)
    except RetryableError as error:
        last = error
    often = f" at the last of {retry_policy.attempts} attempts" if retry_policy.attempts > 1 else ""
    raise TransientError(
        f"{last}{often}; run again in a while."
    )  # out here, so that it drags no other error along


def _wait_of(retry_policy: RetryPolicy) -> Callable[[RetryCallState], float]:
    backoff = wait_exponential_jitter(
        multiplier=retry_policy.wait_seconds,
        max=retry_policy.longest_wait_seconds,
        jitter=retry_policy.wait_seconds,
    )

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TooManyRequests) and error.retry_after_seconds is not None:
            return error.retry_after_seconds
        return backoff(state)

    return wait


def blocked(too_many: TooManyRequests) -> RateLimited:
    """The error that says until when nothing may be asked."""
    until = datetime.now(UTC) + timedelta(seconds=too_many.retry_after_seconds or 0)
    shown = (until + timedelta(seconds=59)).astimezone()  # a minute that is over, not one that has begun
    return RateLimited(
        f"{too_many} and wants no more before {shown:%Y-%m-%d %H:%M %Z}; run again then.", until
    )


def require_answer(what: str, status: int, headers: Mapping[str, str]) -> None:
    """Raises TooManyRequests for 429 and RetryableError for 408, 425 and 5xx; every other status is for the caller to judge."""
    if status == 429:
        raise TooManyRequests(what, retry_after_of(headers))
    if status in (408, 425) or status >= 500:
        raise RetryableError(what, f"answered {status}")


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds from now that the header Retry-After (a number or a date) asks for; None where there is none.

    At most 30 days, however long a wait it asks for. What is neither, or is below 0, is an hour: the service wants
    a pause, and to ask it again at once could make it longer.
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    seconds = _seconds_in(value)
    if seconds is None or seconds < 0:
        return UNREADABLE_RETRY_AFTER_SECONDS
    return min(seconds, MAX_RETRY_AFTER_SECONDS)


def _seconds_in(value: str) -> float | None:
    """A number of seconds, or a date as seconds from now; a date that has passed is 0."""
    if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*([eE][+-]?[0-9]+)?|inf(inity)?)", value, re.IGNORECASE):
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    wait = (date if date.tzinfo else date.replace(tzinfo=UTC)) - datetime.now(UTC)
    return max(wait.total_seconds(), 0.0)


def ask(session: requests.Session, what: str, method: str, url: str, **request: Any) -> requests.Response:
    """The answer to one request, whatever its status is but for those of `require_answer`. Raises RetryableError, TooManyRequests."""
    try:
        response = session.request(method, url, **request)
    except requests.RequestException as error:
        fault = fault_of(error)
    else:
        require_answer(what, response.status_code, response.headers)
        return response
    raise RetryableError(what, fault)  # out here, so that it drags no error along that holds the address


def json_of(what: str, response: requests.Response) -> Any:
    """The JSON that came. Raises RetryableError where it is none, is nested too deep, or holds a number without end."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        pass
    raise RetryableError(what, "answered with something that is no JSON")


def fault_of(error: requests.RequestException) -> str:
    """What happened, for RetryableError: never the text of a foreign error, as it holds the whole address."""
    return error.words if isinstance(error, Fault) else f"could not be asked ({type(error).__name__})"
