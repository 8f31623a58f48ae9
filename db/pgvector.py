"""Add what migration 0012 left out where PostgreSQL had no pgvector, once it has."""

from importlib import import_module

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from db.engine import Lock, lock_until_commit, normalised_url
from db.lock_waits import announced


def add_neighbours(address: str) -> bool:
    """See that the table of embeddings, its index and its functions are there; False where there is no pgvector.

    The address is that of a role that may migrate, and may create the extension, unless somebody else has created it.
    """
    engine = create_engine(normalised_url(address), poolclass=NullPool)
    with announced(engine), engine.begin() as connection:
        lock_until_commit(connection, Lock.MIGRATION)
        made: bool = import_module("migrations.versions.0012_neighbours").make(connection)
    return made
