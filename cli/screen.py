"""Tables and sentences that fit the terminal; where a program reads, nothing is cut."""

import textwrap
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import typer
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from cli.rows import print_table, rows_as_table
from common.text import visible
from flows.prefect_tools.console import SafeConsole

BETWEEN = 2  # spaces between two columns
NARROWEST = 6  # to which a column gives way
CUT = "\nWhat ends in … is whole in a wider window and in `labelscope status --json`."
INDENT = 9  # of sentences, behind the word that they are about


def sentence(about: str, words: str) -> None:
    """A word and what there is to say about it, on as many lines as that takes."""
    for number, line in enumerate(_lines(words, INDENT)):
        typer.echo(f"{about if number == 0 else '':<{INDENT}}{line}")


def say(words: str) -> None:
    """A sentence that stands for itself, on as many lines as that takes."""
    for line in _lines(words, 0):
        typer.echo(line)


def _lines(words: str, indent: int) -> list[str]:
    console = SafeConsole()
    width = console.width - 1 - indent if console.is_terminal else 10_000
    return [visible(line) for line in textwrap.wrap(words, max(width, 20), break_on_hyphens=False)]


def fail(words: str, *, lines: bool = False) -> None:
    """A sentence on stderr, in red, on what could not be done; with `lines`, its line ends are meant."""
    text = Text(visible(words, lines=lines), style="red")
    SafeConsole(stderr=True).print(text, soft_wrap=True)


def table(
    title: str | None, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, whole: bool = False
) -> bool:
    """Rows without columns that are empty, below an empty line and a title where there is one.

    Nothing where there are no rows. Where they are too wide, text is cut and ends with an ellipsis; `whole`: it goes
    on in the next line instead. Returns whether some was cut.
    """
    if not rows:
        return False
    kept = [place for place in range(len(columns)) if any(row[place] not in (None, "") for row in rows)]
    drawn = rows_as_table(
        [columns[place] for place in kept], [[row[place] for place in kept] for row in rows], title
    )
    console = SafeConsole()
    texts = [any(isinstance(row[place], str) for row in rows) for place in kept]
    cut = console.is_terminal and _fit(drawn, texts, console.width, whole)
    if title is not None:
        typer.echo()
    print_table(drawn)
    return cut


def _fit(drawn: Table, texts: Sequence[bool], width: int, whole: bool) -> bool:
    wanted = [max(cell_len(str(cell)) for cell in (column.header, *column.cells)) for column in drawn.columns]
    given = list(wanted)
    excess = sum(wanted) + BETWEEN * (len(wanted) - 1) - width
    for _ in range(excess):  # the widest text gives way first, numbers and dates never do
        widest = max(range(len(given)), key=lambda place: given[place] * texts[place])
        if not texts[widest] or given[widest] <= NARROWEST:
            break
        given[widest] -= 1
    for column, most in zip(drawn.columns, given, strict=True):
        column.no_wrap, column.overflow, column.max_width = not whole, "fold" if whole else "ellipsis", most
    return given != wanted and not whole


def interval(low: float | None, high: float | None) -> str | None:
    """A 95 % interval; None where there is none, or it is a point: so few groups were all right, or all wrong."""
    return None if low is None or high is None or low == high else f"{low:.3f} to {high:.3f}"


def local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """The moment as clocks show it there."""
    return moment.astimezone(zone) if moment else None
