"""Rows on their way into a statement: made unique, and turned into one array a column.

A statement over arrays writes a whole batch at once, and its text stays the same however large the batch is.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def unique(rows: Iterable[Row], *key: str) -> list[Row]:
    """The rows without repeats of the key, the first of each kept: one upsert may not touch a row twice."""
    first: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        first.setdefault(tuple(row[name] for name in key), row)
    return list(first.values())


def arrays(rows: Sequence[Row], *names: str) -> dict[str, list[Any]]:
    """For each name the values of all rows, in order."""
    return {name: _of_one_type([row[name] for row in rows]) for name in names}


def json_array(rows: Sequence[Row], name: str) -> str:
    """The values of all rows, in order, as one JSON text.

    An array of texts would take ten times as long: psycopg escapes each quotation mark in it by a call of Python.
    """
    return json.dumps([row[name] for row in rows], ensure_ascii=False)


def _of_one_type(values: list[Any]) -> list[Any]:
    """PostgreSQL's arrays do not mix whole numbers with others, as JSON does."""
    if any(isinstance(value, float) for value in values):
        return [None if value is None else float(value) for value in values]
    return values
