"""Values as people read them. Words come from the network: here they become harmless, and short."""

import html
from datetime import datetime
from typing import Any, Final

from common.text import spaced
from report.bounds import LETTERS

NOTHING: Final = "–"


def words(value: Any, longest: int = LETTERS) -> str:
    """Text on one line, cut where it is too long; nothing is a dash."""
    if value is None or value == "":
        return NOTHING
    text = spaced(str(value)).strip()
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def in_chart(value: Any, longest: int = LETTERS) -> str:
    """The same for text inside of a chart, where Plotly takes <b> and <a href> for markup."""
    return html.escape(words(value, longest), quote=False)


def named(value: Any) -> str:
    """A label or a title in a sentence, which it must not fill."""
    return words(value, 60)


def whole(value: float | None) -> str:
    """12 345"""
    return NOTHING if value is None else f"{round(value):,}".replace(",", "\u202f")


def share(value: float | None, digits: int = 1) -> str:
    """72.6 %"""
    return NOTHING if value is None else f"{100 * value:.{digits}f}\u202f%"


def decimal(value: float | None) -> str:
    """Three digits that matter: 0.123, 12.3, 1 234."""
    if value is None:
        return NOTHING
    if abs(value) >= 1000:
        return whole(value)
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1
    return f"{value:.{digits}f}".replace("-", "\u2212")


def between(low: float | None, high: float | None) -> str:
    """67.6 to 77.6 %; a dash where it is not known, or a point: few groups were all right, or all wrong."""
    if low is None or high is None or low == high:
        return NOTHING
    return f"{100 * low:.1f} to {share(high)}"


def within(low: float | None, high: float | None) -> str:
    """(95 % interval 67.6 to 77.6 %), to follow a value; nothing where there is none."""
    said = between(low, high)
    return "" if said == NOTHING else f" (95 % interval {said})"


def moment(value: datetime | None) -> str:
    """2026-11-25 01:50"""
    return NOTHING if value is None else f"{value:%Y-%m-%d %H:%M}"


def clock(seconds: float | None) -> str:
    """1:02:03, or 2:03"""
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """1 track, 2 tracks"""
    return f"{whole(number)}\u00a0{one if number == 1 else many or one + 's'}"
