"""Whether two descriptions speak of the same recording, as different catalogues write the same thing differently.

"Losing It", "LOSING IT (Original Mix)" and "Losing It (feat. Somebody)" are one recording. "Losing It - Adam Beyer
Remix", "Losing It (Extended Mix)" and "Losing It (Live)" are others: another sound under the same name.
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
ORIGINAL = frozenset({"original", "original mix", "original version"})  # says that it is no other
BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")  # those with none inside
DASH = re.compile(r"\s+[-–—]\s+")
FEATURING = re.compile(r"(?<=\s)(feat|ft|featuring)\b.*")
NUMBER = re.compile(r"(part|pt|vol|no)?\d+[a-z]{0,2}")  # but not the 5 of "deadmau5"
GUESTS = re.compile(r"(feat|ft|featuring|with|prod|produced)\b")
BETWEEN_ARTISTS = re.compile(r"\s*[,;/&+]\s*|\s+(?:and|vs\.?|x|with|feat\.?|ft\.?|featuring)\s+")


def same_duration(one_s: float | None, other_s: float | None) -> bool:
    """At most TOLERANCE_S apart. A length that is not known contradicts nothing."""
    return one_s is None or other_s is None or abs(one_s - other_s) <= TOLERANCE_S


def same_title(one: str, other: str) -> bool:
    """The same recording by its title alone."""
    return title_key(one) == title_key(other)


def same_artists(some: Iterable[str], others: Iterable[str]) -> bool:
    """At least one in common: catalogues disagree on who else is credited. Nobody known contradicts nothing."""
    keys, other_keys = artist_keys(some), artist_keys(others)
    return not keys or not other_keys or bool(keys & other_keys)


def artist_keys(names: Iterable[str]) -> frozenset[str]:
    """Every folded name by which one of the artists may go: for "A & B" also "a" and "b"."""
    keys = set()
    for name in names:
        folded = artist_key(name)
        keys |= {_fold(part).removeprefix("the ") for part in [folded, *BETWEEN_ARTISTS.split(folded)]}
    return frozenset(keys - {""})


def title_key(title: str) -> str:
    """Equal for two titles of one recording: the bare title, then what tells it from others of that name, sorted.

    Guests, remasters and asides in brackets or after a dash are left out; remixes, edits, versions, parts stay in.
    """
    text = artist_key(title)
    pieces: list[str] = []
    while found := BRACKETS.search(text):
        pieces.append(found[1])
        text = f"{text[: found.start()]} {text[found.end() :]}"
    bare, *after_dashes = (FEATURING.sub("", part) for part in DASH.split(text.strip()))
    pieces += after_dashes
    bare = _fold(bare) or _fold(pieces.pop(0) if pieces else "") or _fold(artist_key(title))
    return " / ".join([bare, *sorted({piece for piece in map(_what_tells_apart, pieces) if piece})])


def _what_tells_apart(piece: str) -> str:
    """The folded piece where it names another recording, else nothing. A year tells apart, but not of a remaster."""
    words = _fold(FEATURING.sub("", piece)).split()
    if GUESTS.match(piece) or " ".join(words) in ORIGINAL:
        return ""
    if any(word.startswith("remaster") for word in words):
        words = [w for w in words if not (w.startswith("remaster") or w.isdigit() or w == "version")]
    telling = any(word in OTHER_RECORDING or NUMBER.fullmatch(word) for word in words)
    return " ".join(words) if telling else ""


def _fold(text: str) -> str:
    """Letters and digits of every script without accents, in single spaces; signs where there is nothing else."""
    plain = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", text))
    plain = unicodedata.normalize("NFC", plain)
    words = re.findall(r"[^\W_]+", re.sub("['’`´]", "", plain))
    return " ".join(words or plain.split() or text.split())
