"""A person's login to Spotify as a file: 0600, replaced as a whole, changed by one process at a time."""

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

from common.files import write_whole
from sources.errors import TransientError

LOCK_SECONDS = 60.0  # a refresh takes one request

logger = logging.getLogger(__name__)


@cache
def warn_once(sentence: str) -> None:
    """Once in a process: the file is read at every request."""
    logger.warning("%s", sentence)


@dataclass(frozen=True, slots=True)
class UserToken:
    """What Spotify gave for a login. Without a refresh token the login has ended, and says so until the next."""

    client_id: str  # of the app that the person let in
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float  # of the access token, in seconds since 1970
    authorized_at: datetime  # when the person logged in; a refresh does not move it

    @property
    def ended(self) -> bool:
        return not self.refresh_token


@dataclass(frozen=True, slots=True)
class TokenFile:
    """Where the login is kept."""

    path: Path

    def read(self) -> UserToken | None:
        """The login; None where there is none, or none that can be read (then the log says so)."""
        try:
            return _parse(json.loads(self.path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except OSError as error:
            why = error.strerror or type(error).__name__
        except (
            ValueError,
            KeyError,
            TypeError,
            OverflowError,
            RecursionError,
        ):  # their text may hold what is in the file
            why = "it is damaged"
        warn_once(
            f"The login to Spotify in {self.path} is not used ({why}); remove the file, or log in again."
        )
        return None

    def write(self, token: UserToken) -> None:
        """Puts `token` in the place of what was there. Raises TransientError."""
        content = json.dumps(asdict(token) | {"authorized_at": token.authorized_at.isoformat()}, indent=1)
        with self._told():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, content.encode())

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """For one thread of one process at a time: of two that refresh, the second finds what the first got."""
        with self._told():
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
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = error.strerror or type(error).__name__
            where = f"The login to Spotify cannot be kept in {self.path} ({why})"
            raise TransientError(f"{where}; make its folder writable.") from error


def _parse(content: object) -> UserToken:
    if not isinstance(content, dict):
        raise TypeError
    texts = {name: content[name] for name in ("client_id", "access_token", "refresh_token")}
    authorized_at = datetime.fromisoformat(content["authorized_at"])
    if not all(isinstance(text, str) and re.fullmatch("[!-~]*", text) for text in texts.values()):
        raise TypeError
    if authorized_at.year > 9000:  # six months later must still be a date
        raise ValueError
    if authorized_at.tzinfo is None:
        authorized_at = authorized_at.replace(tzinfo=UTC)
    return UserToken(**texts, expires_at=float(content["expires_at"]), authorized_at=authorized_at)
