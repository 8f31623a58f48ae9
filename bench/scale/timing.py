"""Time a query of the pipeline or of a person, and find the tables that PostgreSQL scans in full for it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import Connection, Engine, event, text

TURNS = 7
LARGE_PAGES = 5_000
"""A larger table grows with the tracks: 40 MB, at a million tracks."""

Ask = Callable[[Connection], object]


@dataclass(frozen=True, slots=True)
class Question:
    """A query, and who or what runs it.

    `grows`: with what its cost grows, where that is the number of tracks. It is then timed only once.
    """

    asker: str
    name: str
    ask: Ask
    grows: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The cost of a query: milliseconds, the large tables that it scans in full, and buffers."""

    median_ms: float
    worst_ms: float
    read_whole: tuple[str, ...]
    buffers: int
    grows: str


def measure_question(connection: Connection, question: Question) -> Answer:
    """Time the query several times, then explain each of its statements."""
    taken = []
    for _ in range(1 if question.grows else TURNS):
        begin = time.perf_counter()
        question.ask(connection)
        taken.append(1000 * (time.perf_counter() - begin))
    with recorded(connection.engine) as statements:
        question.ask(connection)
    plans = [explain(connection, sql, parameters) for sql, parameters in statements]
    scanned = {table for plan in plans for table in scanned_in_full(plan["Plan"])}
    large = [table for table in sorted(scanned) if page_count(connection, table) > LARGE_PAGES]
    buffers = sum(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] for plan in plans)
    return Answer(median(taken), max(taken), tuple(large), buffers, question.grows)


@contextmanager
def recorded(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The statements that the block sends, with their parameters."""
    statements: list[tuple[str, Any]] = []

    def record(_: Any, __: Any, sql: str, parameters: Any, *___: Any) -> None:
        if sql.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE", "INSERT")):
            statements.append((sql, parameters))

    event.listen(engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", record)


def explain(connection: Connection, sql: str, parameters: Any) -> dict[str, Any]:
    """The plan of a statement, with measured times and buffers. Its changes are rolled back."""
    savepoint = connection.begin_nested()
    answer = connection.exec_driver_sql(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", parameters
    ).scalar_one()
    savepoint.rollback()
    plan: dict[str, Any] = (json.loads(answer) if isinstance(answer, str) else answer)[0]
    return plan


def scanned_in_full(plan: dict[str, Any]) -> Iterator[str]:
    """Yields tables and indexes that an executed node of the plan scans in full."""
    if plan["Actual Loops"] and plan["Node Type"].endswith("Seq Scan"):
        yield plan["Relation Name"]
    if plan["Actual Loops"] and "Index Name" in plan and "Index Cond" not in plan:
        yield plan["Index Name"]
    for child in plan.get("Plans", ()):
        yield from scanned_in_full(child)


def page_count(connection: Connection, table: str) -> int:
    """Pages of 8 KiB of a table or an index."""
    size = text("SELECT relpages FROM pg_class WHERE oid = to_regclass(:table)")
    return int(connection.scalar(size, {"table": table}) or 0)
