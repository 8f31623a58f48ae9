"""Settings that are files in a folder of secrets, as Docker makes them."""

from pathlib import Path

import pytest

from config.settings import Settings


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SPOTIPY_CLIENT_SECRET", "DATABASE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "spotipy_client_secret").write_text("of the file\n")
    (tmp_path / "database_password").write_text("")
    (tmp_path / "somebody_elses").write_text("not ours")
    return tmp_path


def test_a_file_stands_for_a_variable_and_an_empty_one_for_none(secrets: Path) -> None:
    settings = Settings(_secrets_dir=secrets)
    assert settings.spotify_client_secret is not None
    assert settings.spotify_client_secret.get_secret_value() == "of the file"
    assert settings.database_password is None
    assert "of the file" not in repr(settings)


def test_a_variable_goes_before_a_file(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "of the environment")
    settings = Settings(_secrets_dir=secrets)
    assert settings.spotify_client_secret is not None
    assert settings.spotify_client_secret.get_secret_value() == "of the environment"
