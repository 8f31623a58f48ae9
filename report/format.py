"""Values as text for people. Names come from the network, so they are made harmless and short here."""

import html
from datetime import datetime
from typing import Final

from common.text import spaced
from report.bounds import LETTERS

NOTHING: Final = "–"


def plain_text(value: str | None, longest: int = LETTERS) -> str:
    """Text on one line, at most `longest` characters; a dash for None and for empty text."""
    if value is None or value == "":
        return NOTHING
    text = spaced(value).strip()
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def chart_text(value: str | None, longest: int = LETTERS) -> str:
    """`plain_text` for a chart, with HTML escaped: Plotly reads <b> and <a href> as markup."""
    return html.escape(plain_text(value, longest), quote=False)


def short_name(value: str | None) -> str:
    """A label or a title inside a sentence: at most 60 characters."""
    return plain_text(value, 60)


def integer(value: float | None) -> str:
    """12 345"""
    return NOTHING if value is None else f"{round(value):,}".replace(",", "\u202f")


def percent(value: float | None, digits: int = 1) -> str:
    """72.6 %"""
    return NOTHING if value is None else f"{100 * value:.{digits}f}\u202f%"


def decimal(value: float | None) -> str:
    """A number with three significant digits or so: 0.123, 12.3, 1 234."""
    if value is None:
        return NOTHING
    if abs(value) >= 1000:
        return integer(value)
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1
    return f"{value:.{digits}f}".replace("-", "\u2212")


def interval(low: float | None, high: float | None) -> str:
    """67.6 to 77.6 %; a dash where there is no interval, or one of width 0 (few groups, all right or all wrong)."""
    if low is None or high is None or low == high:
        return NOTHING
    return f"{100 * low:.1f} to {percent(high)}"


def interval_note(low: float | None, high: float | None) -> str:
    """ " (95 % interval 67.6 to 77.6 %)" to append to a value; empty where there is no interval."""
    text = interval(low, high)
    return "" if text == NOTHING else f" (95 % interval {text})"


def timestamp(value: datetime | None) -> str:
    """2026-11-25 01:50"""
    return NOTHING if value is None else f"{value:%Y-%m-%d %H:%M}"


def clock(seconds: float | None) -> str:
    """1:02:03, or 2:03"""
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """1 track, 2 tracks"""
    return f"{integer(number)}\u00a0{singular if number == 1 else plural or singular + 's'}"
