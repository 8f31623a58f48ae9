"""On which line of a TOML text something stands. `tomllib` reads TOML but keeps no positions."""

import re
import tomllib
from bisect import bisect_left
from typing import Any

Place = tuple[str | int, ...]
"""Keys and indices from the document's root: ("label", 1, "playlists", 0)."""

CLOSERS = ("", "]", "]}", "]]", "]}]", "]]]", '"""', "'''", '"""]', "'''\n]")
"""What may complete a value that goes on over the following lines."""

STATEMENT = re.compile(r"""\s*(\[|[\w"'.\- \t]+=)""")


def line_of(text: str, place: Place) -> int | None:
    """The line (from 1) where the value at `place` begins; for a missing one, that of the table it belongs to.

    `text` must be valid TOML. None if that table is the document itself.
    """
    lines = _lines(text)
    document = _parse(lines)
    if document is None:  # nested so deeply that it could only just be read
        return oversized_line(text)
    while place and not _holds(document, place):
        place = place[:-1]
    if not place:
        return None
    before, line = 0, len(lines)  # the value begins after the one, and at the other at the latest
    while line - before > 1:
        middle = (before + line) // 2
        # in the middle of some values no closer helps: the nearest line above at which one does
        known = next((n for n in range(middle, before, -1) if _parse_open(lines[:n]) is not None), None)
        if known is not None and _holds(_parse_open(lines[:known]), place):
            line = known
        else:
            before = middle
    return line


def unfinished_line(text: str) -> int:
    """The line (from 1) where the statement begins that the text ends in before it is complete."""
    lines = _lines(text)
    start = attempts = 0
    for end in range(1, len(lines) + 1):
        # a new line ends a statement, so the fewest lines that are valid on their own are whole statements
        if end == len(lines) or STATEMENT.match(lines[end]):
            complete = _parse(lines[start:end]) is not None
            start, attempts = (end, 0) if complete else (start, attempts + 1)
        if attempts == 100:  # no value looks like so many statements unless its end is missing
            break
    written = (n for n in range(start, len(lines)) if re.match(r"\s*[^\s#]", lines[n]))
    return next(written, len(lines) - 1) + 1


def oversized_line(text: str) -> int:
    """The line (from 1) with which the text becomes more than `tomllib` can take, such as a number of 5000 digits."""
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
    """The document up to a line in the middle of a value, as far as it goes."""
    documents = (_parse([*lines, closer]) for closer in CLOSERS)
    return next((document for document in documents if document is not None), None)


def _holds(document: Any, place: Place) -> bool:
    for key in place:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):  # TypeError: not what can hold such a key
            return False
    return True
