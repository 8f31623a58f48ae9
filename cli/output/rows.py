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

from common.text import UNSAFE_BUT_LINES, visible
from flows.prefect_tools.console import SafeConsole

# Where a spreadsheet may begin a formula: at the start of a cell, or after what it may take for the end of one.
FORMULA: Final = re.compile(r"(^|[;\t\r\n])([^\S\t\r\n]*\"?)(?=[=+\-@＝＋－＠]|[\t\r])")


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def write_rows(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], form: Format, *, exact: bool = False
) -> None:
    """Write rows to stdout; CSV and JSON row by row, so that memory never fills.

    `exact`: CSV cells that begin like a formula stay as they are.
    """
    if form is Format.CSV:
        for row in chain([columns], rows):
            sys.stdout.write(csv_line([csv_cell(value, exact) for value in row]))
    elif form is Format.JSON:
        if len(set(columns)) < len(columns):
            raise typer.BadParameter("Two columns have the same name; rename one with AS.")
        _write_records(dict(zip(columns, row, strict=True)) for row in rows)
    else:
        listed = list(rows)
        print_table(rows_as_table(columns, listed))
        if not listed:
            typer.echo("0 rows")


def _write_records(records: Iterable[dict[str, Any]]) -> None:
    """Write a list of records, one at a time; the text is that of `write_json` for the whole list."""
    separator = "["
    for record in records:
        # Without the bracket, and without the line that closes the list.
        typer.echo(separator + as_json([record])[1:-2], nl=False)
        separator = ","
    typer.echo("[]" if separator == "[" else "\n]")


def csv_line(cells: Sequence[Any]) -> str:
    """A line of CSV that ends in \\n. A cell with \\r is quoted; Python would quote it for \\r\\n only."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def csv_cell(value: Any, exact: bool) -> Any:
    """A value for a CSV cell: text that a spreadsheet would run as a formula gets an apostrophe, numbers do not."""
    if value is None or isinstance(value, int | float | Decimal | date):
        return value
    text = str(value) if exact else FORMULA.sub(r"\1'\2", str(value))
    return visible(text) if sys.stdout.isatty() else text


def write_json(document: Any) -> None:
    """Write a document to stdout."""
    typer.echo(as_json(document))


def as_json(document: Any) -> str:
    """A document as JSON. Characters that would control a terminal are escaped, so that nothing is lost."""
    text = json.dumps(document, default=_json, ensure_ascii=False, indent=1)
    return UNSAFE_BUT_LINES.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _json(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


def print_table(table: Table) -> None:
    """Print a table as wide as the terminal; where a program reads, in full width and without trailing spaces."""
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
    """A table for people: numbers aligned right, fractions with three digits."""
    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[number], int | float | None) for row in rows)
        table.add_column(Text(_cell(column)), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))  # as Text: brackets are no markup
    return table


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}" if value == 0 or abs(value) >= 0.001 else f"{value:.3g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return visible(str(value))
