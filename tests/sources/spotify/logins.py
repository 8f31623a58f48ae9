"""Logins to the fake Spotify, and their file, for tests."""

import json
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.ports import free_port
from sources.http import RetryPolicy
from sources.spotify.auth import Key, login
from tests.sources.scripted import Answer, answer
from tests.stand_ins.stand_ins import StandIns

RETRIES = RetryPolicy(attempts=3, wait_seconds=0.005, longest_wait_seconds=5)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def key_of(services: StandIns) -> Key:
    environment = services.environment
    return Key(
        environment["SPOTIPY_CLIENT_ID"],
        environment["SPOTIPY_CLIENT_SECRET"],
        environment["LABELSCOPE_SPOTIFY_ACCOUNTS_URL"],
        5,
    )


def free_redirect_uri() -> str:
    return f"http://127.0.0.1:{free_port()}/callback"


def log_in(key: Key, token_file: Path, **changes: Any) -> list[str]:
    """Log in with a browser that agrees at once. Returns the sentences for the person."""
    sentences: list[str] = []
    given: dict[str, Any] = {
        "tell": sentences.append,
        "redirect_uri": free_redirect_uri(),
        "open_browser": lambda url: urllib.request.urlopen(url, timeout=5).close(),
        "retry_policy": RETRIES,
        "wait_seconds": 5,
    }
    login(key, token_file, **(given | changes))
    return sentences


def keep(token_file: Path, **changes: Any) -> dict[str, Any]:
    """A login as the file holds it."""
    content = {
        "client_id": "id",
        "access_token": "A1",
        "refresh_token": "R1",
        "expires_at": time.time() + 3600,
        "authorized_at": "2026-10-01T00:00:00+00:00",
    } | changes
    token_file.parent.mkdir(exist_ok=True)
    token_file.write_text(json.dumps(content))
    return content


def kept(token_file: Path) -> dict[str, Any]:
    content = json.loads(token_file.read_text())
    assert isinstance(content, dict)
    return content


def token(access: str = "A2", **more: Any) -> Answer:
    return answer(200, {"access_token": access, "token_type": "Bearer", "expires_in": 3600, **more})


def fails(call: Callable[[], object], kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    text = str(caught.value)
    assert text.endswith(".") and ". " not in text
    return text
