"""Whether two descriptions mean the same recording, as catalogues write titles and artists differently.

"Losing It", "LOSING IT (Original Mix)" and "Losing It (feat. Somebody)" are one recording. "Losing It - Adam Beyer
Remix", "Losing It (Extended Mix)" and "Losing It (Live)" are others under the same name.
"""

import re
import unicodedata
from collections.abc import Iterable

from sources.metadata.tags import artist_key

TOLERANCE_S = 3.0  # catalogues cut the silence at the ends differently

# Words that, in brackets or after a dash, name another recording of that title
OTHER_WORDS = """
    remix remixed remixes rmx mix mixed edit edits reedit version dub live rework reworked refix remake rub flip cover
    reconstruction vip demo bootleg mashup karaoke instrumental acapella cappella acoustic unplugged orchestral session
    extended short long radio club clean dirty slowed sped reprise intro outro interlude
    part parts pt vol volume ii iii iv vi vii viii
"""
OTHER_RECORDING = frozenset(OTHER_WORDS.split())
ORIGINAL = frozenset({"original", "original mix", "original version"})  # marks the original recording
BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")  # those with none inside
DASH = re.compile(r"\s+[-–—]\s+")
FEATURING = re.compile(r"(?<=\s)(feat|ft|featuring)\b.*")
NUMBER = re.compile(r"(part|pt|vol|no)?\d+[a-z]{0,2}")  # but not the 5 of "deadmau5"
GUESTS = re.compile(r"(feat|ft|featuring|with|prod|produced)\b")
BETWEEN_ARTISTS = re.compile(r"\s*[,;/&+]\s*|\s+(?:and|vs\.?|x|with|feat\.?|ft\.?|featuring)\s+")


def same_duration(one_s: float | None, other_s: float | None) -> bool:
    """Whether the lengths are at most TOLERANCE_S apart. An unknown length matches every other."""
    return one_s is None or other_s is None or abs(one_s - other_s) <= TOLERANCE_S


def same_title(first: str, second: str) -> bool:
    """Whether both titles mean the same recording."""
    return title_key(first) == title_key(second)


def same_artists(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether they share an artist, as catalogues differ in further credits. No artist at all matches every other."""
    keys, other_keys = artist_keys(some), artist_keys(others)
    return not keys or not other_keys or bool(keys & other_keys)


def artist_keys(names: Iterable[str]) -> frozenset[str]:
    """The folded names of all artists and of their parts: for "A & B" also "a" and "b"."""
    keys = set()
    for name in names:
        folded = artist_key(name)
        keys |= {_fold(part).removeprefix("the ") for part in [folded, *BETWEEN_ARTISTS.split(folded)]}
    return frozenset(keys - {""})


def title_key(title: str) -> str:
    """A key that is equal for two titles of one recording: the bare title, then the sorted words of its version.

    Guests, remasters and other remarks in brackets or after a dash are left out; remixes, edits and parts stay.
    """
    text = artist_key(title)
    pieces: list[str] = []
    while match := BRACKETS.search(text):
        pieces.append(match[1])
        text = f"{text[: match.start()]} {text[match.end() :]}"
    bare, *after_dashes = (FEATURING.sub("", part) for part in DASH.split(text.strip()))
    pieces += after_dashes
    bare = _fold(bare) or _fold(pieces.pop(0) if pieces else "") or _fold(artist_key(title))
    return " / ".join([bare, *sorted({piece for piece in map(_version_words, pieces) if piece})])


def _version_words(piece: str) -> str:
    """The folded piece where it names another recording, else "". A year does, but not that of a remaster."""
    words = _fold(FEATURING.sub("", piece)).split()
    if GUESTS.match(piece) or " ".join(words) in ORIGINAL:
        return ""
    if any(word.startswith("remaster") for word in words):
        words = [w for w in words if not (w.startswith("remaster") or w.isdigit() or w == "version")]
    is_version = any(word in OTHER_RECORDING or NUMBER.fullmatch(word) for word in words)
    return " ".join(words) if is_version else ""


def _fold(text: str) -> str:
    """Letters and digits of every script without accents, in single spaces; signs where there is nothing else."""
    plain = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", text))
    plain = unicodedata.normalize("NFC", plain)
    words = re.findall(r"[^\W_]+", re.sub("['’`´]", "", plain))
    return " ".join(words or plain.split() or text.split())
