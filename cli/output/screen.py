"""Tables and sentences, wrapped to the terminal."""

import textwrap
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import typer
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from cli.output.rows import print_table, rows_as_table
from common.text import visible
from flows.prefect_tools.console import SafeConsole

COLUMN_GAP = 2  # spaces between two columns
NARROWEST = 6  # characters that each column keeps
LONGEST_ERROR = 2000  # characters
INDENT = 9  # characters of the first column of entries


def entry(name: str, text: str) -> None:
    """Print a name in the first column and a text beside it, wrapped to the terminal."""
    for number, line in enumerate(_lines(text, INDENT)):
        typer.echo(f"{name if number == 0 else '':<{INDENT}}{line}")


def paragraph(text: str) -> None:
    """Print a text, wrapped to the terminal."""
    for line in _lines(text, 0):
        typer.echo(line)


def _lines(text: str, indent: int) -> list[str]:
    console = SafeConsole()
    width = console.width - 1 - indent if console.is_terminal else 10_000
    return [visible(line) for line in textwrap.wrap(text, max(width, 20), break_on_hyphens=False)]


def error(sentence: str, *, lines: bool = False) -> None:
    """Print a sentence in red on stderr; with `lines` it keeps its line ends."""
    if len(sentence) > LONGEST_ERROR:  # it quotes an argument
        sentence = f"{sentence[: LONGEST_ERROR // 2]} … {sentence[-LONGEST_ERROR // 2 :]}"
    text = Text(visible(sentence, lines=lines), style="red")
    SafeConsole(stderr=True).print(text, soft_wrap=True)


def table(title: str | None, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows without their empty columns; with a title, below an empty line. No rows: print nothing.

    In a table too wide for the terminal text continues on the next line.
    """
    if not rows:
        return
    filled = [index for index in range(len(columns)) if any(row[index] not in (None, "") for row in rows)]
    headers = [columns[index] for index in filled]
    drawn = rows_as_table(headers, [[row[index] for index in filled] for row in rows], title)
    console = SafeConsole()
    is_text = [any(isinstance(row[index], str) for row in rows) for index in filled]
    if console.is_terminal:
        _fit(drawn, is_text, console.width)
    if title is not None:
        typer.echo()
    print_table(drawn)


def _fit(drawn: Table, is_text: Sequence[bool], width: int) -> None:
    """Narrow the widest text columns until the table fits; numbers and dates stay."""
    full = [max(cell_len(str(cell)) for cell in (column.header, *column.cells)) for column in drawn.columns]
    widths = list(full)
    excess = sum(full) + COLUMN_GAP * (len(full) - 1) - width
    for _ in range(excess):
        widest = max(range(len(widths)), key=lambda index: widths[index] * is_text[index])
        if not is_text[widest] or widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
    for column, most in zip(drawn.columns, widths, strict=True):
        column.no_wrap, column.overflow, column.max_width = False, "fold", most


def interval(low: float | None, high: float | None) -> str | None:
    """A 95 % interval; None where there is none, or it is a point: all of a few groups were right, or all wrong."""
    return None if low is None or high is None or low == high else f"{low:.3f} to {high:.3f}"


def local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """The moment in this time zone."""
    return moment.astimezone(zone) if moment else None
