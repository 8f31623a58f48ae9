"""Deezer's catalogue over HTTP: no key, no login, and every error in an answer with status 200."""

import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import requests
from pyrate_limiter import InMemoryBucket, Rate, RateItem

from sources.errors import SourceError
from sources.http import Passing, Patience, TooMany, fault_of, new_session, patiently, require_answer
from sources.tags import clean_text

JSON = dict[str, Any]
API_URL = "https://api.deezer.com/"
PAGE = 100  # tracks
# Deezer counts over 5 s, but what it counts is when a request arrives, which is later than it begins.
WINDOW_S = 5.5

QUOTA, BUSY, NO_DATA = 4, 700, 800  # codes of errors; every other one is final too
NO_RIGHT = {200, 300}  # the list is private, or wants a login


class Refused(SourceError):  # noqa: N818  named like its kin in sources.errors
    """Deezer will not answer this, however often one asks. `code` is Deezer's own."""

    def __init__(self, what: str, message: str, code: int) -> None:
        super().__init__(f"{what} answered {message!r} (code {code}); check that the id is right.")
        self.code = code


class RollingWindow:
    """Lets at most `requests` begin in any `window_s` seconds, whoever asks: one for all threads of a process."""

    def __init__(self, requests: int, window_s: float) -> None:
        self._bucket = InMemoryBucket([Rate(requests, max(1, round(window_s * 1000)))])
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Returns when a request may begin, and counts it."""
        while (wait_ms := self._take()) is not None:
            time.sleep(max(wait_ms, 1) / 1000)

    def _take(self) -> int | None:
        """None where there was room, else the milliseconds until there may be."""
        with self._lock:
            now_ms = time.monotonic_ns() // 1_000_000
            self._bucket.leak(now_ms)
            item = RateItem("request", now_ms)
            return None if self._bucket.put(item) else self._bucket.waiting(item)  # type: ignore[return-value]


class DeezerApi:
    """The requests that Labelscope makes, as JSON. Any number of threads may share one.

    Every method raises Refused for a final no, Later when a passing fault outlives all attempts, and Blocked.
    Preview addresses in the answers are signed and live for a quarter of an hour.
    """

    def __init__(
        self,
        api_url: str = API_URL,
        requests_in_window: int = 50,
        patience: Patience = Patience(),  # noqa: B008  immutable
        timeout_seconds: float = 20.0,
        window_s: float = WINDOW_S,
    ) -> None:
        self.patience = patience
        self.timeout_seconds = timeout_seconds
        self._api_url = api_url.rstrip("/")
        self._window = RollingWindow(requests_in_window, window_s)
        self._session = new_session()

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
        return patiently(self.patience, lambda: self._ask(path, parameters))

    def _ask(self, path: str, parameters: Mapping[str, int] | None) -> JSON:
        what = f"Deezer ({path})"
        self._window.wait()
        try:
            response = self._session.get(
                f"{self._api_url}/{path}",
                params=parameters,
                timeout=self.timeout_seconds,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Passing(what, fault_of(error)) from None
        require_answer(what, response.status_code, response.headers)
        if response.status_code != 200:  # a final no has status 200: this is from something in between
            raise Passing(what, f"answered {response.status_code}")
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            raise Passing(what, "answered with something that is no JSON") from None
        if not isinstance(answer, dict):
            raise Passing(what, "answered with JSON that is no object")
        if answer.get("error"):
            raise _explain(what, answer["error"])
        if "id" not in answer and not isinstance(answer.get("data"), list):
            raise Passing(what, "answered with JSON that is neither a record nor a list")
        return answer


def _explain(what: str, error: object) -> Exception:
    details = error if isinstance(error, dict) else {}
    code = details.get("code")
    if code == QUOTA:
        return TooMany(what, None, "has no quota left for this address")
    if code == BUSY:
        return Passing(what, "is busy")
    if not isinstance(code, int):
        return Passing(what, "answered with an error of no kind that it documents")
    return Refused(what, clean_text(details.get("message") or "an error")[:200], code)


def next_index(page: Mapping[str, Any]) -> int | None:
    """The place from which on the list goes on, out of the page's `next`, whose host nobody follows."""
    address = page.get("next")
    if not isinstance(address, str):
        return None
    index = parse_qs(urlsplit(address).query).get("index", [""])[0]
    return int(index) if index.isascii() and index.isdigit() else None
