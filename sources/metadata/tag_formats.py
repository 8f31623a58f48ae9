"""The text in the tags of each format, as pairs of name and value. Pictures and other binary values are left out."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.asf._attrs import ASFDWordAttribute, ASFQWordAttribute, ASFUnicodeAttribute, ASFWordAttribute
from mutagen.id3 import ID3, ID3TimeStamp
from mutagen.mp4 import AtomDataType, MP4Tags

from sources.metadata import tag_names

Pair = tuple[str, object]

ASF_VALUES: Final = (ASFUnicodeAttribute, ASFDWordAttribute, ASFQWordAttribute, ASFWordAttribute)
FREEFORM: Final = "----:"  # what the name of an MP4 atom begins with that any program may define
MP4_ENCODINGS: Final = {AtomDataType.UTF16: "utf-16-be", AtomDataType.SJIS: "shift-jis"}
MP4_TEXTS: Final = frozenset({AtomDataType.UTF8, AtomDataType.IMPLICIT, *MP4_ENCODINGS})


def pairs_of(tags: Any) -> Iterator[Pair]:
    """The pairs of any tags that mutagen reads, under the names of Vorbis comments.

    Without those that describe the file or its buyer instead of the music.
    """
    return ((name, value) for name, value in _all_pairs(tags) if _is_of_music(name))


def decoder_pairs(tags: Mapping[str, str]) -> Iterator[Pair]:
    """The pairs of the tags that a decoder reads, without those that describe the file or its buyer."""
    pairs = ((tag_names.decoder_name(name), value) for name, value in tags.items())
    return ((name, value) for name, value in pairs if _is_of_music(name))


def _is_of_music(name: str) -> bool:
    return tag_names.TECHNICAL.fullmatch(name.lower()) is None


def _all_pairs(tags: Any) -> Iterator[Pair]:
    if isinstance(tags, ID3):
        yield from _of_id3(tags)
    elif isinstance(tags, MP4Tags):
        yield from _of_mp4(tags)
    elif isinstance(tags, APEv2):
        yield from _of_ape(tags)
    elif isinstance(tags, ASFTags):
        yield from _of_asf(tags)
    elif isinstance(tags, list):  # Vorbis comments are a list of pairs
        yield from tags


def _of_id3(tags: Any) -> Iterator[Pair]:
    for frame in tags.values():
        code = frame.FrameID
        is_named = code in ("TXXX", "WXXX") or (code == "COMM" and frame.desc.startswith("iTun"))
        name = frame.desc if is_named else tag_names.ID3.get(code, code)
        # Genres may be numbers of a list.
        text = frame.genres if code == "TCON" else getattr(frame, "text", None) or getattr(frame, "url", None)
        for value in [text] if isinstance(text, str) else text or []:
            if isinstance(value, str | ID3TimeStamp):
                yield name, value


def _of_mp4(tags: Any) -> Iterator[Pair]:
    for atom, values in tags.items():
        if atom.startswith(FREEFORM):
            yield from _of_freeform(atom.rpartition(":")[2], values)
        elif atom in tag_names.MP4:
            yield from _of_atom(tag_names.MP4[atom], values)


def _of_freeform(name: str, values: Iterable[Any]) -> Iterator[Pair]:
    for value in values:
        if value.dataformat in MP4_TEXTS:
            yield name, bytes(value).decode(MP4_ENCODINGS.get(value.dataformat, "utf-8"), "replace")


def _of_atom(name: str, values: Iterable[Any]) -> Iterator[Pair]:
    for value in values:
        if name == "xid":  # such as "Vendor:isrc:DEA122100001"
            _, kind, code = [*str(value).split(":", 2), "", ""][:3]
            if kind.lower() in ("isrc", "upc"):
                yield {"isrc": "isrc", "upc": "barcode"}[kind.lower()], code
        elif isinstance(value, tuple):  # number, total
            yield name, "/".join(str(number) for number in value if number)
        elif isinstance(value, str) or (isinstance(value, int) and value):
            yield name, value


def _of_ape(tags: Any) -> Iterator[Pair]:
    for name, value in tags.items():
        if value.kind == 0:  # text; 1 is binary, 2 a link
            for text in value:
                yield tag_names.APE.get(name.lower(), name), text


def _of_asf(tags: Any) -> Iterator[Pair]:
    for name, value in tags:
        plain = name.lower()
        if isinstance(value, ASF_VALUES):
            yield tag_names.ASF.get(plain, plain.removeprefix("wm/")), value.value
