"""Spotify's Web API through spotipy: the few requests that we need, and every failure as an error of ours.

spotipy alone would retry in silence for hours, lose Retry-After, log tokens and stumble over odd answers. So its
session is one of ours, where a hook takes every refusal out of spotipy's hands before it reads it.
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
    fault_of,
    require_answer,
    retry_after_of,
    with_retries,
)
from sources.metadata.storable import text_in
from sources.sender import new_session
from sources.spotify.auth import COMMAND, SpotifyAccess

API_URL = "https://api.spotify.com/v1/"
PAGE = 50  # entries in one page of /items, the most that Spotify gives
MAX_IDS = 100  # tracks in one request for audio features
QUOTA_SECONDS = 3600.0  # to wait where the quota is used up and Spotify does not say for how long
PREMIUM = "the owner of this app needs Spotify Premium; subscribe, or set the key of another app"
CURES = {  # what a message of Spotify's speaks of, and what is to be done
    "premium": PREMIUM,
    "not registered": "the user who has logged in may not use this app; add them under User Management at "
    "developer.spotify.com/dashboard",
    "insufficient client scope": f"the login does not cover this; run `{COMMAND}` again",
}
JUDGED = {400, 401, 403, 404}  # statuses that mean something; all others are faults that may pass

JsonObject = dict[str, Any]


def _keep_tokens_out_of_logs() -> None:
    """spotipy logs whole headers at DEBUG, whatever level somebody sets."""
    for name in ("spotipy.client", "spotipy.oauth2"):
        logging.getLogger(name).addFilter(lambda record: record.levelno > logging.DEBUG)


_keep_tokens_out_of_logs()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with a status of 300 or more."""

    status: int
    headers: requests.structures.CaseInsensitiveDict[str] = field(repr=False)
    quota: bool  # the reason is QUOTA_EXCEEDED
    cure: str | None  # one of CURES, where the message speaks of its cause
    access_token: str = field(repr=False)  # that the request was sent with


class _Refused(Exception):  # noqa: N818  no error of its own, but the way past spotipy
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


class _Client(spotipy.Spotify):  # type: ignore[misc]
    """spotipy, and the one request that it words as deprecated."""

    def features(self, ids: Iterable[str]) -> Any:
        return self._get("audio-features", ids=",".join(ids))


class SpotifyApi:
    """Asks Spotify, with_retries. Every method raises TransientError, RateLimited and LoginNeeded besides what it says."""

    def __init__(
        self, access: SpotifyAccess, api_url: str, retry_policy: RetryPolicy, timeout_seconds: float
    ) -> None:
        self._access = access
        self._patience = retry_policy
        session = new_session(timeout_seconds)
        session.hooks["response"].append(_refuse)
        self._client = _Client(auth_manager=access, requests_session=session, requests_timeout=None)
        self._client.prefix = f"{api_url.rstrip('/')}/"

    def playlist(self, playlist_id: str, fields: str | None = None) -> JsonObject:
        """A playlist with its first entries, or only `fields` of it. Raises Unavailable."""
        answer = self._ask(
            f"Spotify (playlists/{playlist_id})",
            lambda: self._client.playlist(playlist_id, fields, additional_types=("track", "episode")),
            snapshot_id=str,
        )
        if isinstance(answer, Refusal):
            raise unavailable(playlist_id, answer)
        return answer

    def page(self, playlist_id: str, offset: int) -> JsonObject:
        """Up to 50 entries of a playlist from `offset` on. Raises Unavailable."""
        answer = self._ask(
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
        """The answer about up to 100 tracks. Raises CapabilityDenied."""
        answer = self._ask(
            "Spotify (audio-features)", lambda: self._client.features(ids), audio_features=list
        )
        if isinstance(answer, Refusal):
            if answer.cure:
                raise CapabilityDenied(f"Spotify gives no audio features: {answer.cure}.")
            raise CapabilityDenied(
                "Spotify gives audio features only to apps that had them before November 2024; "
                "leave `spotify` off under [features], the sound itself is measured anyway."
            )
        return answer

    def _ask(self, what: str, call: Callable[[], Any], **shape: type) -> JsonObject | Refusal:
        """What Spotify says, with at least the fields of `shape`, or its refusal. A new access token is tried once."""
        renewed = False

        def attempt() -> JsonObject | Refusal:
            nonlocal renewed
            answer = _ask_once(what, call, shape)
            if isinstance(answer, Refusal) and answer.status == 401 and not renewed:
                renewed = True
                self._access.refuse(answer.access_token)
                answer = _ask_once(what, call, shape)
            return answer

        answer = with_retries(self._patience, attempt)
        if isinstance(answer, Refusal) and answer.status == 401:
            self._access.refuse(answer.access_token)
            raise LoginNeeded(f"{what} answered 401 to a new access token too; run `{COMMAND}`.")
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
    """The error for a playlist of which Spotify tells the name but not the tracks."""
    return Unavailable(
        f"Spotify tells only the name of the playlist {playlist_id}: only its owner's login may list it; run "
        f"`{COMMAND}` as its owner, or copy its tracks into a playlist of your own.",
        "metadata_only",
    )


def _ask_once(what: str, call: Callable[[], Any], shape: dict[str, type]) -> JsonObject | Refusal:
    """One request. Raises RetryableError and TooManyRequests; nothing that another library raised is dragged along."""
    answer, refusal, fault = None, None, "answered with something else than the JSON that it should"
    try:
        answer = call()
    except _Refused as error:
        refusal = error.refusal
    except requests.RequestException as error:
        fault = fault_of(error)
    except RecursionError:
        fault = "answered with JSON that is nested too deep"
    if refusal is not None:
        if refusal.quota and refusal.status == 429:
            seconds = retry_after_of(refusal.headers)
            raise TooManyRequests(
                what, QUOTA_SECONDS if seconds is None else seconds, "has no quota left: it answered 429"
            )
        require_answer(what, refusal.status, refusal.headers)
        if refusal.status not in JUDGED:
            raise RetryableError(what, f"answered {refusal.status}")
        return refusal
    said = answer if isinstance(answer, dict) else {}
    if said and all(isinstance(said.get(name), kind) and said[name] != "" for name, kind in shape.items()):
        return said
    raise RetryableError(what, fault)


def _refuse(response: requests.Response, *_: object, **__: object) -> None:
    """Hook of the session. What the body says is only searched for a few words: it could say anything."""
    if response.status_code < 300:
        return
    try:
        said = response.json()
    except (ValueError, RecursionError):
        said = None
    error = said.get("error") if isinstance(said, dict) else None
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
