"""Deezer's web API: no key, no login, and most errors in an answer with status 200."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import requests

from sources.errors import SourceError
from sources.http import RetryableError, RetryPolicy, TooManyRequests, json_of, send_request, with_retries
from sources.metadata.storable import text_in
from sources.metadata.tags import clean_text
from sources.pace import Pace, RollingWindow
from sources.sender import new_session

JSON = dict[str, Any]
API_URL = "https://api.deezer.com/"
PAGE = 100  # tracks
REQUESTS_IN_WINDOW = 50  # from one IP address, of all its programs together
# Deezer counts requests in 5 s, at the time of their arrival, which varies.
WINDOW_S = 5.5

QUOTA, BUSY, NO_DATA = 4, 700, 800  # error codes; every other code is final too
NO_RIGHT = {200, 300}  # the playlist is private, or needs a login


class Refused(SourceError):  # noqa: N818  a state of a request, as in sources.errors
    """Deezer refuses this request for good. `code`: Deezer's own."""

    def __init__(self, endpoint: str, message: str, code: int) -> None:
        super().__init__(f"{endpoint} answered {message!r} (code {code}); check that the id is right.")
        self.code = code


class DeezerApi:
    """The requests that Labelscope needs; the answers are JSON. Any number of threads may share one.

    Every method raises Refused for a final refusal, TransientError after the last attempt, and RateLimited.
    Preview addresses in the answers are signed and valid for 15 minutes.
    """

    def __init__(
        self,
        api_url: str = API_URL,
        pace: Pace | None = None,
        retry_policy: RetryPolicy = RetryPolicy(),  # noqa: B008  immutable
        timeout_seconds: float = 20.0,
    ) -> None:
        """`pace` keeps Deezer's rate limit; without one, only this process keeps it."""
        self.retry_policy = retry_policy
        self.timeout_seconds = timeout_seconds
        self._api_url = api_url.rstrip("/")
        self._pace = pace or RollingWindow(REQUESTS_IN_WINDOW, WINDOW_S)
        self._session = new_session(timeout_seconds)

    def playlist(self, playlist_id: str) -> JSON:
        """A playlist with its `checksum` and its first tracks."""
        return self._get(f"playlist/{quote(playlist_id, safe='')}")

    def playlist_page(self, playlist_id: str, index: int) -> JSON:
        """Up to PAGE tracks from position `index` on, as `data`, and the `total`."""
        path = f"playlist/{quote(playlist_id, safe='')}/tracks"
        return self._get(path, {"index": index, "limit": PAGE})

    def track(self, track_id: str) -> JSON | None:
        """A track; None where Deezer has no track of that id."""
        return self._get_or_none(f"track/{quote(track_id, safe='')}")

    def track_by_isrc(self, isrc: str) -> JSON | None:
        """The track that Deezer has for an ISRC, perhaps of another edition; None where it has none."""
        return self._get_or_none(f"track/isrc:{quote(isrc, safe='')}")

    def _get_or_none(self, path: str) -> JSON | None:
        try:
            return self._get(path)
        except Refused as error:
            if error.code == NO_DATA:
                return None
            raise

    def _get(self, path: str, parameters: Mapping[str, int] | None = None) -> JSON:
        return with_retries(self.retry_policy, lambda: self._request(path, parameters))

    def _request(self, path: str, parameters: Mapping[str, int] | None) -> JSON:
        endpoint = f"Deezer ({path})"
        self._pace.wait()
        response = send_request(self._session, endpoint, "GET", f"{self._api_url}/{path}", params=parameters)
        status = response.status_code
        if status != 200 and not 400 <= status < 500:
            raise RetryableError(endpoint, f"answered {status}")
        answer = json_of(endpoint, response) if status == 200 else _json_or_none(endpoint, response)
        error = answer.get("error") if isinstance(answer, dict) else None
        if error:
            raise _explain(endpoint, error)
        if status != 200:  # Deezer's own refusals have a code; this one is from a proxy
            raise RetryableError(endpoint, f"answered {status}")
        if not isinstance(answer, dict):
            raise RetryableError(endpoint, "answered with JSON that is no object")
        if "id" not in answer and not isinstance(answer.get("data"), list):
            raise RetryableError(endpoint, "answered with JSON that is neither a record nor a list")
        return answer


def _json_or_none(endpoint: str, response: requests.Response) -> Any:
    try:
        return json_of(endpoint, response)
    except RetryableError:
        return None


def _explain(endpoint: str, error: object) -> Exception:
    details = error if isinstance(error, dict) else {}
    code = details.get("code")
    if code == QUOTA:
        return TooManyRequests(endpoint, None, "has no quota left for this IP address")
    if code == BUSY:
        return RetryableError(endpoint, "is busy")
    if isinstance(code, bool) or not isinstance(code, int) or not 0 < code < 100_000:
        return RetryableError(endpoint, "answered with an error of no kind that it documents")
    return Refused(endpoint, clean_text(text_in(details.get("message")) or "an error")[:200], code)


def next_index(page: Mapping[str, Any]) -> int | None:
    """The index of the next page, out of this page's `next`; None on the last. The address itself is not used."""
    address = page.get("next")
    if not isinstance(address, str):
        return None
    try:
        index = parse_qs(urlsplit(address).query).get("index", [""])[0]
    except ValueError:  # not an address
        return None
    return int(index) if re.fullmatch("[0-9]{1,9}", index) else None
