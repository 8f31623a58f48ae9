"""The container of a sound file by its first bytes, and whether a WAV or AIFF file shows that it is cut or joined."""

import os
import re
from collections.abc import Iterator
from typing import Final

ID3_HEADER: Final = 10  # bytes of an ID3v2 header, which the size in it does not include
RIFF_UNFINISHED: Final = 0x7FFF_0000  # programs that do not know the final size write sizes from here on
CHUNK: Final = 1 << 20  # bytes that are read at a time where a whole file is searched
HEAD: Final = 64  # bytes that are enough to recognise a container

MAGIC: Final = (  # what the bytes of a file begin with, and the name of its container
    (rb"RIFF.{4}WAVE", "WAV"),
    (rb"(RF64|BW64).{4}WAVE", "WAV"),
    (rb"riff.{12}wave", "Wave64"),
    (rb"RIFF.{4}AVI ", "AVI"),
    (rb"RIFX.{4}WAVE", "WAV"),
    (rb"FORM.{4}AIF[FC]", "AIFF"),
    (rb"FORM.{4}8SVX", "8SVX"),
    (rb"fLaC", "FLAC"),
    (rb"OggS", "Ogg"),
    (rb".{4}ftyp", "M4A"),
    (rb".{4}(moov|mdat|wide|free|skip)", "M4A"),  # QuickTime files before 2001
    (rb"\x1a\x45\xdf\xa3", "Matroska"),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA"),
    (rb"wvpk", "WavPack"),
    (rb"MAC ", "Monkey's Audio"),
    (rb"MP\+|MPCK", "Musepack"),
    (rb"TTA[12]", "TTA"),
    (rb"OFR ", "OptimFROG"),
    (rb"tBaK", "TAK"),
    (rb"DSD ", "DSF"),
    (rb"FRM8.{8}DSD ", "DSDIFF"),
    (rb"caff", "CAF"),
    (rb"\.snd|dns\.", "AU"),
    (rb"#!AMR", "AMR"),
    (rb"\x0b\x77", "AC-3"),
    (rb"ADIF", "AAC"),
    (rb"\.RMF", "RealAudio"),
    (rb"FLV\x01", "FLV"),
    (rb"\x00\x00\x01\xba", "MPEG"),
    (rb"Creative Voice File\x1a", "VOC"),
    (rb"qoaf", "QOA"),
    (rb"ajkg", "Shorten"),
    (rb"\xff[\xf0\xf1\xf8\xf9]", "AAC"),  # before MP3: the layer is 0
    (rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]", "MP3"),
)
_MAGIC: Final = tuple((re.compile(pattern, re.DOTALL), name) for pattern, name in MAGIC)


def container_of(descriptor: int) -> str | None:
    """The name of the container by the first bytes after ID3v2 tags; None where they belong to no known one."""
    first = first_after_id3(descriptor)
    head = os.pread(descriptor, HEAD, first)
    name = next((name for pattern, name in _MAGIC if pattern.match(head)), None)
    return "MP3" if name is None and first else name  # tags of this kind are those of MP3s


def first_after_id3(descriptor: int) -> int:
    """The position, in bytes, after the ID3v2 tags at the beginning of a file."""
    first = 0
    while size := id3_size(os.pread(descriptor, ID3_HEADER, first)):
        first += size
    return first


def id3_size(head: bytes) -> int:
    """The size in bytes of the ID3v2 tag that begins with these bytes, header and footer included; 0 without one."""
    if len(head) < ID3_HEADER or not head.startswith(b"ID3"):
        return 0
    size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    return ID3_HEADER + size + (ID3_HEADER if head[5] & 0x10 else 0)  # a footer repeats the header


def is_cut_short(descriptor: int) -> bool:
    """Whether the header of a WAV or AIFF file declares more bytes than the file has. False for others."""
    size, declared = os.fstat(descriptor).st_size, riff_size(descriptor)
    return bool(declared) and size < declared - 1  # odd sizes are rounded up by some programs


def is_joined(descriptor: int) -> bool:
    """Whether a second WAV or AIFF file follows the first one."""
    declared = riff_size(descriptor)
    followers = [os.pread(descriptor, 4, declared + odd) for odd in (0, 1)] if declared else []
    return any(follower in (b"RIFF", b"FORM") for follower in followers)


def riff_size(descriptor: int) -> int:
    """The bytes that a WAV or AIFF file has by its header; 0 for others, and where the header was never completed."""
    head = os.pread(descriptor, 8, 0)
    if not head.startswith((b"RIFF", b"FORM")):
        return 0
    declared = int.from_bytes(head[4:8], "little" if head.startswith(b"RIFF") else "big")
    return 8 + declared if 0 < declared < RIFF_UNFINISHED else 0


def positions_of(pattern: re.Pattern[bytes], length: int, descriptor: int) -> Iterator[int]:
    """Each position, in bytes, at which `pattern` matches in a file; `length` is that of a match."""
    first, kept = 0, b""
    while chunk := os.pread(descriptor, CHUNK, first):
        searched = kept + chunk
        for match in pattern.finditer(searched):
            yield first - len(kept) + match.start()
        kept = searched[len(searched) - length + 1 :] if length > 1 else b""
        first += len(chunk)
