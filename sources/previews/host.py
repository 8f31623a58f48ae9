"""Downloads of previews with retries."""

from collections.abc import Collection
from pathlib import Path

from sources.errors import RateLimited, TransientError
from sources.http import RetryableError, RetryPolicy, TooManyRequests, with_retries
from sources.previews.download import DEADLINE_SECONDS, Downloaded, DownloadError, download
from sources.sender import Limits, new_session

ENDPOINT = "The host of the previews"


class PreviewHost:
    """Downloads files from `hosts` alone, with retries."""

    def __init__(self, hosts: Collection[str], retry_policy: RetryPolicy, timeout_seconds: float) -> None:
        self._hosts = hosts
        self._retry_policy = retry_policy
        self._session = new_session(limits=Limits(seconds=DEADLINE_SECONDS, wait_seconds=timeout_seconds))

    def fetch(self, url: str, inbox: Path) -> Downloaded:
        """Download the file at `url` into `inbox`. Doubtful answers and slow hosts get no second attempt.

        Raises RateLimited, or the DownloadError of the last attempt.
        """
        failure: DownloadError | None = None

        def attempt() -> Downloaded:
            nonlocal failure
            try:
                return download(self._session, url, inbox, hosts=self._hosts)
            except DownloadError as error:
                failure = error
            if failure.reason == "http_429":
                raise TooManyRequests(ENDPOINT, failure.retry_after_seconds)
            if not failure.doubtful and failure.reason != "too_slow":
                raise RetryableError(ENDPOINT, failure.reason)
            raise failure

        try:
            return with_retries(self._retry_policy, attempt)
        except RateLimited:
            raise
        except TransientError:
            assert failure is not None
        raise failure
