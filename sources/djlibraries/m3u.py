"""M3U and M3U8, of any encoding."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from charset_normalizer import from_bytes

from sources.djlibraries.opened import opened
from sources.djlibraries.records import DjLibrary, TrackEntry
from sources.errors import Unavailable
from sources.metadata.tags import clean_text

LARGEST_BYTES: Final = 1 << 25
LEGACY: Final = ("cp1252", "cp932", "cp1251", "cp1250", "cp949", "gb18030", "big5", "mac_roman", "cp1253")
"""Encodings of playlists that are not Unicode, by the language of the program that wrote them."""
TRIED: Final = 200
"""Entries that decide on the encoding."""


def read_m3u(path: Path, exists: Callable[[str], bool]) -> DjLibrary:
    """The entries of a playlist. Raises Unavailable.

    `exists`: whether a location leads to a file. Where the text is not Unicode, the encoding is used in which most
    entries exist.
    """
    content = _read(path)
    if content.startswith(b"<?xml") or _is_binary(content):
        sentence = f"{clean_text(path)} is no M3U playlist; name a text file with one path a line."
        raise Unavailable(sentence, "gone")
    entries = _entries(_decode(content, exists))
    return DjLibrary({str(number): entry for number, entry in enumerate(entries)})


def _read(path: Path) -> bytes:
    with opened(path) as file:
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise Unavailable(f"{clean_text(path)} is larger than 32 MiB; split the playlist.", "gone")
    return content


def _is_binary(content: bytes) -> bool:
    """Whether this is no text. Every second byte of UTF-16 may be zero."""
    return not content.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0\0" in content[:4096]


def _decode(content: bytes, exists: Callable[[str], bool]) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if content[1:2] == b"\0" or content[:1] == b"\0":
        return content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _decode_legacy(content, exists)


def _decode_legacy(content: bytes, exists: Callable[[str], bool]) -> str:
    """Decoded by the encoding in which most entries exist; where none does, as it is most probable."""
    found: dict[str, int] = {}
    texts: dict[str, str] = {"": content.decode("utf-8", errors="surrogateescape")}  # bytes as on the disk
    for encoding in LEGACY:
        try:
            texts[encoding] = content.decode(encoding)
        except UnicodeDecodeError:
            continue
    for encoding, text in texts.items():
        # Names in ASCII exist in every encoding.
        odd = [entry.location for entry in _entries(text) if not entry.location.isascii()][:TRIED]
        found[encoding] = sum(map(exists, odd))
    best = max(found, key=lambda encoding: found[encoding])
    if found[best]:
        return texts[best]
    guess = from_bytes(content[: 1 << 16], cp_isolation=list(LEGACY)).best()
    return texts.get(guess.encoding if guess else "", content.decode("cp1252", errors="replace"))


def _entries(text: str) -> Iterator[TrackEntry]:
    title = artist = ""
    for line in re.split(
        "\r\n|\n|\r", text
    ):  # splitlines() would also split at characters that names may hold
        line = line.strip().strip("\ufeff\0")
        if line.startswith("#EXTINF:"):
            shown = line.partition(",")[2].strip()
            artist, _, title = shown.rpartition(" - ")
        elif line and not line.startswith("#"):
            yield TrackEntry(line, title, artist)
            title = artist = ""
