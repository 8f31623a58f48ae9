"""The file of a Spotify login: when it is not used, when it cannot be written, and how long it lasts."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sources.errors import TransientError
from sources.spotify.auth import Key, SpotifyAccess, days_left, login_warning
from tests.file_size_limit import file_size_limit
from tests.sources.scripted import scripted
from tests.sources.spotify.logins import (
    NOW,
    fails,
    keep,
    kept,
    key_of,
    log_in,
    token,
)
from tests.stand_ins.music import small_world
from tests.stand_ins.stand_ins import stand_ins


def test_a_login_to_another_app_is_not_used(token_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = keep(token_file, client_id="another", expires_at=0)
    with scripted(token()) as accounts:
        access = SpotifyAccess(Key("id", "secret", accounts.url), token_file)
        assert access.get_access_token() == access.get_access_token() == "A2"
        assert accounts.bodies == ["grant_type=client_credentials"]
    (record,) = caplog.records
    assert str(token_file) in record.getMessage() and "labelscope login spotify" in record.getMessage()
    assert kept(token_file) == before


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"client_id": "id", "access_token": "A1"}',
        "\x00",
        "damaged",
    ],
)
def test_a_damaged_file_is_not_used(token_file: Path, caplog: pytest.LogCaptureFixture, content: str) -> None:
    keep(token_file)
    token_file.write_text(content)
    with scripted(token()) as accounts:
        access = SpotifyAccess(Key("id", "secret", accounts.url), token_file)
        assert access.get_access_token() == access.get_access_token() == "A2"
    (record,) = caplog.records
    assert "damaged" in record.getMessage()
    assert days_left(token_file, NOW) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"access_token": 7},
        {"refresh_token": None},
        {"authorized_at": "then"},
        {"expires_at": "soon"},
        {"access_token": "ü"},
    ],
)
def test_a_file_with_a_wrong_field_is_not_used(token_file: Path, wrong: dict[str, Any]) -> None:
    keep(token_file, **wrong)
    with scripted(token()) as accounts:
        assert SpotifyAccess(Key("id", "secret", accounts.url), token_file).get_access_token() == "A2"
        assert accounts.bodies == ["grant_type=client_credentials"]


def test_a_write_that_fails_halfway_leaves_the_last_login(token_file: Path) -> None:
    before = keep(token_file, expires_at=0)
    with scripted(token()) as accounts, file_size_limit(64):
        access = SpotifyAccess(Key("id", "secret", accounts.url), token_file)
        assert "File too large" in fails(access.get_access_token, TransientError)
    assert kept(token_file) == before
    assert {path.name for path in token_file.parent.iterdir()} == {"spotify.json", "spotify.json.lock"}


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with stand_ins(small_world()) as services:
        sentence = fails(lambda: log_in(key_of(services), tmp_path / "file" / "spotify.json"), TransientError)
        assert "cannot be stored" in sentence


def test_the_days_that_are_left(token_file: Path) -> None:
    assert days_left(token_file, NOW) is None
    assert login_warning(token_file, NOW) is None
    for age, left in ((0, 180), (149, 31), (150, 30), (179, 1), (180, 0), (400, 0)):
        keep(token_file, authorized_at=(NOW - timedelta(days=age)).isoformat())
        assert days_left(token_file, NOW) == left
        warning = login_warning(token_file, NOW)
        assert (warning is None) == (age < 150)
        if warning and left:
            assert f"in {left} days" in warning
        assert warning is None or "labelscope login spotify" in warning
