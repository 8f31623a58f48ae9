"""Spotify's Web API through spotipy: the few requests that we need, with every failure as an error of ours.

spotipy alone would retry in silence for hours, lose Retry-After, log tokens and fail on odd answers. It gets a session
of ours, whose hook raises every refusal before spotipy reads it.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import requests
import spotipy  # type: ignore[import-untyped]

from sources.errors import CapabilityDenied, LoginNeeded, Unavailable
from sources.http import (
    RetryableError,
    RetryPolicy,
    TooManyRequests,
    cause_of,
    require_answer,
    retry_after_of,
    with_retries,
)
from sources.metadata.storable import text_in
from sources.sender import new_session
from sources.spotify.auth import COMMAND, SpotifyAccess

API_URL = "https://api.spotify.com/v1/"
PAGE = 50  # entries in one page of /items, Spotify's maximum
MAX_IDS = 100  # tracks in one request for audio features, Spotify's maximum
QUOTA_SECONDS = 3600.0  # the wait for a used-up quota where Spotify names none
PREMIUM = "the owner of this app needs Spotify Premium; subscribe, or set the key of another app"
# Words in a message of Spotify's -> the cure.
CURES = {
    "premium": PREMIUM,
    "not registered": "the user who has logged in may not use this app; add them under User Management at "
    "developer.spotify.com/dashboard",
    "insufficient client scope": f"the login does not cover this; run `{COMMAND}` again",
}
FINAL_STATUSES = {400, 401, 403, 404}  # all others are faults that may pass

JsonObject = dict[str, Any]


def _keep_tokens_out_of_logs() -> None:
    """Drop spotipy's DEBUG lines, which hold whole headers."""
    for name in ("spotipy.client", "spotipy.oauth2"):
        logging.getLogger(name).addFilter(lambda record: record.levelno > logging.DEBUG)


_keep_tokens_out_of_logs()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with a status of 300 or more."""

    status: int
    headers: requests.structures.CaseInsensitiveDict[str] = field(repr=False)
    quota: bool  # the reason is QUOTA_EXCEEDED
    cure: str | None  # one of CURES, where the message names its cause
    access_token: str = field(repr=False)  # that the request was sent with


class _Refused(Exception):  # noqa: N818  carries a Refusal through spotipy
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


class _Client(spotipy.Spotify):  # type: ignore[misc]
    """spotipy, with the request for audio features that it deprecates."""

    def features(self, ids: Iterable[str]) -> Any:
        return self._get("audio-features", ids=",".join(ids))


class SpotifyApi:
    """Requests to Spotify with retries.

    Every method also raises TransientError, RateLimited and LoginNeeded.
    """

    def __init__(
        self, access: SpotifyAccess, api_url: str, retry_policy: RetryPolicy, timeout_seconds: float
    ) -> None:
        self._access = access
        self._retry_policy = retry_policy
        session = new_session(timeout_seconds)
        session.hooks["response"].append(_refuse)
        self._client = _Client(auth_manager=access, requests_session=session, requests_timeout=None)
        self._client.prefix = f"{api_url.rstrip('/')}/"

    def playlist(self, playlist_id: str, fields: str | None = None) -> JsonObject:
        """A playlist with its first entries, or only `fields` of it. Raises Unavailable."""
        answer = self._request(
            f"Spotify (playlists/{playlist_id})",
            lambda: self._client.playlist(playlist_id, fields, additional_types=("track", "episode")),
            snapshot_id=str,
        )
        if isinstance(answer, Refusal):
            raise unavailable(playlist_id, answer)
        return answer

    def page(self, playlist_id: str, offset: int) -> JsonObject:
        """Up to 50 entries of a playlist from `offset` on. Raises Unavailable."""
        answer = self._request(
            f"Spotify (playlists/{playlist_id}/items)",
            lambda: self._client.playlist_items(playlist_id, limit=PAGE, offset=offset),
            items=list,
            total=int,
        )
        if isinstance(answer, Refusal):
            if answer.status == 403 and not answer.cure:
                raise metadata_only(playlist_id)
            raise unavailable(playlist_id, answer)
        return answer

    def audio_features(self, ids: list[str]) -> JsonObject:
        """The audio features of up to 100 tracks. Raises CapabilityDenied."""
        answer = self._request(
            "Spotify (audio-features)", lambda: self._client.features(ids), audio_features=list
        )
        if isinstance(answer, Refusal):
            if answer.cure:
                raise CapabilityDenied(f"Spotify gives no audio features: {answer.cure}.")
            raise CapabilityDenied(
                "Spotify gives audio features only to apps that had them before November 2024; "
                "leave `spotify` off under [features], as Labelscope measures the audio itself anyway."
            )
        return answer

    def _request(self, endpoint: str, call: Callable[[], Any], **shape: type) -> JsonObject | Refusal:
        """Spotify's answer, with at least the fields of `shape`, or its refusal. A 401 gets one new access token."""
        renewed = False

        def attempt() -> JsonObject | Refusal:
            nonlocal renewed
            answer = _request_once(endpoint, call, shape)
            if isinstance(answer, Refusal) and answer.status == 401 and not renewed:
                renewed = True
                self._access.refuse(answer.access_token)
                answer = _request_once(endpoint, call, shape)
            return answer

        answer = with_retries(self._retry_policy, attempt)
        if isinstance(answer, Refusal) and answer.status == 401:
            self._access.refuse(answer.access_token)
            raise LoginNeeded(f"{endpoint} answered 401 to a new access token too; run `{COMMAND}`.")
        return answer


