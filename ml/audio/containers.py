"""What containers of sound say of their own length and end, where libsndfile does not tell."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Final

ID3_HEADER: Final = 10  # bytes of an ID3v2 tag before what its size counts
MP3_LENGTH_TAGS: Final = (b"Xing", b"Info", b"VBRI")  # in the first frame: how many there are
MP3_FIRST_FRAME: Final = 4096  # bytes, padding before it included: a frame has 1 441 at most
OGG_PAGE: Final = 65_307  # bytes at most
OGG_HEADER: Final = 27  # bytes, the last of which says how many lengths follow
OGG_LAST: Final = 0x04  # flag of the last page of a stream
RIFF_UNFINISHED: Final = 0x7FFF_0000  # sizes from here on are what programs write that do not know the end
PIPE_BYTES: Final = 1 << 16


def ends_early(descriptor: int) -> bool:
    """Whether an Ogg (Vorbis, Opus), WAV or AIFF file was cut off, by what its container says; other files never are.

    Of these libsndfile takes whatever is there for all there is. A FLAC or MP3 header promises a length, which
    ml.audio.decode compares with what came.
    """
    size = os.fstat(descriptor).st_size
    head = os.pread(descriptor, 8, 0)
    if head.startswith(b"OggS"):
        tail = os.pread(descriptor, OGG_PAGE, max(0, size - OGG_PAGE))
        return not _is_whole_last_page(tail[max(0, tail.rfind(b"OggS")) :])
    if head.startswith((b"RIFF", b"FORM")):
        promised = int.from_bytes(head[4:8], "little" if head.startswith(b"RIFF") else "big")
        return 0 < promised < RIFF_UNFINISHED and size < 8 + promised - 1  # odd sizes are rounded up, or not
    return False


def _is_whole_last_page(page: bytes) -> bool:
    """Whether an Ogg page (RFC 3533) is all there, and says that it is the last one."""
    if len(page) < OGG_HEADER or not page[5] & OGG_LAST:
        return False
    lengths = page[OGG_HEADER : OGG_HEADER + page[OGG_HEADER - 1]]
    return len(page) >= OGG_HEADER + page[OGG_HEADER - 1] + sum(lengths)


def mp3_says_its_length(descriptor: int) -> bool:
    """Whether the first frame of an MP3 file says how many there are.

    Where it does not, libsndfile guesses by the first frame's bit rate, and stops there: of a file of varying rate it
    would play any part.
    """
    head = os.pread(descriptor, MP3_FIRST_FRAME, first_mp3_frame(descriptor))
    return any(tag in head for tag in MP3_LENGTH_TAGS)


def first_mp3_frame(descriptor: int) -> int:
    """The byte after the ID3v2 tags at the head of a file."""
    first = 0
    while (head := os.pread(descriptor, ID3_HEADER, first)).startswith(b"ID3") and len(head) == ID3_HEADER:
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        first += ID3_HEADER + size + (ID3_HEADER if head[5] & 0x10 else 0)  # a footer repeats the header
    return first


@contextmanager
def poured(descriptor: int, first: int) -> Iterator[int]:
    """The bytes of a file from `first` on, out of a pipe: there libsndfile does not guess at a length, but reads on."""
    out, into = os.pipe()
    pouring = Thread(target=_pour, args=(descriptor, first, into), daemon=True)
    pouring.start()
    try:
        yield out
    finally:
        os.close(out)  # who still pours gets a broken pipe
        pouring.join()


def _pour(descriptor: int, first: int, into: int) -> None:
    with suppress(OSError):
        while content := os.pread(descriptor, PIPE_BYTES, first):
            first += os.write(into, content)
    os.close(into)
