"""A PostgreSQL of one's own, over TCP and with a password."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text

from config.settings import Settings
from flows.home import open_database
from tests.services.own_postgres import own_postgres

PASSWORD = "pa/ss%40 word"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a server with the superuser `me`."""
    with own_postgres(tmp_path_factory.mktemp("own server"), "me", PASSWORD) as port:
        yield port


def is_used(settings: Settings) -> bool:
    with open_database(settings) as engine, engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM label_accuracy")) == 0
        assert connection.scalar(text("SELECT inet_server_addr()::text")) == "127.0.0.1/32"
    return not settings.home.exists()  # else the embedded server was started all the same


def test_a_server_of_ones_own_is_migrated_and_used(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "DATABASE_URL", f"postgresql://me:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/postgres"
    )
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    assert is_used(Settings())


def test_its_password_may_be_kept_apart_in_a_file(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "database_password").write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://me@127.0.0.1:{port}/postgres")
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    assert is_used(Settings(_secrets_dir=secrets))
