"""Whether a file whose name tells nothing holds sound, by its first bytes."""

import os
from typing import Final

from sound.containers import container_of, first_after_id3
from sound.mp3 import frame_of

HEAD: Final = 4096  # bytes: longer than any MPEG or ADTS frame that files have, and so holds the next header
AC3_VERSIONS: Final = 16  # of the bit stream, those of E-AC-3 included
PICTURE_BRANDS: Final = (
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"mif1",
    b"msf1",
    b"avif",
    b"avis",
    b"crx ",
)
TEXT_BYTES: Final = frozenset(b"\t\n\r\f\x1b") | frozenset(range(0x20, 0x100))


def holds_sound(path: str) -> bool:
    """Whether a regular file begins as sound. Costs one open and two reads. Raises OSError."""
    # Without waiting, should a named pipe have taken the file's place.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        container = container_of(descriptor)
        if container is None:
            return False
        first = first_after_id3(descriptor)
        return first > 0 or _is_really(container, os.pread(descriptor, HEAD, 0))
    finally:
        os.close(descriptor)


def _is_really(container: str, head: bytes) -> bool:
    """Whether what begins like this container is one, and no text, picture or other data.

    Some containers begin with a word ("MAC "), others with eleven bits: text in UTF-16 begins as MPEG audio does.
    """
    match container:
        case "MP3":
            return _mpeg_frames_follow(head)
        case "AAC":
            return _adts_frames_follow(head)
        case "AC-3":
            return len(head) > 5 and head[5] >> 3 <= AC3_VERSIONS
        case "M4A":
            return head[8:12] not in PICTURE_BRANDS and not _is_text(head)
        case _:
            return not _is_text(head)


def _mpeg_frames_follow(head: bytes) -> bool:
    first = frame_of(head[:3])
    following = frame_of(head[first.size : first.size + 3]) if first else None
    return first is not None and following is not None and first.kind == following.kind


def _adts_frames_follow(head: bytes) -> bool:
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5 if len(head) > 6 else 0
    return size > 6 and head[size : size + 1] == b"\xff" and head[size + 1 : size + 2] == head[1:2]


def _is_text(head: bytes) -> bool:
    """Whether there is neither a zero byte nor another control character, as there is in every container's header."""
    return TEXT_BYTES.issuperset(head)
