"""Who we are to Spotify: the app by its key, or a person who has logged in. Only `login` ever asks a person."""

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
from sources.http import RetryableError, RetryPolicy, ask, json_of, with_retries
from sources.sender import new_session
from sources.spotify.callback import listen
from sources.spotify.token_file import TokenFile, UserToken, warn_once

ACCOUNTS_URL = "https://accounts.spotify.com"
SCOPES = "playlist-read-private playlist-read-collaborative"
LOGIN_LASTS = timedelta(days=180)  # six months from the login on, however often it is refreshed
WARN_DAYS = 30
EARLY_SECONDS = 60.0  # a token that ends while the request is on its way is of no use
COMMAND = "labelscope login spotify"

NO_KEY = (
    "Spotify needs a key: set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET "
    "(developer.spotify.com/dashboard), then run again."
)
WRONG_KEY = (
    "Spotify does not know this key: correct SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET "
    "(developer.spotify.com/dashboard), then run again."
)


class _InvalidGrant(RetryableError):
    """OAuth's own word: the login or the code is dead. Of an app's key it makes no sense, and may pass."""


@dataclass(frozen=True, slots=True)
class Key:
    """An app's id and secret, and where it asks for tokens."""

    client_id: str | None
    client_secret: str | None = field(repr=False)
    accounts_url: str = ACCOUNTS_URL
    timeout_seconds: float = 20.0

    def checked(self) -> tuple[str, str]:
        """Id and secret. Raises LoginNeeded where one is missing or cannot be right."""
        client_id, secret = (self.client_id or "").strip(), (self.client_secret or "").strip()
        if not client_id or not secret:
            raise LoginNeeded(NO_KEY)
        if not client_id.isascii() or not secret.isascii():
            raise LoginNeeded(WRONG_KEY)
        return client_id, secret

    def ask(self, session: requests.Session, form: dict[str, str]) -> dict[str, Any]:
        """One request for a token: the reply, which has an access token. Raises RetryableError, LoginNeeded, _InvalidGrant."""
        what = "Spotify (api/token)"
        address = f"{self.accounts_url.rstrip('/')}/api/token"
        response = ask(session, what, "POST", address, data=form, auth=self.checked())
        said = _json_object(what, response)
        if response.ok and is_token(said.get("access_token")):
            return said
        error_code = said.get("error")
        if error_code == "invalid_client":
            raise LoginNeeded(WRONG_KEY)
        if error_code == "invalid_grant":
            raise _InvalidGrant(what, f"answered {response.status_code} ({error_code})")
        named = isinstance(error_code, str) and re.fullmatch("[a-z_]{1,40}", error_code)
        raise RetryableError(
            what, f"answered {response.status_code} ({error_code if named else 'without a token'})"
        )


