"""Deezer's catalogue over HTTP: no key, no login, and most errors in an answer with status 200."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import requests

from sources.errors import SourceError
from sources.http import RetryableError, RetryPolicy, TooManyRequests, ask, json_of, with_retries
from sources.metadata.storable import text_in
from sources.metadata.tags import clean_text
from sources.pace import Pace, RollingWindow
from sources.sender import new_session

JSON = dict[str, Any]
API_URL = "https://api.deezer.com/"
PAGE = 100  # tracks
REQUESTS_IN_WINDOW = 50  # from one address, of all its programs together
# Deezer counts over 5 s, but what it counts is when a request arrives, which is later than it begins.
WINDOW_S = 5.5

QUOTA, BUSY, NO_DATA = 4, 700, 800  # codes of errors; every other one is final too
NO_RIGHT = {200, 300}  # the list is private, or wants a login


class Refused(SourceError):  # noqa: N818  named like its kin in sources.errors
    """Deezer will not answer this, however often one asks. `code` is Deezer's own."""

    def __init__(self, what: str, message: str, code: int) -> None:
        super().__init__(f"{what} answered {message!r} (code {code}); check that the id is right.")
        self.code = code


class DeezerApi:
    """The requests that Labelscope makes, as JSON. Any number of threads may share one.

    Every method raises Refused for a final no, TransientError when a passing fault outlives all attempts, and RateLimited.
    Preview addresses in the answers are signed and live for a quarter of an hour.
    """

    def __init__(
        self,
        api_url: str = API_URL,
        pace: Pace | None = None,
        retry_policy: RetryPolicy = RetryPolicy(),  # noqa: B008  immutable
        timeout_seconds: float = 20.0,
    ) -> None:
        """`pace` keeps Deezer's limit; without one it is kept for this process alone."""
        self.retry_policy = retry_policy
        self.timeout_seconds = timeout_seconds
        self._api_url = api_url.rstrip("/")
        self._pace = pace or RollingWindow(REQUESTS_IN_WINDOW, WINDOW_S)
        self._session = new_session(timeout_seconds)

    def playlist(self, playlist_id: str) -> JSON:
        """A playlist with its `checksum` and its first tracks."""
        return self._get(f"playlist/{quote(playlist_id, safe='')}")

    def playlist_page(self, playlist_id: str, index: int) -> JSON:
        """Up to PAGE tracks from place `index` on, as `data`, with the `total`."""
        path = f"playlist/{quote(playlist_id, safe='')}/tracks"
        return self._get(path, {"index": index, "limit": PAGE})

    def track(self, track_id: str) -> JSON | None:
        """A track; None where Deezer has none of that id."""
        return self._get_or_none(f"track/{quote(track_id, safe='')}")

    def track_by_isrc(self, isrc: str) -> JSON | None:
        """The track that Deezer finds for an ISRC, which may be another edition; None where it finds none."""
        return self._get_or_none(f"track/isrc:{quote(isrc, safe='')}")

    def _get_or_none(self, path: str) -> JSON | None:
        try:
            return self._get(path)
        except Refused as error:
            if error.code == NO_DATA:
                return None
            raise

    def _get(self, path: str, parameters: Mapping[str, int] | None = None) -> JSON:
        return with_retries(self.retry_policy, lambda: self._ask(path, parameters))

    def _ask(self, path: str, parameters: Mapping[str, int] | None) -> JSON:
        what = f"Deezer ({path})"
        self._pace.wait()
        response = ask(self._session, what, "GET", f"{self._api_url}/{path}", params=parameters)
        status = response.status_code
        if status != 200 and not 400 <= status < 500:
            raise RetryableError(what, f"answered {status}")
        answer = json_of(what, response) if status == 200 else _json_or_none(what, response)
        error = answer.get("error") if isinstance(answer, dict) else None
        if error:
            raise _explain(what, error)
        if status != 200:  # Deezer's own no has a code: this is from something in between
            raise RetryableError(what, f"answered {status}")
        if not isinstance(answer, dict):
            raise RetryableError(what, "answered with JSON that is no object")
        if "id" not in answer and not isinstance(answer.get("data"), list):
            raise RetryableError(what, "answered with JSON that is neither a record nor a list")
        return answer


def _json_or_none(what: str, response: requests.Response) -> Any:
    try:
        return json_of(what, response)
    except RetryableError:
        return None


def _explain(what: str, error: object) -> Exception:
    details = error if isinstance(error, dict) else {}
    code = details.get("code")
    if code == QUOTA:
        return TooManyRequests(what, None, "has no quota left for this address")
    if code == BUSY:
        return RetryableError(what, "is busy")
    if isinstance(code, bool) or not isinstance(code, int) or not 0 < code < 100_000:
        return RetryableError(what, "answered with an error of no kind that it documents")
    return Refused(what, clean_text(text_in(details.get("message")) or "an error")[:200], code)


def next_index(page: Mapping[str, Any]) -> int | None:
    """The place from which on the list goes on, out of the page's `next`, whose host nobody follows."""
    address = page.get("next")
    if not isinstance(address, str):
        return None
    try:
        index = parse_qs(urlsplit(address).query).get("index", [""])[0]
    except ValueError:  # no address at all
        return None
    return int(index) if re.fullmatch("[0-9]{1,9}", index) else None
