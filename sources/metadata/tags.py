"""A file's tags as clean text, completed by its name."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Final

import mutagen
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3

from common.text import NO_ARTIST, one_line
from sources.metadata.storable import storable_key
from sources.metadata.tag_formats import decoder_pairs, pairs_of

MAX_CHARACTERS = 1000  # of one value; longer ones are lyrics or comments
MAX_VALUES = 20  # of one tag
MAX_TAGS = 80  # of one file
ID3V2: Final = (2, 0, 0)

Tags = dict[str, list[str]]

PICTURES = {"metadata_block_picture", "coverart"}  # base64 in a Vorbis comment


@dataclass(frozen=True, slots=True)
class Description:
    """The fields of a track, out of its tags. None and (): not known."""

    title: str
    artists: tuple[str, ...]
    album: str | None
    isrc: str | None  # 12 characters, no hyphens
    release_date: str | None  # "2021", "2021-03" or "2021-03-04"
    licence: str | None


def clean_text(value: object) -> str:
    """`str(value)` on one line that PostgreSQL can store: valid UTF-8, no NUL, at most MAX_CHARACTERS.

    Control characters, line breaks and lone surrogates are replaced, see `one_line`.
    """
    return one_line(str(value)[: 2 * MAX_CHARACTERS])[:MAX_CHARACTERS].rstrip()


def artist_key(name: str) -> str:
    """A key that is equal for "DJ  Möbius" and "dj möbius": NFKC, case folded, single spaces."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return storable_key(" ".join(unicodedata.normalize("NFKC", folded).split())[:MAX_CHARACTERS])


def read_tags(file: BinaryIO) -> Tags:
    """The text tags of an open audio file: Vorbis comments, ID3, APEv2, MP4 atoms or WMA attributes.

    Behind MP3s and others with ID3, an APEv2 tag fills in what is missing; of ID3v1, whose texts are cut at 30
    characters, it comes first. {} without any tags, and where they are damaged.
    """
    tags = getattr(_load(mutagen.File, file), "tags", None)
    if tags is None:
        tags = _load(ID3, file)  # such as in front of raw AAC, or of an MP3 without a whole frame
    if tags is not None and not isinstance(tags, ID3):
        return _collected(tags)
    in_front, behind = _collected(tags), _collected(_load(APEv2, file))
    is_short = tags is not None and tags.version < ID3V2
    return _merged(behind, in_front) if is_short else _merged(in_front, behind)


def completed(tags: Tags, decoded: Mapping[str, str]) -> Tags:
    """The tags, and those that only the decoder reads, such as a WAV file's INFO chunk or Matroska's."""
    return _merged(tags, collect(decoder_pairs(decoded)))


def _merged(first: Tags, second: Tags) -> Tags:
    """All of `first`, and what only `second` has, as far as MAX_TAGS allows."""
    missing = {name: values for name, values in second.items() if name not in first}
    return dict(islice((first | missing).items(), MAX_TAGS))


def _load(reader: Callable[[BinaryIO], Any], file: BinaryIO) -> Any:
    """What mutagen reads from a file; None where there is nothing, or it is damaged."""
    try:
        file.seek(0)
        return reader(file)
    # Damaged tags raise errors of many kinds; the file's name then gives the title.
    except Exception:  # noqa: BLE001
        return None


def _collected(tags: Any) -> Tags:
    try:
        return collect(list(pairs_of(tags)))
    except Exception:  # noqa: BLE001  as above
        return {}


def collect(pairs: Iterable[tuple[str, object]]) -> Tags:
    """The pairs as clean tags: lower-case names, no empty or repeated values, limited lengths."""
    tags: Tags = {}
    for name, value in pairs:
        key, text = clean_text(name).lower(), clean_text(value)
        if not text or key in PICTURES or (key not in tags and len(tags) >= MAX_TAGS):
            continue
        values = tags.setdefault(key, [])
        if text not in values and len(values) < MAX_VALUES:
            values.append(text)
    return tags


def description_of(tags: Tags, stem: str) -> Description:
    """The fields of a track. The file name without its ending (`stem`) replaces a missing title or artist."""
    named_artist, named_title = parse_name(clean_text(stem))
    credited = _artists(tags.get("artist") or tags.get("artists") or tags.get("albumartist") or [])
    return Description(
        title=_first(tags, "title") or named_title,
        artists=credited or _artists([named_artist]),
        album=_first(tags, "album"),
        isrc=_isrc(_first(tags, "isrc")),
        release_date=_date(_first(tags, "date", "originaldate", "year")),
        licence=_first(tags, "license", "licence", "copyright"),
    )


def parse_name(stem: str) -> tuple[str, str]:
    """(artist, title) out of "Artist - Title", "07 Artist - Title", "07. Title" or "Title".

    The artist may be "". A number is cut where it has two digits, or precedes a dot or a dash: "808 State" stays.
    """
    name = " ".join(stem.replace("_", " ").split())
    name = re.sub(r"^(\d{1,3}(\.| -)|\d{2}) (?=\S)", "", name)
    artist, dash, title = name.replace(" – ", " - ").partition(" - ")
    if dash and artist.strip() and title.strip():
        return artist.strip(), title.strip()
    return "", name or stem or "untitled"


def _first(tags: Tags, *names: str) -> str | None:
    return next((tags[name][0] for name in names if tags.get(name)), None)


def _artists(values: list[str]) -> tuple[str, ...]:
    """Each credited artist once. Only ";" separates: "&", "," and "/" also occur inside of names."""
    credited: dict[str, str] = {}
    for name in (part.strip() for value in values for part in value.split(";")):
        if artist_key(name) not in NO_ARTIST:
            credited.setdefault(artist_key(name), name)
    return tuple(credited.values())


def _isrc(text: str | None) -> str | None:
    code = re.sub(r"[\s-]", "", text or "").upper()
    return code if re.fullmatch(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}", code) else None


def _date(text: str | None) -> str | None:
    match = re.match(r"(?!0000)[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?(?![0-9]))?", text or "")
    return match[0] if match else None
