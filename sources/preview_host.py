"""Previews fetched with patience: what may pass is tried again, before anybody hears of it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import requests

from sources.download import Downloaded, DownloadError, download
from sources.errors import Blocked, Later
from sources.http import Passing, Patience, TooMany, new_session, patiently

WHAT = "The host of the previews"


@dataclass(frozen=True)
class PreviewHost:
    """Fetches files with patience, from these hosts alone."""

    hosts: Collection[str]
    patience: Patience
    timeout_seconds: float
    session: requests.Session = field(default_factory=new_session)

    def fetch(self, url: str, inbox: Path) -> Downloaded:
        """Raises Blocked, or the DownloadError of the last attempt; dead addresses and slow hosts get only one."""
        failure: DownloadError | None = None

        def attempt() -> Downloaded:
            nonlocal failure
            try:
                return download(
                    self.session, url, inbox, hosts=self.hosts, timeout_seconds=self.timeout_seconds
                )
            except DownloadError as error:
                failure = error
            if failure.reason == "http_429":
                raise TooMany(WHAT, failure.retry_after_seconds)
            if failure.again and failure.reason not in ("expired", "too_slow"):
                raise Passing(WHAT, failure.reason)
            raise failure

        try:
            return patiently(self.patience, attempt)
        except Blocked:
            raise
        except Later:
            assert failure is not None
        raise failure
