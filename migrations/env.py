"""Alembic's environment: one process migrates at a time, and waits only briefly for the lock of a table."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from db.engine import Lock, lock_until_commit
from db.lock_waits import announced
from db.models import Base


def run() -> None:
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "", poolclass=pool.NullPool)
    with announced(engine), engine.connect() as connection:
        # Others queue behind a migration that waits for a table's lock, so it fails after 5 s.
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text("SET statement_timeout = '10min'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_server_default=True,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            # The second of two processes that start on a new database waits here, and all wait here for a restore.
            lock_until_commit(connection, Lock.MIGRATION)
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            context.run_migrations()
    engine.dispose()


run()