def unavailable(playlist_id: str, refusal: Refusal) -> Unavailable:
    """The error for a playlist that Spotify refuses."""
    if refusal.cure:
        return Unavailable(f"Spotify does not show the playlist {playlist_id}: {refusal.cure}.", "forbidden")
    if refusal.status == 403:
        return Unavailable(
            f"Spotify forbids this app the playlist {playlist_id} (403); log in as its owner with `{COMMAND}`, "
            "or take it out of the list of labels.",
            "forbidden",
        )
    return Unavailable(
        f"Spotify has no playlist {playlist_id} that we may see ({refusal.status}); correct its id, make it "
        f"public, or log in as its owner with `{COMMAND}`.",
        "gone",
    )


def metadata_only(playlist_id: str) -> Unavailable:
    """The error for a playlist of which Spotify gives the name but not the tracks."""
    return Unavailable(
        f"Spotify gives only the name of the playlist {playlist_id}: only its owner's login may list it; run "
        f"`{COMMAND}` as its owner, or copy its tracks into a playlist of your own.",
        "metadata_only",
    )


def _request_once(endpoint: str, call: Callable[[], Any], shape: dict[str, type]) -> JsonObject | Refusal:
    """The answer to one request. Raises RetryableError and TooManyRequests, with no foreign error attached."""
    answer, refusal, cause = None, None, "answered with something else than the JSON that it should"
    try:
        answer = call()
    except _Refused as error:
        refusal = error.refusal
    except requests.RequestException as error:
        cause = cause_of(error)
    except RecursionError:
        cause = "answered with JSON that is nested too deep"
    if refusal is not None:
        _raise_if_transient(endpoint, refusal)
        return refusal
    if isinstance(answer, dict) and _has_shape(answer, shape):
        return answer
    raise RetryableError(endpoint, cause)


def _raise_if_transient(endpoint: str, refusal: Refusal) -> None:
    """Raises RetryableError or TooManyRequests, unless the status is final."""
    if refusal.quota and refusal.status == 429:
        seconds = retry_after_of(refusal.headers)
        wait_seconds = QUOTA_SECONDS if seconds is None else seconds
        raise TooManyRequests(endpoint, wait_seconds, "has no quota left: it answered 429")
    require_answer(endpoint, refusal.status, refusal.headers)
    if refusal.status not in FINAL_STATUSES:
        raise RetryableError(endpoint, f"answered {refusal.status}")


def _has_shape(answer: JsonObject, shape: dict[str, type]) -> bool:
    """Whether the answer has a value of each of these types, and no empty text among them."""
    return bool(answer) and all(
        isinstance(answer.get(name), kind) and answer[name] != "" for name, kind in shape.items()
    )


def _refuse(response: requests.Response, *_: object, **__: object) -> None:
    """Hook of the session: raise _Refused for a refusal. Of its body only a few known words count."""
    if response.status_code < 300:
        return
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    details = error if isinstance(error, dict) else {"message": error}
    # some refusals are plain text
    message = text_in(details.get("message")) or ("" if error else response.text[:1000])
    refusal = Refusal(
        status=response.status_code,
        headers=response.headers,
        quota=details.get("reason") == "QUOTA_EXCEEDED",
        cure=next((cure for words, cure in CURES.items() if words in message.lower()), None),
        access_token=str(response.request.headers.get("Authorization", "")).removeprefix("Bearer "),
    )
    raise _Refused(refusal)
