"""Rows of queries as NamedTuples whose fields are the query's columns."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import CursorResult

Typed = TypeVar("Typed")


def typed_rows(kind: Callable[..., Typed], result: CursorResult[Any]) -> list[Typed]:
    """All rows of a result as NamedTuples of this kind. Raises ValueError where columns and fields differ."""
    fields, columns = getattr(kind, "_fields", ()), tuple(result.keys())
    if fields != columns:
        raise ValueError(f"{kind} has the fields {fields}, and the query the columns {columns}.")
    return [kind(*row) for row in result]


def typed_row(kind: Callable[..., Typed], result: CursorResult[Any]) -> Typed | None:
    """The only row of a result as a NamedTuple of this kind; None without a row."""
    rows = typed_rows(kind, result)
    if len(rows) > 1:
        raise ValueError(f"{len(rows)} rows where one is expected.")
    return rows[0] if rows else None
