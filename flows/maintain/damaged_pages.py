"""Find damaged pages of the database: read every table and index, and verify them with amcheck."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from db.read.rows import typed_rows

NOT_VERIFIED = "Tables were read, but indexes were not: this role cannot use amcheck and pageinspect."
EXTENSIONS = ("amcheck", "pageinspect")

# Tables before indexes: indexes of a damaged table are not compared with it.
RELATIONS = """
    SELECT c.oid, c.oid::regclass::text AS name, a.amname AS method, i.indrelid AS table
      FROM pg_class c JOIN pg_am a ON a.oid = c.relam LEFT JOIN pg_index i ON i.indexrelid = c.oid
     WHERE c.relpersistence = 'p' AND c.relkind IN ('r', 'm', 't', 'i') AND coalesce(i.indisvalid, true)
     ORDER BY i.indrelid IS NOT NULL, name
"""
TABLE = "SELECT concat('block ', blkno, ': ', msg) FROM verify_heapam(CAST(:oid AS oid)::regclass) LIMIT 1"
INDEX = "SELECT bt_index_check(CAST(:oid AS oid)::regclass, CAST(:with_table AS boolean))"
# Reading a page verifies its checksum; for kinds of indexes that amcheck does not support.
PAGES = """
    SELECT count(get_raw_page(CAST(:name AS text), 'main', page)) FROM generate_series(
        0, pg_relation_size(CAST(:oid AS oid)::regclass) / current_setting('block_size')::bigint - 1) AS page
"""
# Classes of SQLSTATE: internal errors of PostgreSQL, and errors of files.
DAMAGE = ("XX", "58")
# SQLSTATE: no right to read, or a kind of index that amcheck does not support.
NOT_ALLOWED = ("42501", "0A000")
ROWS = "SELECT count(t) FROM {} t"


class Relation(NamedTuple):
    """A table or an index; `table` is the oid of the index's table, None for a table."""

    oid: int
    name: str
    method: str
    table: int | None


@dataclass(frozen=True, slots=True)
class Damaged:
    """A table or an index with a damaged page."""

    name: str
    is_index: bool
    reason: str  # PostgreSQL's message

    @property
    def sentence(self) -> str:
        """What is damaged, and the cure."""
        if self.is_index:
            cure = f"`labelscope maintain --thorough --repair`, or REINDEX INDEX {self.name} as its owner, rebuilds it"
        else:
            cure = "restore the last backup into a new home, and have the disk checked"
        return f"The {'index' if self.is_index else 'table'} {self.name} is damaged ({self.reason}); {cure}."


def damaged_pages(engine: Engine) -> tuple[list[Damaged], bool]:
    """Damaged tables and indexes, and whether amcheck was available.

    Without amcheck only tables are read, which verifies their checksums. It needs an engine of the owner, or of a role
    that may use the extensions. They are created in a transaction that is rolled back: a backup must not need them.
    PostgreSQL reads pages from the disk unless they are in its cache.
    """
    with engine.connect() as connection:
        has_amcheck = all(_create_extension(connection, name) for name in EXTENSIONS)
        damaged = list(_check(connection, has_amcheck))
        connection.rollback()
    return damaged, has_amcheck


def repair_indexes(engine: Engine, damaged: Sequence[Damaged]) -> list[str]:
    """Rebuild damaged indexes; returns a sentence for each."""
    outcomes = []
    for index in damaged:
        if not index.is_index:
            continue
        with engine.connect() as connection:
            error = _damage(connection, f"REINDEX INDEX {index.name}", {})
            connection.commit()
        outcomes.append(
            f"The index {index.name} could not be rebuilt ({error})."
            if error
            else f"The index {index.name} was rebuilt."
        )
    return outcomes


def _create_extension(connection: Connection, extension: str) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
    except DBAPIError:  # no right to, or not installed
        return False
    return True


def _check(connection: Connection, has_amcheck: bool) -> Iterator[Damaged]:
    bad_tables = set[int]()
    for relation in typed_rows(Relation, connection.execute(text(RELATIONS))):
        if relation.table is None:
            statement = TABLE if has_amcheck else ROWS.format(relation.name)
        elif not has_amcheck:
            continue
        else:
            statement = INDEX if relation.method == "btree" else PAGES
        reason = _damage(connection, statement, _values(relation, bad_tables))
        if reason is not None:
            bad_tables.add(relation.oid)
            yield Damaged(relation.name, relation.table is not None, reason)


def _values(relation: Relation, bad_tables: set[int]) -> dict[str, object]:
    return {"oid": relation.oid, "name": relation.name, "with_table": relation.table not in bad_tables}


def _damage(connection: Connection, statement: str, values: Mapping[str, object]) -> str | None:
    """The damage that the statement reports by a row or by an error; None where there is none, or it may not read."""
    parameters = {name: value for name, value in values.items() if f":{name}" in statement}
    try:
        with connection.begin_nested():
            result = connection.execute(text(statement), parameters)
            message = result.scalar() if result.returns_rows else None
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or ""
        if state.startswith(DAMAGE):
            return " ".join(str(error.orig).split("\n")[0].split())
        if state not in NOT_ALLOWED:
            raise
        return None
    return str(message) if statement == TABLE and message else None
