"""How Alembic runs the migrations: one process at a time, and never waiting long for a lock."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from db.engine import Lock, lock_until_commit
from db.lock_waits import announced
from db.models import Base


def run() -> None:
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "", poolclass=pool.NullPool)
    with announced(engine), engine.connect() as connection:
        # A migration that waits for a table's lock queues everybody behind it: after 5 s it fails instead.
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
            # Of two processes that start at once on a new database, the second waits here; as all do for a restore.
            lock_until_commit(connection, Lock.MIGRATION)
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            context.run_migrations()
    engine.dispose()


run()
