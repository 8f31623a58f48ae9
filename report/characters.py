"""Which characters may steer what shows a text, and never reach a terminal or a page."""

import re
from typing import Final

# Control characters (C0, DEL, C1), line and paragraph separators, marks and overrides of the reading direction,
# characters that are only there to be invisible, and halves of surrogate pairs, by which Python keeps raw bytes.
STEERING: Final = (
    r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
)
ONE: Final = re.compile(f"[{STEERING}]")
RUN: Final = re.compile(f"[{STEERING}]+")
ONE_BUT_LINES: Final = re.compile(f"(?![\n\t])[{STEERING}]")


def visible(text: str, *, lines: bool = False) -> str:
    """The text with a replacement sign for each character that steers; with `lines`, \\n and \\t stay."""
    return (ONE_BUT_LINES if lines else ONE).sub("\N{REPLACEMENT CHARACTER}", text)


def spaced(text: str) -> str:
    """The text with one space for each run of characters that steer."""
    return RUN.sub(" ", text)
