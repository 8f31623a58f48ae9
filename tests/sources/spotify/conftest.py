"""No test of Spotify may ask a person."""

import builtins
import webbrowser
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("A person was asked.")

    monkeypatch.setattr(builtins, "input", asked)
    monkeypatch.setattr(webbrowser, "open", asked)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "spotify.json"
