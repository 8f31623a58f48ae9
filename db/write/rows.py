"""Rows as parameters of a statement: unique, and as one array for each column.

A statement with arrays writes a whole batch, and its text is the same for any size of batch.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar

Row = Mapping[str, Any]
RowT = TypeVar("RowT", bound=Row)


class MetricColumns(TypedDict):
    """The columns that `metrics` and `evaluation_metrics` share; label_id is None for all labels together."""

    level: str
    name: str
    label_id: int | None
    value: float
    ci_low: float | None
    ci_high: float | None
    count: int


class ConfusionColumns(TypedDict):
    """The columns that `confusions` and `evaluation_confusions` share."""

    level: str
    true_label_id: int
    predicted_label_id: int
    count: int


def unique(rows: Iterable[RowT], *key: str) -> list[RowT]:
    """The first row of each key: one upsert may not touch a row twice."""
    first: dict[tuple[Any, ...], RowT] = {}
    for row in rows:
        first.setdefault(tuple(row[name] for name in key), row)
    return list(first.values())


def arrays(rows: Sequence[Row], *names: str) -> dict[str, list[Any]]:
    """The values of all rows by name, in the order of the rows."""
    return {name: _of_one_type([row[name] for row in rows]) for name in names}


def json_array(rows: Sequence[Row], name: str) -> str:
    """The values of all rows, in order, as one JSON text.

    An array of texts takes ten times as long, as psycopg escapes each quotation mark in it by a Python call.
    """
    return json.dumps([row[name] for row in rows], ensure_ascii=False)


def _of_one_type(values: list[Any]) -> list[Any]:
    """All numbers as floats where one is: arrays of PostgreSQL have one type."""
    if any(isinstance(value, float) for value in values):
        return [None if value is None else float(value) for value in values]
    return values
