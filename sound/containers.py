"""Facts in the containers of sound files that libsndfile does not report: length, cut-off ends, the first MP3 frame."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Final

ID3_HEADER: Final = 10  # bytes of an ID3v2 header, which the size in it does not include
MP3_LENGTH_TAGS: Final = (b"Xing", b"Info", b"VBRI")  # in the first frame: they hold the number of frames
MP3_FIRST_FRAME: Final = 4096  # bytes, padding before it included: a frame has 1 441 at most
OGG_PAGE: Final = 65_307  # bytes at most
OGG_HEADER: Final = 27  # bytes, the last of which is the number of segment lengths that follow
OGG_LAST: Final = 0x04  # flag of the last page of a stream
RIFF_UNFINISHED: Final = 0x7FFF_0000  # programs that do not know the final size write sizes from here on
PIPE_BYTES: Final = 1 << 16


def is_cut_short(descriptor: int) -> bool:
    """Whether the container of an Ogg (Vorbis, Opus), WAV or AIFF file shows that its end is missing.

    libsndfile plays such files to where they stop, without an error. False for other formats: FLAC and MP3 headers
    declare a length, which sound.decode compares with the decoded one.
    """
    size = os.fstat(descriptor).st_size
    head = os.pread(descriptor, 8, 0)
    if head.startswith(b"OggS"):
        tail = os.pread(descriptor, OGG_PAGE, max(0, size - OGG_PAGE))
        return not _is_whole_last_page(tail[max(0, tail.rfind(b"OggS")) :])
    if head.startswith((b"RIFF", b"FORM")):
        declared = int.from_bytes(head[4:8], "little" if head.startswith(b"RIFF") else "big")
        # Odd sizes are rounded up by some programs.
        return 0 < declared < RIFF_UNFINISHED and size < 8 + declared - 1
    return False


def _is_whole_last_page(page: bytes) -> bool:
    """Whether an Ogg page (RFC 3533) is complete and flagged as the last one."""
    if len(page) < OGG_HEADER or not page[5] & OGG_LAST:
        return False
    lengths = page[OGG_HEADER : OGG_HEADER + page[OGG_HEADER - 1]]
    return len(page) >= OGG_HEADER + page[OGG_HEADER - 1] + sum(lengths)


def mp3_declares_length(descriptor: int) -> bool:
    """Whether the first frame of an MP3 file holds the number of frames.

    Where it does not, libsndfile estimates the length by the bit rate of the first frame, and stops there. Of a file
    with a varying rate it would play any part.
    """
    head = os.pread(descriptor, MP3_FIRST_FRAME, first_mp3_frame(descriptor))
    return any(tag in head for tag in MP3_LENGTH_TAGS)


def first_mp3_frame(descriptor: int) -> int:
    """The position, in bytes, after the ID3v2 tags at the beginning of a file."""
    first = 0
    while (head := os.pread(descriptor, ID3_HEADER, first)).startswith(b"ID3") and len(head) == ID3_HEADER:
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        first += ID3_HEADER + size + (ID3_HEADER if head[5] & 0x10 else 0)  # a footer repeats the header
    return first


@contextmanager
def piped(descriptor: int, first: int) -> Iterator[int]:
    """A pipe with the bytes of a file from `first` on: from a pipe libsndfile reads to the end, without an estimate."""
    read_end, write_end = os.pipe()
    writer = Thread(target=_write_to_pipe, args=(descriptor, first, write_end), daemon=True)
    writer.start()
    try:
        yield read_end
    finally:
        os.close(read_end)  # a writer that is not done gets a broken pipe
        writer.join()


def _write_to_pipe(descriptor: int, first: int, write_end: int) -> None:
    with suppress(OSError):
        while content := os.pread(descriptor, PIPE_BYTES, first):
            first += os.write(write_end, content)
    os.close(write_end)
