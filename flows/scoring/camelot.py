"""Keys in Camelot's notation: a number from 1 to 12 and A for minor or B for major."""

import re
from typing import Final

from common.errors import LabelscopeError

NOTATION: Final = re.compile(r"(1[0-2]|[1-9])([AB])", re.IGNORECASE)


class ChoiceError(LabelscopeError):
    """Tracks cannot be chosen like this. The message is one sentence with the cure."""


def camelot(key: int | None, mode: int | None) -> str | None:
    """The key 0 (C) to 11 (B) with mode 1 (major) or 0 (minor), such as 8B for C major; None where one is unknown."""
    if key is None or mode is None:
        return None
    major = key if mode else key + 3
    return f"{(major * 7 + 7) % 12 + 1}{'B' if mode else 'A'}"


def compatible_keys(name: str) -> set[str]:
    """The key itself, its neighbours on the wheel, and its relative key. Raises ChoiceError for no such key."""
    match = NOTATION.fullmatch(name)
    if match is None:
        raise ChoiceError(f"{name!r} is no key: write `compatible`, or Camelot's notation such as 8A.")
    number, letter = int(match[1]), match[2].upper()
    other = "B" if letter == "A" else "A"
    return {
        f"{number}{letter}",
        f"{number % 12 + 1}{letter}",
        f"{(number - 2) % 12 + 1}{letter}",
        f"{number}{other}",
    }
