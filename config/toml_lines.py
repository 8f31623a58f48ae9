"""The line numbers of values in a TOML text, as `tomllib` keeps no positions."""

import re
import tomllib
from bisect import bisect_left
from typing import Any

Place = tuple[str | int, ...]
"""Keys and indices from the document's root: ("label", 1, "playlists", 0)."""

CLOSERS = ("", "]", "]}", "]]", "]}]", "]]]", '"""', "'''", '"""]', "'''\n]")
"""Texts that may complete a value which continues on the following lines."""

STATEMENT = re.compile(r"""\s*(\[|[\w"'.\- \t]+=)""")


def line_of(text: str, place: Place) -> int | None:
    """The line (from 1) on which the value at `place` begins; for a missing value that of its table.

    None where that table is the document itself. `text` must be valid TOML.
    """
    lines = _lines(text)
    document = _parse(lines)
    if document is None:  # nested so deeply that the first parsing only just succeeded
        return oversized_line(text)
    while place and not _holds(document, place):
        place = place[:-1]
    if not place:
        return None
    before, line = 0, len(lines)  # the value begins after `before`, and not after `line`
    while line - before > 1:
        middle = (before + line) // 2
        # In the middle of some values no closer helps, so the search goes up to a line at which one does.
        parsable = next((n for n in range(middle, before, -1) if _parse_open(lines[:n]) is not None), None)
        if parsable is not None and _holds(_parse_open(lines[:parsable]), place):
            line = parsable
        else:
            before = middle
    return line


def unfinished_line(text: str) -> int:
    """The line (from 1) on which the incomplete statement at the end of the text begins."""
    lines = _lines(text)
    start = attempts = 0
    for end in range(1, len(lines) + 1):
        # A line break ends a statement, so the fewest lines that are valid on their own are one statement.
        if end == len(lines) or STATEMENT.match(lines[end]):
            complete = _parse(lines[start:end]) is not None
            start, attempts = (end, 0) if complete else (start, attempts + 1)
        if attempts == 100:  # a value that looks like so many statements has no end
            break
    written = (n for n in range(start, len(lines)) if re.match(r"\s*[^\s#]", lines[n]))
    return next(written, len(lines) - 1) + 1


def oversized_line(text: str) -> int:
    """The line (from 1) that exceeds what `tomllib` can parse, such as a number of 5000 digits."""
    lines = _lines(text)
    return bisect_left(range(1, len(lines)), True, key=lambda end: _is_oversized(lines[:end])) + 1


def _is_oversized(lines: list[str]) -> bool:
    try:
        tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return False
    except (ValueError, RecursionError):
        return True
    return False


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _parse(lines: list[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines))
    except (ValueError, RecursionError):  # ValueError: not TOML, or a number of too many digits
        return None


def _parse_open(lines: list[str]) -> dict[str, Any] | None:
    """The document up to a line that may be in the middle of a value; None where no closer completes it."""
    documents = (_parse([*lines, closer]) for closer in CLOSERS)
    return next((document for document in documents if document is not None), None)


def _holds(document: Any, place: Place) -> bool:
    for key in place:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):  # TypeError: not a container, or a key of another type
            return False
    return True
