"""Rows on stdout: as a table for people, as CSV or JSON for programs."""

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import Any, Final

import typer
from rich.table import Table
from rich.text import Text

from common.text import UNSAFE, visible
from flows.prefect_tools.console import SafeConsole

# Where a spreadsheet begins a formula: at the head of a cell, or behind what it may take for the end of one.
FORMULA: Final = re.compile(r"(^|[;\t\r\n])([^\S\t\r\n]*\"?)(?=[=+\-@＝＋－＠]|[\t\r])")
STEERING_BUT_LINES: Final = re.compile(rf"(?!\n){UNSAFE.pattern}")


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def write_rows(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], form: Format, *, exact: bool = False
) -> None:
    """Rows to stdout; CSV and JSON as they come, so that no number of them fills memory.

    `exact`: cells of a CSV that begin as a formula stay as they are.
    """
    if form is Format.CSV:
        for row in chain([columns], rows):
            sys.stdout.write(csv_line([csv_cell(value, exact) for value in row]))
    elif form is Format.JSON:
        if len(set(columns)) < len(columns):
            raise typer.BadParameter("Two columns have the same name; tell them apart with AS.")
        _write_records(dict(zip(columns, row, strict=True)) for row in rows)
    else:
        print_table(rows_as_table(columns, list(rows)))


def _write_records(records: Iterable[dict[str, Any]]) -> None:
    """A list of records as `write_json` would write it, but one at a time."""
    before = "["
    for record in records:
        alone = as_json([record])
        # Without its bracket, and without the line that closes it.
        typer.echo(before + alone[1:-2], nl=False)
        before = ","
    typer.echo("[]" if before == "[" else "\n]")


def csv_line(cells: Sequence[Any]) -> str:
    """A line of CSV that ends in \\n. A cell with \\r is quoted, too, which Python does for \\r\\n alone."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def csv_cell(value: Any, exact: bool) -> Any:
    """A value as CSV holds it: text that a spreadsheet would run as a formula gets an apostrophe, numbers do not."""
    if value is None or isinstance(value, int | float | Decimal | date):
        return value
    text = str(value) if exact else FORMULA.sub(r"\1'\2", str(value))
    return visible(text) if sys.stdout.isatty() else text


def write_json(document: Any) -> None:
    """A document to stdout."""
    typer.echo(as_json(document))


def as_json(document: Any) -> str:
    """A document as JSON, in which characters that steer a terminal are escaped, so that nothing of it is lost."""
    text = json.dumps(document, default=_json, ensure_ascii=False, indent=1)
    return STEERING_BUT_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _json(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


def print_table(table: Table) -> None:
    """As wide as the terminal; as wide as it needs to be where a program reads, and without trailing spaces."""
    console = SafeConsole()
    if console.is_terminal:
        console.print(table)
        return
    plain = SafeConsole(file=io.StringIO(), width=10_000)
    with plain.capture() as captured:
        plain.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def rows_as_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> Table:
    """Rows as people read them: numbers to the right, fractions to three places."""
    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[number], int | float | None) for row in rows)
        table.add_column(Text(_cell(column)), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))  # as text: no brackets mean markup
    return table


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}" if value == 0 or abs(value) >= 0.001 else f"{value:.3g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return visible(str(value))
