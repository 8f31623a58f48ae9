"""Migrations make the schema, the whole schema, and can be taken back."""

import multiprocessing

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from db import migrate
from db.models import Base


def test_up_down_up_leaves_nothing_and_agrees_with_the_models(empty_database: str) -> None:
    migrate.upgrade(empty_database)
    migrate.check(empty_database)
    migrate.downgrade(empty_database)
    engine = create_engine(empty_database)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    assert inspect(engine).get_view_names() == []
    migrate.upgrade(empty_database)
    migrate.check(empty_database)
    engine.dispose()


def test_processes_that_migrate_at_once_all_succeed(empty_database: str) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(migrate.upgrade, [empty_database] * 3)
    migrate.check(empty_database)


def test_a_locked_table_fails_the_migration_instead_of_queueing_everybody(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE tracks IN ACCESS SHARE MODE"))
        with pytest.raises(OperationalError, match="lock timeout"):
            migrate.downgrade(database_url)
    engine.dispose()


def test_every_table_column_and_view_explains_itself(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        silent = connection.scalars(
            text("""
                SELECT c.relname || coalesce('.' || a.attname, '')
                  FROM pg_class c
                  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND c.relkind = 'r'
                 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
                   AND c.relname <> 'alembic_version'
                   AND (coalesce(obj_description(c.oid), '') = ''
                        OR a.attnum IS NOT NULL AND coalesce(col_description(c.oid, a.attnum), '') = '')
            """)
        ).all()
    engine.dispose()
    assert silent == []


def test_every_constraint_has_a_name() -> None:
    for table in Base.metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints), table.name
