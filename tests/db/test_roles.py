"""Rights of the roles."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from db.engine import open_engine
from db.roles import PIPELINE, READER, as_role, make_roles

Enter = Callable[[str], Engine]

HARM = [
    "CREATE TABLE mine (id int)",
    "ALTER TABLE tracks ADD COLUMN mine int",
    "DROP VIEW label_accuracy",
    "TRUNCATE tracks CASCADE",
    "UPDATE alembic_version SET version_num = '0001'",
    "ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT ALL ON TABLES TO labelscope_pipeline",
    "CREATE DATABASE mine",
    "CREATE ROLE mine",
    "SET ROLE postgres",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "COPY (SELECT 1) TO '/nowhere'",
    "SELECT pg_read_file('postgresql.conf')",
]


@pytest.fixture
def enter(database_url: str) -> Iterator[Enter]:
    """Engines on this test's database, as one role or another."""
    make_roles(database_url)
    with ExitStack() as stack:

        def engine(role: str) -> Engine:
            made = open_engine(as_role(database_url, role))
            stack.callback(made.dispose)
            return made

        yield engine


def refusal(engine: Engine, statement: str, *, before: str = "SELECT 1") -> str:
    """The error of PostgreSQL for a statement, after another one in the same session."""
    autocommitting = engine.execution_options(isolation_level="AUTOCOMMIT")
    with autocommitting.connect() as connection:
        connection.execute(text(before))
        with pytest.raises(DBAPIError) as refused:
            connection.execute(text(statement))
    return str(refused.value.orig)


def test_the_pipeline_reads_and_writes_rows(enter: Enter) -> None:
    with enter(PIPELINE).begin() as connection:
        connection.execute(text("INSERT INTO labels (slug, name) VALUES ('kompakt', 'Kompact')"))
        connection.execute(text("UPDATE labels SET name = 'Kompakt'"))
        assert connection.scalars(text("SELECT name FROM labels FOR UPDATE")).all() == ["Kompakt"]
        assert connection.scalar(text("SELECT nextval('labels_id_seq')")) == 2
        assert connection.execute(text("DELETE FROM labels")).rowcount == 1
        assert connection.scalar(text("SELECT count(*) FROM label_accuracy")) == 0


@pytest.mark.parametrize("statement", HARM)
def test_the_pipeline_changes_neither_the_schema_nor_the_machine(enter: Enter, statement: str) -> None:
    assert refusal(enter(PIPELINE), statement).startswith(("permission denied", "must be owner"))


def test_rights_hold_for_tables_of_later_migrations(enter: Enter, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE later (id bigint DEFAULT 1, n serial)"))
    with enter(PIPELINE).begin() as connection:
        connection.execute(text("INSERT INTO later DEFAULT VALUES"))
    with enter(READER).connect() as connection:
        assert connection.execute(text("SELECT id, n FROM later")).all() == [(1, 1)]


def test_the_reader_reads_all_tables_within_a_time_limit(enter: Enter) -> None:
    with enter(READER).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM tracks")) == 0
        assert connection.scalar(text("SELECT version_num FROM alembic_version"))
        assert connection.scalar(text("SHOW default_transaction_read_only")) == "on"
        assert connection.scalar(text("SHOW statement_timeout")) == "30s"
