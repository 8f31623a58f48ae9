"""Rows on stdout: as a table for people, as CSV or JSON for programs."""

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

# What steers a terminal: control characters, line ends, and changes of the direction in which one reads.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def write_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: Format) -> None:
    """Rows to stdout, in one of the formats; CSV and JSON as they come, so that no number of them fills memory."""
    if form is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    elif form is Format.JSON:
        if len(set(columns)) < len(columns):
            raise typer.BadParameter("Two columns have the same name; tell them apart with AS.")
        _write_json(dict(zip(columns, row, strict=True)) for row in rows)
    else:
        print_table(rows_as_table(columns, list(rows)))


def _write_json(records: Iterable[dict[str, Any]]) -> None:
    """As json.dump would write the list of them, but one at a time."""
    before = "["
    for record in records:
        alone = json.dumps([record], default=_json, ensure_ascii=False, indent=1)
        typer.echo(before + alone[1:-2], nl=False)  # without its bracket, and without the line that closes it
        before = ","
    typer.echo("[]" if before == "[" else "\n]")


def print_table(table: Table) -> None:
    """As wide as the terminal; as wide as it needs to be where a program reads, and without trailing spaces."""
    console = Console()
    if console.is_terminal:
        console.print(table)
        return
    plain = Console(file=io.StringIO(), width=10_000)
    with plain.capture() as captured:
        plain.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def _json(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


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
    # A crafted tag must not steer the terminal.
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))
