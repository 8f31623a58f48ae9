"""Access tokens for Spotify: the app's own, or those of a person who has logged in. Only `login` needs a person."""

import contextlib
import math
import re
import secrets
import threading
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlencode

import requests

from sources.errors import LoginNeeded
from sources.http import RetryableError, RetryPolicy, json_of, send_request, with_retries
from sources.sender import new_session
from sources.spotify.callback import listen
from sources.spotify.token_file import TokenFile, UserToken, warn_once

ACCOUNTS_URL = "https://accounts.spotify.com"
SCOPES = "playlist-read-private playlist-read-collaborative"
LOGIN_LASTS = timedelta(days=180)  # six months from the login on; a refresh does not extend them
WARN_DAYS = 30
EARLY_SECONDS = 60.0  # a token must not expire while the request is under way
COMMAND = "labelscope login spotify"

NO_KEY = (
    "Spotify needs a key: set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET "
    "(developer.spotify.com/dashboard), then run again."
)
WRONG_KEY = (
    "Spotify does not know this key: correct SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET "
    "(developer.spotify.com/dashboard), then run again."
)


class _InvalidGrant(RetryableError):  # noqa: N818  named after OAuth's error code
    """The login or its code is no longer valid. For the key of an app the code makes no sense, and is retried."""


@dataclass(frozen=True, slots=True)
class Key:
    """An app's id and secret, and the address of the token service."""

    client_id: str | None
    client_secret: str | None = field(repr=False)
    accounts_url: str = ACCOUNTS_URL
    timeout_seconds: float = 20.0

    def checked(self) -> tuple[str, str]:
        """Id and secret. Raises LoginNeeded where one is missing or invalid."""
        client_id, secret = (self.client_id or "").strip(), (self.client_secret or "").strip()
        if not client_id or not secret:
            raise LoginNeeded(NO_KEY)
        if not client_id.isascii() or not secret.isascii():
            raise LoginNeeded(WRONG_KEY)
        return client_id, secret

    def request_token(self, session: requests.Session, form: dict[str, str]) -> dict[str, Any]:
        """The token service's reply to one request; it has an access token.

        Raises RetryableError, LoginNeeded and _InvalidGrant.
        """
        endpoint = "Spotify (api/token)"
        address = f"{self.accounts_url.rstrip('/')}/api/token"
        response = send_request(session, endpoint, "POST", address, data=form, auth=self.checked())
        reply = _json_object(endpoint, response)
        if response.ok and is_token(reply.get("access_token")):
            return reply
        error_code = reply.get("error")
        if error_code == "invalid_client":
            raise LoginNeeded(WRONG_KEY)
        if error_code == "invalid_grant":
            raise _InvalidGrant(endpoint, f"answered {response.status_code} ({error_code})")
        is_code = isinstance(error_code, str) and re.fullmatch("[a-z_]{1,40}", error_code)
        raise RetryableError(
            endpoint, f"answered {response.status_code} ({error_code if is_code else 'without a token'})"
        )


class SpotifyAccess:
    """Access tokens, with the method that spotipy expects of an auth manager. Any number of threads may share one.

    With a login in `token_file` they are that person's, refreshed when they expire. Without, they are the app's own.
    """

    def __init__(self, key: Key, token_file: Path) -> None:
        self._key = key
        self._file = TokenFile(token_file)
        self._session = new_session(key.timeout_seconds)
        self._lock = threading.Lock()
        self._app_token, self._app_token_ends = "", 0.0
        self._refused: set[str] = set()

    def get_access_token(self, as_dict: bool = False) -> str:  # noqa: ARG002  spotipy passes it
        """A token that is valid by its date. Raises LoginNeeded, TransientError and RetryableError."""
        client_id, _ = self._key.checked()
        with self._lock:
            login = self._login(client_id)
            if login is None:
                return self._as_app()
            return login.access_token if self._is_valid(login) else self._refresh(client_id)

    def refuse(self, access_token: str) -> None:
        """Note that the API refused this token, so that the next one is another."""
        self._refused.add(access_token)

    def _login(self, client_id: str) -> UserToken | None:
        login = self._file.read()
        if login is None or login.client_id == client_id:
            return login
        warn_once(
            f"The login to Spotify in {self._file.path} is not used, as it is to another app than "
            f"SPOTIPY_CLIENT_ID; run `{COMMAND}`."
        )
        return None

    def _is_valid(self, login: UserToken) -> bool:
        if login.ended or login.access_token in self._refused:
            return False
        return login.expires_at - EARLY_SECONDS > time.time()

    def _refresh(self, client_id: str) -> str:
        with self._file.locked():
            login = self._login(client_id)  # again, as another process may have refreshed it
            if login is not None and self._is_valid(login):
                return login.access_token
            if login is None or login.ended:
                raise LoginNeeded(_ended(self._file.path))
            try:
                form = {"grant_type": "refresh_token", "refresh_token": login.refresh_token}
                reply = self._key.request_token(self._session, form)
            except _InvalidGrant:
                reply = None
            if reply is None:
                self._file.write(replace(login, access_token="", refresh_token=""))
                raise LoginNeeded(_ended(self._file.path))
            self._file.write(_user_token(reply, client_id, login.authorized_at, login.refresh_token))
            return str(reply["access_token"])

    def _as_app(self) -> str:
        if self._app_token in self._refused or self._app_token_ends - EARLY_SECONDS < time.time():
            reply = self._key.request_token(self._session, {"grant_type": "client_credentials"})
            self._app_token, self._app_token_ends = reply["access_token"], _end_of(reply)
        return self._app_token


