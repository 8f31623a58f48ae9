"""An external PostgreSQL over TCP with a password, in the versions that this machine has."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import text

from config.settings import Settings
from db import migrate
from db.engine import AddressError, libpq_url
from db.roles import PIPELINE, READER, as_role, make_roles
from flows.home.environment import open_database
from tests.services.postgres.own_postgres import own_postgres

PASSWORD = "pa/ss%40 word"
VERSIONS = sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin"))  # where Debian's packages put them


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server with the superuser `me`."""
    with own_postgres(tmp_path_factory.mktemp("own server"), "me", PASSWORD) as port:
        yield port


def is_used(settings: Settings) -> bool:
    with open_database(settings) as engine, engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM label_accuracy")) == 0
        assert connection.scalar(text("SELECT inet_server_addr()::text")) == "127.0.0.1/32"
    # With a home, the embedded server would have been started, too.
    return not settings.home.exists()


def test_an_external_server_is_migrated_and_used(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "DATABASE_URL", f"postgresql://me:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/postgres"
    )
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    assert is_used(Settings())


def test_its_password_may_come_from_a_file(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "database_password").write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://me@127.0.0.1:{port}/postgres")
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    assert is_used(Settings(_secrets_dir=secrets))


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_title_is_refused_before_anything_is_made(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    server = f"postgresql://me:{quote(PASSWORD, safe='')}@127.0.0.1:{port}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as owner:
        how = f"ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        owner.execute(f"CREATE DATABASE in_{encoding.lower()} {how}")
    monkeypatch.setenv("DATABASE_URL", f"{server}/in_{encoding.lower()}")
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    with pytest.raises(AddressError, match=f"{encoding}.*ENCODING 'UTF8'"), open_database(Settings()):
        pass
    with psycopg.connect(f"{server}/in_{encoding.lower()}") as connection:
        tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        assert connection.execute(tables).fetchone() == (0,)


@pytest.mark.slow
@pytest.mark.skipif(not VERSIONS, reason="no PostgreSQL of Debian's packages on this machine")
@pytest.mark.parametrize("binaries", VERSIONS, ids=lambda path: path.parent.name)
def test_a_pipeline_works_with_other_versions(
    flows: SimpleNamespace,
    crate: Callable[[int], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    binaries: Path,
) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    with own_postgres(folder, "me", PASSWORD, binaries) as port:
        address = f"postgresql://me:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/postgres"
        migrate.upgrade(address)
        make_roles(address)
        with psycopg.connect(libpq_url(address), autocommit=True) as owner:
            for role in (PIPELINE, READER):
                owner.execute(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'")
        monkeypatch.setenv("DATABASE_URL", as_role(address, PIPELINE))
        outcome = flows.pipeline(crate(3))
        assert (outcome.retrained.outcome, outcome.predicted.tracks) == ("promoted", 12)
        assert flows.maintain(thorough=True).damaged == ()
        with psycopg.connect(libpq_url(as_role(address, READER))) as reader:
            assert reader.execute("SELECT count(*) FROM tracks").fetchone() == (12,)
            with pytest.raises(psycopg.Error, match="permission denied"):
                reader.execute("SELECT pg_advisory_lock(1)")
