"""HTTP requests with retries: which faults are retried, how long to wait in between, and when to give up.

Messages consist of a service's name, a path without its query, a status and a kind of fault. They never quote
addresses, headers or other exceptions, as these can hold a token or a signature.
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

# A longer wait is a mistake of the service, and the longest ones overflow a date.
MAX_RETRY_AFTER_SECONDS = 30 * 86_400.0
# For a Retry-After that is neither a number nor a date: the service does want a pause.
UNREADABLE_RETRY_AFTER_SECONDS = 3600.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Number of attempts, and the waits in between: `wait_seconds` at first, then twice as long each time."""

    attempts: int = 4
    wait_seconds: float = 0.5
    longest_wait_seconds: float = 60.0


class RetryableError(Exception):
    """A fault that may be gone at the next attempt; only `with_retries` catches it.

    `endpoint`: the service and path ("Spotify (playlists/37i9)"). `cause`: what happened ("answered 503").
    """

    def __init__(self, endpoint: str, cause: str) -> None:
        super().__init__(f"{endpoint} {cause}")


class TooManyRequests(RetryableError):  # noqa: N818  named after status 429
    """The provider wants fewer requests. `retry_after_seconds`: the wait that it asks for, None without one."""

    def __init__(self, endpoint: str, retry_after_seconds: float | None, cause: str = "answered 429") -> None:
        super().__init__(endpoint, f"{cause} (too many requests)")
        self.retry_after_seconds = retry_after_seconds


def with_retries(retry_policy: RetryPolicy, call: Callable[[], T]) -> T:
    """The result of `call`, which is repeated while it raises RetryableError. Other errors pass through.

    Raises:
        RateLimited: at once, where the provider asks for a wait above `longest_wait_seconds`.
        TransientError: where the last of `attempts` failed too.
    """

    def attempt() -> T:
        try:
            return call()
        except TooManyRequests as error:
            too_many = error
        if (too_many.retry_after_seconds or 0) > retry_policy.longest_wait_seconds:
            raise rate_limited(too_many)
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
    attempts = f" at the last of {retry_policy.attempts} attempts" if retry_policy.attempts > 1 else ""
    # Outside of the `except` block, so that no other error is attached to it.
    raise TransientError(f"{last}{attempts}; run again in a while.")


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


def rate_limited(too_many: TooManyRequests) -> RateLimited:
    """The error that names the time before which no request may be sent."""
    until = datetime.now(UTC) + timedelta(seconds=too_many.retry_after_seconds or 0)
    shown = (until + timedelta(seconds=59)).astimezone()  # rounded up to a whole minute
    return RateLimited(
        f"{too_many} and wants no request before {shown:%Y-%m-%d %H:%M %Z}; "
        "Labelscope does not ask it again before then.",
        until,
    )


def require_answer(endpoint: str, status: int, headers: Mapping[str, str]) -> None:
    """Raises TooManyRequests for 429 and RetryableError for 408, 425 and 5xx; the caller judges every other status."""
    if status == 429:
        raise TooManyRequests(endpoint, retry_after_of(headers))
    if status in (408, 425) or status >= 500:
        raise RetryableError(endpoint, f"answered {status}")


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds from now that the header Retry-After (a number or a date) asks for; None without that header.

    At most 30 days. A value that is neither, or below 0, counts as an hour: a request at once could extend the wait.
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    seconds = _seconds_in(value)
    if seconds is None or seconds < 0:
        return UNREADABLE_RETRY_AFTER_SECONDS
    return min(seconds, MAX_RETRY_AFTER_SECONDS)


def _seconds_in(value: str) -> float | None:
    """Seconds in a number, or from now until a date (0 for one in the past); None for anything else."""
    if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*([eE][+-]?[0-9]+)?|inf(inity)?)", value, re.IGNORECASE):
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    wait = (date if date.tzinfo else date.replace(tzinfo=UTC)) - datetime.now(UTC)
    return max(wait.total_seconds(), 0.0)


def send_request(
    session: requests.Session, endpoint: str, method: str, url: str, **options: Any
) -> requests.Response:
    """The response to one request, of any status but those of `require_answer`.

    Raises RetryableError or TooManyRequests.
    """
    try:
        response = session.request(method, url, **options)
    except requests.RequestException as error:
        cause = cause_of(error)
    else:
        require_answer(endpoint, response.status_code, response.headers)
        return response
    # Outside of the `except` block, so that no error is attached to it that holds the address.
    raise RetryableError(endpoint, cause)


def json_of(endpoint: str, response: requests.Response) -> Any:
    """The JSON of a response. Raises RetryableError for no JSON, one nested too deep, or one with an endless number."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        pass
    raise RetryableError(endpoint, "answered with something that is no JSON")


def cause_of(error: requests.RequestException) -> str:
    """What happened, for RetryableError. The text of a foreign error is left out, as it holds the whole address."""
    return error.words if isinstance(error, Fault) else f"could not be asked ({type(error).__name__})"
