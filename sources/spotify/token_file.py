"""The file with a person's login to Spotify: mode 0600, replaced as a whole, changed by one process at a time."""

import contextlib
import fcntl
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from common.files import describe, write_whole
from sources.errors import TransientError

LOCK_SECONDS = 60.0  # a refresh takes one request

logger = logging.getLogger(__name__)


@cache
def warn_once(sentence: str) -> None:
    """Log the sentence once in a process, as the file is read at every request."""
    logger.warning("%s", sentence)


@dataclass(frozen=True, slots=True)
class UserToken:
    """The tokens of a login. Without a refresh token the login has ended."""

    client_id: str  # of the app to which the person gave access
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float  # of the access token, in seconds since 1970
    authorized_at: datetime  # when the person logged in; a refresh does not change it

    @property
    def ended(self) -> bool:
        return not self.refresh_token


@dataclass(frozen=True, slots=True)
class TokenFile:
    """The file at `path`."""

    path: Path

    def read(self) -> UserToken | None:
        """The login; None without one. Logs a warning where the file cannot be read."""
        try:
            return _parse(json.loads(self.path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except OSError as error:
            cause = describe(error)
        # The text of these errors is left out, as it may hold tokens.
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            cause = "it is damaged"
        warn_once(
            f"The login to Spotify in {self.path} is not used ({cause}); remove the file, or log in again."
        )
        return None

    def write(self, token: UserToken) -> None:
        """Replace the login by `token`. Raises TransientError."""
        content = json.dumps(asdict(token) | {"authorized_at": token.authorized_at.isoformat()}, indent=1)
        with self._errors_as_sentences():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, content.encode())

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the file: of two that refresh the login, the second then finds the token of the first."""
        with self._errors_as_sentences():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = self.path.with_name(f"{self.path.name}.lock")
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                late = time.monotonic() > deadline
            if late:
                raise TransientError(
                    f"Another process holds {self.path}.lock for a minute; end it, then run again."
                )
            time.sleep(0.02)

    @contextlib.contextmanager
    def _errors_as_sentences(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TransientError(
                f"The login to Spotify cannot be stored in {self.path} ({describe(error)}); make its folder writable."
            ) from error


def _parse(content: object) -> UserToken:
    if not isinstance(content, dict):
        raise TypeError
    texts = {name: content[name] for name in ("client_id", "access_token", "refresh_token")}
    authorized_at = datetime.fromisoformat(content["authorized_at"])
    if not all(isinstance(text, str) and re.fullmatch("[!-~]*", text) for text in texts.values()):
        raise TypeError
    if authorized_at.year > 9000:  # six months later must still be a valid date
        raise ValueError
    if authorized_at.tzinfo is None:
        authorized_at = authorized_at.replace(tzinfo=UTC)
    return UserToken(**texts, expires_at=float(content["expires_at"]), authorized_at=authorized_at)
