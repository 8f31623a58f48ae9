"""Homes and databases after some stages, which tests copy: a test that needs a champion does not train one."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from services.postgres.server import PostgresAddress

NUMBERS = itertools.count()


@dataclass(frozen=True)
class Stage:
    """A database and a home that belong together. A database without connections can be copied."""

    server: PostgresAddress
    database: str
    home: Path

    @property
    def url(self) -> str:
        return self.server.url(self.database)


@contextmanager
def copied_database(server: PostgresAddress, template: str) -> Iterator[str]:
    """The name of a copy of a database, for the block."""
    name = f"test_{next(NUMBERS)}"
    administrator = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with administrator.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG"))
        yield name
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administrator.dispose()


@contextmanager
def copied(stage: Stage, home: Path) -> Iterator[Stage]:
    """A copy for the block, in a home that does not exist yet."""
    shutil.copytree(stage.home, home)
    with copied_database(stage.server, stage.database) as name:
        yield Stage(stage.server, name, home)


@contextmanager
def in_use(stage: Stage) -> Iterator[None]:
    """Flows of the block work on this stage; their changes of the environment are undone."""
    before = dict(os.environ)
    os.environ |= {"DATABASE_URL": stage.url, "LABELSCOPE_HOME": str(stage.home)}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
