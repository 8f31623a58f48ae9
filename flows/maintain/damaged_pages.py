"""Damaged pages of the database: every table and index is read, and compared with what it should be by amcheck."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import DBAPIError

NOT_COMPARED = "Tables were read and indexes were not: amcheck and pageinspect are not there for this role."
EXTENSIONS = ("amcheck", "pageinspect")

# Tables before indexes: where a table is damaged, its indexes are not compared with it.
RELATIONS = """
    SELECT c.oid, c.oid::regclass::text AS name, a.amname AS method, i.indrelid AS table
      FROM pg_class c JOIN pg_am a ON a.oid = c.relam LEFT JOIN pg_index i ON i.indexrelid = c.oid
     WHERE c.relpersistence = 'p' AND c.relkind IN ('r', 'm', 't', 'i') AND coalesce(i.indisvalid, true)
     ORDER BY i.indrelid IS NOT NULL, name
"""
TABLE = "SELECT concat('block ', blkno, ': ', msg) FROM verify_heapam(CAST(:oid AS oid)::regclass) LIMIT 1"
INDEX = "SELECT bt_index_check(CAST(:oid AS oid)::regclass, CAST(:with_table AS boolean))"
PAGES = """
    SELECT count(get_raw_page(CAST(:name AS text), 'main', page)) FROM generate_series(
        0, pg_relation_size(CAST(:oid AS oid)::regclass) / current_setting('block_size')::bigint - 1) AS page
"""  # their checksums, for kinds of indexes that amcheck does not know
DAMAGE = ("XX", "58")  # classes of SQLSTATE: PostgreSQL's own faults, and those of files
NOT_ALLOWED = ("42501", "0A000")  # no right to look, or amcheck does not know this kind
ROWS = "SELECT count(t) FROM {} t"


@dataclass(frozen=True, slots=True)
class Damaged:
    """A table or an index with a page that is not what PostgreSQL wrote."""

    name: str
    is_index: bool
    why: str  # in PostgreSQL's words

    @property
    def sentence(self) -> str:
        if self.is_index:
            cure = f"`labelscope maintain --thorough --repair`, or its owner's REINDEX INDEX {self.name}, makes it anew"
        else:
            cure = "restore the last backup into a new home, and have the disk checked"
        return f"The {'index' if self.is_index else 'table'} {self.name} is damaged ({self.why}); {cure}."


def damaged_pages(engine: Engine) -> tuple[list[Damaged], bool]:
    """What is damaged, and whether amcheck could be asked: else tables alone were read, which shows their checksums.

    The extensions are made for the transaction alone, so that no backup needs them where it is restored. PostgreSQL
    reads from the disk what it does not hold in memory. The engine is the owner's, or amcheck is there for its role.
    """
    with engine.connect() as connection:
        asked = all(_makes(connection, name) for name in EXTENSIONS)
        found = list(_check(connection, asked))
        connection.rollback()
    return found, asked


def repair_indexes(engine: Engine, damaged: Sequence[Damaged]) -> list[str]:
    """Make damaged indexes anew; a sentence for each."""
    outcomes = []
    for each in damaged:
        if not each.is_index:
            continue
        with engine.connect() as connection:
            error = _error(connection, f"REINDEX INDEX {each.name}", {})
            connection.commit()
        outcomes.append(
            f"The index {each.name} could not be made anew ({error})."
            if error
            else f"The index {each.name} was made anew."
        )
    return outcomes


def _makes(connection: Connection, extension: str) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
    except DBAPIError:  # no right to, or not installed
        return False
    return True


def _check(connection: Connection, asked: bool) -> Iterator[Damaged]:
    bad_tables = set[int]()
    for relation in connection.execute(text(RELATIONS)).all():
        if relation.table is None:
            statement = TABLE if asked else ROWS.format(relation.name)
        elif not asked:
            continue
        else:
            statement = INDEX if relation.method == "btree" else PAGES
        why = _error(connection, statement, _values(relation, bad_tables))
        if why is not None:
            bad_tables.add(relation.oid)
            yield Damaged(relation.name, relation.table is not None, why)


def _values(relation: Row[Any], bad_tables: set[int]) -> dict[str, Any]:
    return {"oid": relation.oid, "name": relation.name, "with_table": relation.table not in bad_tables}


def _error(connection: Connection, statement: str, values: dict[str, Any]) -> str | None:
    """What PostgreSQL finds damaged, by a row or by an error; None where it finds nothing, or may not look."""
    wanted = {name: value for name, value in values.items() if f":{name}" in statement}
    try:
        with connection.begin_nested():
            answer = connection.execute(text(statement), wanted)
            found = answer.scalar() if answer.returns_rows else None
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or ""
        if state.startswith(DAMAGE):
            return " ".join(str(error.orig).split("\n")[0].split())
        if state not in NOT_ALLOWED:
            raise
        return None
    return str(found) if statement == TABLE and found else None
