"""What every test may ask for: real clips, and a database of its own on a real PostgreSQL."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from db import migrate
from db.engine import open_engine
from services.postgres import PostgresAddress, embedded_postgres, ensure_database

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real clips beside the checkout; tests that want it are skipped where it is absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip("no corpus of real clips beside this checkout")
    return folder


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresAddress]:
    """A PostgreSQL server for all tests."""
    with embedded_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: PostgresAddress) -> str:
    """Name of a migrated, empty database to copy from."""
    ensure_database(postgres, "template_labelscope")
    migrate.upgrade(postgres.url("template_labelscope"))
    return "template_labelscope"


@pytest.fixture
def empty_database(postgres: PostgresAddress) -> str:
    """The URL of a database in which there is nothing yet."""
    name = f"empty_{next(NUMBERS)}"
    ensure_database(postgres, name)
    return postgres.url(name)


@pytest.fixture
def database_url(postgres: PostgresAddress, template: str) -> Iterator[str]:
    """The URL of a migrated database for this test alone."""
    name = f"test_{next(NUMBERS)}"
    server = create_engine(postgres.url("postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG"))
        yield postgres.url(name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on this test's database."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()
