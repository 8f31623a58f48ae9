"""Passwords of roles, on a PostgreSQL server that requires them."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from config.settings import Settings
from db.role_passwords import PREFECT, make_prefect, set_password
from services.keeper import ServiceError
from tests.services.postgres.own_postgres import own_postgres

OWNER = "ow/ner%40 's"
AWKWARD = 'it\'s \\ %40 "quoted" @:/'


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with own_postgres(tmp_path_factory.mktemp("own"), "postgres", OWNER) as port:
        yield port


def address(port: int, role: str, password: str, database: str = "postgres") -> str:
    return f"postgresql://{role}:{quote(password, safe='')}@127.0.0.1:{port}/{database}"


def may_enter(port: int, role: str, password: str, database: str = "postgres") -> bool:
    try:
        with psycopg.connect(address(port, role, password, database)):
            return True
    except psycopg.OperationalError:
        return False


def test_the_next_start_completes_an_interrupted_one(port: int) -> None:
    owner = address(port, "postgres", OWNER)
    make_prefect(owner)
    assert not may_enter(port, PREFECT, "", PREFECT)
    for password in (AWKWARD, AWKWARD, "another one"):
        make_prefect(owner)
        set_password(owner, PREFECT, password)
        assert may_enter(port, PREFECT, password, PREFECT)
    assert not may_enter(port, PREFECT, AWKWARD, PREFECT)


def test_no_other_role_may_enter_the_database_of_prefect(port: int) -> None:
    owner = address(port, "postgres", OWNER)
    make_prefect(owner)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("CREATE ROLE other LOGIN")
    set_password(owner, "other", AWKWARD)
    assert may_enter(port, "other", AWKWARD) and not may_enter(port, "other", AWKWARD, PREFECT)


def test_no_log_of_the_server_can_hold_a_password(port: int) -> None:
    owner = address(port, "postgres", OWNER)
    make_prefect(owner)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
        set_password(owner, PREFECT, "not to be logged")
        (log,) = connection.execute("SELECT pg_read_file('../log')").fetchone() or ("",)
        connection.execute("ALTER SYSTEM RESET log_statement")
    assert "ALTER ROLE" in log and "not to be logged" not in log


def test_the_migration_says_what_it_cannot_read_before_it_does_anything(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli.commands.data.database import upgrade

    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", address(port, "postgres", OWNER))
    assert Settings().database_url
    with pytest.raises(ServiceError, match="cannot be read"):
        upgrade(roles=True, pipeline_password=tmp_path / "nowhere", prefect_password=None)
    with psycopg.connect(address(port, "postgres", OWNER)) as connection:
        assert connection.execute("SELECT to_regclass('tracks')").fetchone() == (None,)
