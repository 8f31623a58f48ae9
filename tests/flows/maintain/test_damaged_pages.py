"""Damaged pages of the database are found and named, and damaged indexes rebuilt."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text

from db import migrate
from db.engine import libpq_url
from flows.home.environment import connected
from flows.home.postgres_errors import postgres_sentence
from flows.maintain.damaged_pages import damaged_pages, repair_indexes
from services.locks import SERVER, is_held
from services.postgres.server import embedded_postgres, ensure_database
from tests.processes import wait_until

DAMAGED = {"labels": False, "pk_tracks": True, "ix_embeddings_embedding": True}  # whether it is an index
ROWS = """
    INSERT INTO labels (slug, name) SELECT 'label-' || n, 'Label ' || n FROM generate_series(1, 2000) n;
    CHECKPOINT
"""


def file_of(engine: Engine, home: Path, relation: str) -> Path:
    with engine.connect() as connection:
        path = connection.scalar(text("SELECT pg_relation_filepath(:name)"), {"name": relation})
    return home / "postgres" / "data" / str(path)


def flip(file: Path, page: int) -> None:
    """Change bits in the middle of a page."""
    content = bytearray(file.read_bytes())
    content[page * 8192 + 5000] ^= 255
    file.write_bytes(content)


def test_damaged_pages_are_found_and_named_and_indexes_are_rebuilt(tmp_path: Path) -> None:
    with embedded_postgres(tmp_path) as server:
        ensure_database(server, "labelscope")
        migrate.upgrade(server.url("labelscope"))
        with psycopg.connect(libpq_url(server.url("labelscope")), autocommit=True) as owner:
            owner.execute(ROWS)
        with connected(server.url("labelscope")) as engine:
            assert damaged_pages(engine) == ([], True)
            files = [file_of(engine, tmp_path, relation) for relation in DAMAGED]
    # The server writes until it has stopped.
    wait_until(lambda: not is_held(tmp_path / "postgres" / SERVER))
    for file in files:
        flip(file, 0)
    with embedded_postgres(tmp_path) as server, connected(server.url("labelscope")) as engine:
        damaged, _ = damaged_pages(engine)
        assert {relation.name: relation.is_index for relation in damaged} == DAMAGED
        for relation in damaged:
            assert relation.name in relation.sentence
            assert ("--repair" if relation.is_index else "restore the last backup") in relation.sentence
        with engine.connect() as connection:
            extensions = text("SELECT count(*) FROM pg_extension WHERE extname IN ('amcheck', 'pageinspect')")
            assert connection.scalar(extensions) == 0
        assert set(repair_indexes(engine, damaged)) == {
            f"The index {name} was rebuilt." for name, is_index in DAMAGED.items() if is_index
        }
        assert [relation.name for relation in damaged_pages(engine)[0]] == ["labels"]
        with (
            psycopg.connect(libpq_url(server.url("labelscope"))) as reader,
            pytest.raises(psycopg.Error) as error,
        ):
            reader.execute("SELECT * FROM labels")
        assert "maintain --thorough" in postgres_sentence(error.value)