def login(
    key: Key,
    token_file: Path,
    *,
    tell: Callable[[str], object],
    redirect_uri: str,
    open_browser: Callable[[str], object] = webbrowser.open,
    retry_policy: RetryPolicy,
    wait_seconds: float = 300.0,
) -> None:
    """Let a person log in with a browser on this machine, and store the login in `token_file`.

    `tell` gets the address as text. Spotify then sends the browser back to `redirect_uri`, where this listens.
    Raises LoginNeeded where nobody logs in within `wait_seconds`, or Spotify or the person refuses; TransientError.
    """
    client_id, _ = key.checked()

    def show(address: str) -> None:
        tell(f"Log in to Spotify in a browser on this machine: {address}")
        with contextlib.suppress(webbrowser.Error, OSError):
            open_browser(address)

    code = _code_of_visit(key, client_id, redirect_uri, wait_seconds, show)
    reply = _exchange(key, code, redirect_uri, retry_policy)
    if not is_token(reply.get("refresh_token")):
        raise LoginNeeded(f"Spotify did not complete the login; run `{COMMAND}` again.")
    file = TokenFile(token_file)
    with file.locked():
        file.write(_user_token(reply, client_id, datetime.now(UTC)))


def _code_of_visit(
    key: Key, client_id: str, redirect_uri: str, wait_seconds: float, show: Callable[[str], object]
) -> str:
    """The code with which Spotify sends the browser back, after `show` got the address. Raises LoginNeeded."""
    state = secrets.token_urlsafe(24)
    query = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": SCOPES,
        "state": state,
    }
    with listen(redirect_uri, state) as visits:
        show(f"{key.accounts_url.rstrip('/')}/authorize?{urlencode(query)}")
        visit = visits.wait(wait_seconds)
    if visit is None:
        raise LoginNeeded(f"Nobody logged in to Spotify within {wait_seconds:.0f} s; run `{COMMAND}` again.")
    if not visit.get("code"):
        raise LoginNeeded(f"The login to Spotify was refused; run `{COMMAND}` again, and agree.")
    return visit["code"]


def _exchange(key: Key, code: str, redirect_uri: str, retry_policy: RetryPolicy) -> dict[str, Any]:
    """The token service's reply to the code of a login; empty where the code is not valid."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}

    def exchange() -> dict[str, Any]:
        try:
            return key.request_token(session, form)
        except _InvalidGrant:
            return {}

    with new_session(key.timeout_seconds) as session:
        return with_retries(retry_policy, exchange)


def days_left(token_file: Path, now: datetime) -> int | None:
    """Days until the login ends, rounded up; 0 once it has ended; None without a login."""
    token = TokenFile(token_file).read()
    if token is None:
        return None
    return (
        0 if token.ended else max(0, math.ceil((token.authorized_at + LOGIN_LASTS - now) / timedelta(days=1)))
    )


def login_warning(token_file: Path, now: datetime) -> str | None:
    """A warning where the login ends within 30 days, or has ended; else None."""
    days = days_left(token_file, now)
    if days is None or days > WARN_DAYS:
        return None
    return f"The login to Spotify ends in {days} days; run `{COMMAND}`." if days else _ended(token_file)


def is_token(value: object) -> TypeGuard[str]:
    """Whether it can be sent in a header."""
    return isinstance(value, str) and re.fullmatch(r"[!-~]+", value) is not None


def _ended(token_file: Path) -> str:
    return (
        f"The login to Spotify has ended (it lasts six months, or was withdrawn): run `{COMMAND}`, "
        f"or remove {token_file} to go on without one."
    )


def _user_token(
    reply: dict[str, Any], client_id: str, authorized_at: datetime, refresh_token: str = ""
) -> UserToken:
    """The login of a reply. `refresh_token` stays where the reply has no new one."""
    newer = reply.get("refresh_token")
    return UserToken(
        client_id=client_id,
        access_token=reply["access_token"],
        refresh_token=newer if is_token(newer) else refresh_token,
        expires_at=_end_of(reply),
        authorized_at=authorized_at,
    )


def _end_of(reply: dict[str, Any]) -> float:
    seconds = reply.get("expires_in")
    return time.time() + (seconds if isinstance(seconds, int) and 0 < seconds < 86_400 else 3600)


def _json_object(endpoint: str, response: requests.Response) -> dict[str, Any]:
    try:
        content = json_of(endpoint, response)
    except RetryableError:
        return {}
    return content if isinstance(content, dict) else {}
