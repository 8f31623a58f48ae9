"""Migrations create the whole schema, and can be reverted."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from db import migrate
from db.engine import Lock, hold_lock
from db.models import Base
from tests.processes import wait_until


def test_a_migration_waits_for_a_restore(empty_database: str) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = :lock"
    )
    engine = create_engine(empty_database)
    with (
        ThreadPoolExecutor(1) as thread,  # left last, since it waits for the migration
        hold_lock(engine, Lock.MIGRATION),
        engine.connect() as connection,
    ):
        migration = thread.submit(migrate.upgrade, empty_database)
        wait_until(lambda: connection.scalar(waiting, {"lock": int(Lock.MIGRATION)}))
        assert inspect(connection).get_table_names() == []
    migration.result()
    migrate.check(empty_database)
    engine.dispose()


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


def test_a_current_database_is_recognised_without_alembic(empty_database: str) -> None:
    assert migrate.newest() == ScriptDirectory(str(migrate.MIGRATIONS)).get_current_head()
    assert not migrate.is_current(empty_database)
    migrate.upgrade(empty_database, "0004")
    assert not migrate.is_current(empty_database)
    migrate.upgrade(empty_database)
    assert migrate.is_current(empty_database)
    program = f"""
import sys
from db.migrate import upgrade
upgrade({empty_database!r})
print("alembic" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=migrate.MIGRATIONS.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "False"
    migrate.downgrade(empty_database)
    assert not migrate.is_current(empty_database)


def test_rows_of_earlier_versions_are_converted_and_converted_back(empty_database: str) -> None:
    migrate.upgrade(empty_database, "0004")
    engine = create_engine(empty_database)
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO labels (slug, name) VALUES ('drumcode', 'Drumcode');
                INSERT INTO tracks (provider, external_id, title)
                SELECT 'folder', 'sha256:' || n, 'track ' || n FROM generate_series(1, 3) n;
                INSERT INTO spectrogram_recipes (fingerprint, parameters) VALUES ('0123456789ab', '{}');
                INSERT INTO training_runs (why, architecture, hyperparameters, recipe_id, dataset_fingerprint,
                                           labels, versions)
                SELECT 'test', 'seed', '{}', 1, repeat('f', 64), '[]', '{}' FROM generate_series(1, 2);
                INSERT INTO training_run_tracks (training_run_id, track_id, label_id, split, group_key, scheme)
                VALUES (1, 1, 1, 'holdout', 'a', 'artist'), (2, 1, 1, 'train', 'b', 'artist'),
                       (2, 2, 1, 'holdout', 'c', 'title');
                INSERT INTO models (training_run_id, path, sha256, bytes, status)
                VALUES (1, '1/seed.keras', repeat('1', 64), 1, 'retired'),
                       (2, '2/seed.keras', repeat('2', 64), 1, 'champion');
                INSERT INTO predictions (track_id, model_id, label_id, confidence, clips)
                SELECT n, m, 1, 0.5, 1 FROM generate_series(1, 3) n, generate_series(1, 2) m;
            """)
        )
    migrate.upgrade(empty_database)
    with engine.begin() as connection:
        places = connection.execute(
            text("SELECT track_id, group_key, split, reason FROM track_splits ORDER BY 1")
        )
        assert [tuple(row) for row in places] == [
            (1, "b", "train", "placed by an earlier training"),
            (2, "c", "holdout", "placed by an earlier training"),
        ]
        sides = connection.execute(text("SELECT model_id, split FROM predictions ORDER BY 1, track_id"))
        assert [tuple(row) for row in sides] == [
            *((1, "holdout"), (1, "new"), (1, "new")),
            *((2, "train"), (2, "holdout"), (2, "new")),
        ]
        assert connection.scalars(text("SELECT architecture FROM models")).all() == ["seed", "seed"]
        assert connection.scalars(text("SELECT tracks FROM training_runs ORDER BY id")).all() == [1, 2]
        connection.execute(
            text("""
                INSERT INTO models (training_run_id, architecture, path, sha256, bytes, status)
                VALUES (2, 'baseline', '2/baseline.skops', repeat('3', 64), 1, 'baseline');
                UPDATE predictions SET label_id = NULL WHERE id = 1;
            """)
        )
    migrate.downgrade(empty_database, "0004")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM models")) == 2
        assert connection.scalar(text("SELECT count(*) FROM predictions")) == 5
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


def test_every_table_view_and_column_has_a_comment(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        without_comment = connection.scalars(
            text("""
                SELECT c.relname || coalesce('.' || a.attname, '')
                  FROM pg_class c
                  LEFT JOIN (SELECT attrelid, attname, attnum FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
                             UNION ALL
                             SELECT oid, NULL, 0 FROM pg_class) AS a ON a.attrelid = c.oid
                 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
                   AND c.relname <> 'alembic_version'
                   AND coalesce(CASE WHEN a.attnum = 0 THEN obj_description(c.oid, 'pg_class')
                                     ELSE col_description(c.oid, a.attnum) END, '') = ''
            """)
        ).all()
        columns = connection.scalar(
            text("SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'")
        )
    engine.dispose()
    assert without_comment == []
    assert columns is not None and columns > 400


def test_every_constraint_has_a_name() -> None:
    for table in Base.metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints), table.name
