"""Text that comes from elsewhere: made safe to show, put on one line, turned into a slug."""

import hashlib
import re
import unicodedata
from typing import Final

# Control characters (C0, DEL, C1), line and paragraph separators, marks and overrides of the reading direction,
# characters that are only there to be invisible, and halves of surrogate pairs, by which Python keeps raw bytes.
STEERING: Final = (
    r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
)
ONE: Final = re.compile(f"[{STEERING}]")
RUN: Final = re.compile(f"[{STEERING}]+")
ONE_BUT_LINES: Final = re.compile(f"(?![\n\t])[{STEERING}]")
SURROGATE: Final = re.compile("[\ud800-\udfff]")
BREAKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Letters of the database's keys and of tags where no artist is known; as an artist it would join unrelated tracks.
NO_ARTIST: Final = frozenset(
    {
        *("", "unknown", "unknown artist", "<unknown>", "[unknown]", "n/a"),
        *("various", "various artists", "va", "v.a.", "v/a"),
    }
)


def visible(text: str, *, lines: bool = False) -> str:
    """The text with U+FFFD for each character that could control a terminal or hide; with `lines`, \\n and \\t stay."""
    return (ONE_BUT_LINES if lines else ONE).sub("\N{REPLACEMENT CHARACTER}", text)


def spaced(text: str) -> str:
    """The text with one space for each run of such characters."""
    return RUN.sub(" ", text)


def one_line(text: str) -> str:
    r"""The text with single spaces for control characters, line breaks and white space.

    Bytes of a file name that are no UTF-8, which Python keeps as lone surrogates, are shown as \xNN; any other lone
    surrogate as U+FFFD.
    """
    return " ".join(BREAKS.sub(" ", SURROGATE.sub(_show_surrogate, text)).split())


def _show_surrogate(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else "\ufffd"


def slug_of(name: str) -> str:
    """For "Café Déjà-Vu!" "cafe-deja-vu"; letters of every script stay, and a name without any gives a hash.

    Slugs are keys of labels in the database, so this must never change. python-slugify writes other scripts in Latin
    letters, or else keeps accents.
    """
    letters = unicodedata.normalize("NFKD", one_line(name)).casefold()
    plain = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", letters))
    slug = "-".join(re.findall(r"[^\W_]+", plain))
    return slug or f"label-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