class SpotifyAccess:
    """Hands out access tokens, in the way that spotipy asks its auth managers for them; safe between threads.

    With a login in `token_file` they are that person's, refreshed as need be; else they are the app's own.
    """

    def __init__(self, key: Key, token_file: Path) -> None:
        self._key = key
        self._file = TokenFile(token_file)
        self._session = new_session(key.timeout_seconds)
        self._lock = threading.Lock()
        self._app_token, self._app_token_ends = "", 0.0
        self._refused: set[str] = set()

    def get_access_token(self, as_dict: bool = False) -> str:  # noqa: ARG002  spotipy says it
        """A token that should work now. Raises LoginNeeded, TransientError, RetryableError; never asks a person."""
        client_id, _ = self._key.checked()
        with self._lock:
            login = self._login(client_id)
            if login is None:
                return self._ask_as_app()
            return login.access_token if self._works(login) else self._refresh(client_id)

    def refuse(self, access_token: str) -> None:
        """The API did not take this token: the next one handed out is another."""
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

    def _works(self, login: UserToken) -> bool:
        if login.ended or login.access_token in self._refused:
            return False
        return login.expires_at - EARLY_SECONDS > time.time()

    def _refresh(self, client_id: str) -> str:
        with self._file.locked():
            login = self._login(client_id)  # again, as another process may have been faster
            if login is not None and self._works(login):
                return login.access_token
            if login is None or login.ended:
                raise LoginNeeded(_ended(self._file.path))
            try:
                form = {"grant_type": "refresh_token", "refresh_token": login.refresh_token}
                reply = self._key.ask(self._session, form)
            except _InvalidGrant:
                reply = None
            if reply is None:
                self._file.write(replace(login, access_token="", refresh_token=""))
                raise LoginNeeded(_ended(self._file.path))
            self._file.write(_user_token(reply, client_id, login.authorized_at, login.refresh_token))
            return str(reply["access_token"])

    def _ask_as_app(self) -> str:
        if self._app_token in self._refused or self._app_token_ends - EARLY_SECONDS < time.time():
            reply = self._key.ask(self._session, {"grant_type": "client_credentials"})
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
    """Let a person log in with a browser on this machine, and keep the login in `token_file`.

    `tell` is handed the address as text; then Spotify sends the browser back to `redirect_uri`, where this listens.
    Raises LoginNeeded where nobody logs in within `wait_seconds`, or Spotify or the person says no; TransientError.
    """
    client_id, _ = key.checked()
    state = secrets.token_urlsafe(24)
    with listen(redirect_uri, state) as answers:
        query = {
            "client_id": client_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": state,
        }
        address = f"{key.accounts_url.rstrip('/')}/authorize?{urlencode(query)}"
        tell(f"Log in to Spotify in a browser on this machine: {address}")
        with contextlib.suppress(webbrowser.Error, OSError):
            open_browser(address)
        answer = answers.wait(wait_seconds)
    if answer is None:
        raise LoginNeeded(f"Nobody logged in to Spotify within {wait_seconds:.0f} s; run `{COMMAND}` again.")
    code = answer.get("code")
    if not code:
        raise LoginNeeded(f"Spotify was told not to let Labelscope in; run `{COMMAND}` again, and agree.")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}

    def exchange() -> dict[str, Any]:
        try:
            return key.ask(session, form)
        except _InvalidGrant:
            return {}

    with new_session(key.timeout_seconds) as session:
        reply = with_retries(retry_policy, exchange)
    if not is_token(reply.get("refresh_token")):
        raise LoginNeeded(f"Spotify did not complete the login; run `{COMMAND}` again.")
    file = TokenFile(token_file)
    with file.locked():
        file.write(_user_token(reply, client_id, datetime.now(UTC)))


def days_left(token_file: Path, now: datetime) -> int | None:
    """Days until the login ends, the last one counted as one, 0 once it has ended; None where there is no login."""
    token = TokenFile(token_file).read()
    if token is None:
        return None
    return (
        0 if token.ended else max(0, math.ceil((token.authorized_at + LOGIN_LASTS - now) / timedelta(days=1)))
    )


def login_warning(token_file: Path, now: datetime) -> str | None:
    """The sentence to show once the login ends within 30 days (five months after it was made); else None."""
    days = days_left(token_file, now)
    if days is None or days > WARN_DAYS:
        return None
    return f"The login to Spotify ends in {days} days; run `{COMMAND}`." if days else _ended(token_file)


def is_token(value: object) -> TypeGuard[str]:
    """Whether it can stand in a header."""
    return isinstance(value, str) and re.fullmatch(r"[!-~]+", value) is not None


def _ended(token_file: Path) -> str:
    return (
        f"The login to Spotify has ended (it lasts six months, or was withdrawn): run `{COMMAND}`, "
        f"or remove {token_file} to go on without one."
    )


def _user_token(
    reply: dict[str, Any], client_id: str, authorized_at: datetime, refresh_token: str = ""
) -> UserToken:
    """A refresh may or may not bring a new refresh token; `refresh_token` is the one that there is."""
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


def _json_object(what: str, response: requests.Response) -> dict[str, Any]:
    try:
        said = json_of(what, response)
    except RetryableError:
        return {}
    return said if isinstance(said, dict) else {}
