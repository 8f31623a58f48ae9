"""The settings of the server."""

from pathlib import Path

import pytest
import sqlalchemy

from services.postgres.server import PostgresAddress, embedded_postgres


def test_the_server_is_durable_uses_utc_and_ignores_pg_variables(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PGTZ": "Asia/Tokyo"}.items():
        monkeypatch.setenv(name, value)
    expected = {
        "fsync": "on",
        "data_checksums": "on",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
        "listen_addresses": "",
        "max_connections": "100",
    }
    with embedded_postgres(home) as address:
        assert address.socket_dir.stat().st_mode & 0o777 == 0o700
        monkeypatch.delenv("PGTZ")  # a client's own wish, which it may have
        engine = sqlalchemy.create_engine(address.url("postgres"))
        with engine.connect() as connection:
            for name, value in expected.items():
                assert connection.scalar(sqlalchemy.text(f'SHOW "{name}"')) == value
            locale = connection.scalar(
                sqlalchemy.text("SELECT format('%s %s', datlocprovider, datlocale) FROM pg_database LIMIT 1")
            )
            assert locale == "b C.UTF-8"
        engine.dispose()


def test_the_server_of_the_tests_does_not_wait_for_the_disk(postgres: PostgresAddress) -> None:
    engine = sqlalchemy.create_engine(postgres.url("postgres"))
    with engine.connect() as connection:
        names = ("fsync", "synchronous_commit", "full_page_writes")
        assert [connection.scalar(sqlalchemy.text(f"SHOW {name}")) for name in names] == ["off"] * 3
    engine.dispose()
