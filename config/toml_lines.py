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
    ends = [end for end in _statement_ends(lines) if end < len(lines)] + [len(lines)]
    number = bisect_left(ends[:-1], True, key=lambda end: _holds(_parse(lines[:end]), place))
    start, end = ends[number - 1] if number else 0, ends[number]
    for line in range(start + 1, end):
        if any(_holds(_parse([*lines[:line], closer]), place) for closer in CLOSERS):
            return line
    return end


def unfinished_line(text: str) -> int:
    """The line (from 1) where the statement begins that the text ends in before it is complete."""
    lines = _lines(text)
    end = max(_statement_ends(lines), default=0)
    return next(
        (line + 1 for line in range(end, len(lines)) if re.match(r"\s*[^\s#]", lines[line])), len(lines)
    )


def oversized_line(text: str) -> int:
    """The line (from 1) with which the text becomes more than `tomllib` can take, such as a number of 5000 digits."""
    lines = _lines(text)
    for number in range(1, len(lines) + 1):
        try:
            tomllib.loads("\n".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue
        except (ValueError, RecursionError):
            return number
    return len(lines)


def _statement_ends(lines: list[str]) -> list[int]:
    """How many lines there are up to the end of each statement; those after the last valid one count to none.

    A new line ends a statement, so the fewest lines that are valid on their own are whole statements.
    """
    ends = []
    start = 0
    for end in range(1, len(lines) + 1):
        # parsing only ahead of what may begin a statement keeps long lists cheap
        ahead = end == len(lines) or STATEMENT.match(lines[end])
        if ahead and _parse(lines[start:end]) is not None:
            ends.append(end)
            start = end
    return ends


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _parse(lines: list[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines))
    except (ValueError, RecursionError):  # ValueError: not TOML, or a number of too many digits
        return None


def _holds(document: Any, place: Place) -> bool:
    for key in place:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):  # TypeError: not what can hold such a key
            return False
    return True
