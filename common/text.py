"""Text from outside: made safe to show, put on one line, turned into a slug."""

import hashlib
import re
import unicodedata
from typing import Final

# Control characters (C0, DEL, C1), line and paragraph separators, marks and overrides of the reading direction,
# invisible characters, and lone surrogates, with which Python represents bytes that are not UTF-8.
UNSAFE_RANGES: Final = (
    r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
)
UNSAFE: Final = re.compile(f"[{UNSAFE_RANGES}]")
UNSAFE_RUN: Final = re.compile(f"[{UNSAFE_RANGES}]+")
UNSAFE_BUT_LINES: Final = re.compile(f"(?![\n\t])[{UNSAFE_RANGES}]")
SURROGATE: Final = re.compile("[\ud800-\udfff]")
LINE_BREAKING: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Names, lower-case, that mean "no known artist". Taken for an artist, they would join unrelated tracks.
NO_ARTIST: Final = frozenset(
    {
        *("", "unknown", "unknown artist", "<unknown>", "[unknown]", "n/a"),
        *("various", "various artists", "va", "v.a.", "v/a"),
    }
)


def visible(text: str, *, lines: bool = False) -> str:
    """The text with U+FFFD for each character that could control a terminal or hide. With `lines`, \\n and \\t stay."""
    return (UNSAFE_BUT_LINES if lines else UNSAFE).sub("\N{REPLACEMENT CHARACTER}", text)


def spaced(text: str) -> str:
    """The text with one space for each run of characters that could control a terminal or hide."""
    return UNSAFE_RUN.sub(" ", text)


def one_line(text: str) -> str:
    r"""The text with single spaces for control characters, line breaks and white space.

    Bytes of a file name that are not UTF-8 (lone surrogates in Python) are shown as \xNN, and any other lone surrogate
    as U+FFFD.
    """
    return " ".join(LINE_BREAKING.sub(" ", SURROGATE.sub(_show_surrogate, text)).split())


def _show_surrogate(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else "\ufffd"


def slug_of(name: str) -> str:
    """The slug of a name: "cafe-deja-vu" for "Café Déjà-Vu!".

    Letters of every script stay, and a name without any gives a hash. Slugs are keys of labels in the database, so this
    function must never change. python-slugify would write other scripts in Latin letters, or else keep accents.
    """
    letters = unicodedata.normalize("NFKD", one_line(name)).casefold()
    plain = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", letters))
    slug = "-".join(re.findall(r"[^\W_]+", plain))
    return slug or f"label-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
