"""What the roles may, and what is refused to them."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

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
    """What PostgreSQL says to the statement, which follows another one in its session."""
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


def test_rights_also_hold_for_what_later_migrations_make(enter: Enter, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE later (id bigint DEFAULT 1, n serial)"))
    with enter(PIPELINE).begin() as connection:
        connection.execute(text("INSERT INTO later DEFAULT VALUES"))
    with enter(READER).connect() as connection:
        assert connection.execute(text("SELECT id, n FROM later")).all() == [(1, 1)]


@pytest.mark.parametrize("statement", [*HARM, "DELETE FROM tracks", "SELECT setval('labels_id_seq', 9)"])
def test_the_reader_changes_nothing_even_where_it_undoes_its_own_settings(
    enter: Enter, statement: str
) -> None:
    refused = ("permission denied", "must be owner")
    assert refusal(enter(READER), statement).startswith((*refused, "cannot execute"))
    determined = "SET default_transaction_read_only = off"
    assert refusal(enter(READER), statement, before=determined).startswith(refused)


def test_the_reader_reads_all_tables_and_is_given_up_after_a_while(enter: Enter) -> None:
    with enter(READER).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM tracks")) == 0
        assert connection.scalar(text("SELECT version_num FROM alembic_version"))
        assert connection.scalar(text("SHOW default_transaction_read_only")) == "on"
        assert connection.scalar(text("SHOW statement_timeout")) == "30s"


def test_a_home_of_an_earlier_version_whose_reader_had_no_limits_gets_all_of_it(
    database_url: str, engine: Engine
) -> None:
    make_roles(database_url)
    with engine.begin() as connection:  # as it was: the role, and nothing that this database knows of it
        connection.execute(text(f"ALTER ROLE {READER} RESET ALL"))
        connection.execute(text(f"DROP OWNED BY {PIPELINE}"))
    for _ in range(2):
        make_roles(database_url)
        settings = text("SELECT cardinality(rolconfig) FROM pg_roles WHERE rolname = :role")
        right = text("SELECT has_table_privilege(:role, 'tracks', 'INSERT')")
        with engine.connect() as connection:
            assert connection.scalar(settings, {"role": READER}) == 2
            assert connection.scalar(right, {"role": PIPELINE}) is True


def test_the_sql_of_the_documentation_makes_the_same_roles_in_a_server_of_ones_own(
    database_url: str, engine: Engine
) -> None:
    document = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    [block] = re.findall(r"```sql\n(.*?)```", document, re.DOTALL)
    own = block.replace("labelscope_", "own_")  # the server of the tests has roles of our names
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE own_owner LOGIN CREATEROLE"))
        connection.execute(text("ALTER SCHEMA public OWNER TO own_owner"))
        for name in connection.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
            )
        ).all():
            connection.execute(text(f"ALTER TABLE {name} OWNER TO own_owner"))
    engines = {
        name: open_engine(as_role(database_url, f"own_{name}")) for name in ("owner", "pipeline", "reader")
    }
    with engines["owner"].begin() as connection:
        connection.execute(text(own))
        connection.execute(text("CREATE TABLE later (n serial)"))
    with engines["pipeline"].begin() as connection:
        connection.execute(text("INSERT INTO labels (slug, name) VALUES ('kompakt', 'Kompakt')"))
        connection.execute(text("INSERT INTO later DEFAULT VALUES"))
    with engines["reader"].connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM labels, later, label_accuracy")) == 0
        assert connection.scalar(text("SHOW statement_timeout")) == "30s"
    for statement in HARM:
        assert refusal(engines["pipeline"], statement).startswith(("permission denied", "must be owner"))
    assert "permission denied" in refusal(
        engines["reader"], "DELETE FROM labels", before="SET default_transaction_read_only = off"
    )
    for each in engines.values():
        each.dispose()
