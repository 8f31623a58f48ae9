"""Facts in the pages of an Ogg file (RFC 3533) that libsndfile does not report."""

import os
import re
from typing import Final

from sound.containers import positions_of

PAGE: Final = 65_307  # bytes at most
HEADER: Final = 27  # bytes, the last of which is the number of segment lengths that follow
LAST: Final = 0x04  # flag of the last page of a stream
FIRST_PAGE: Final = re.compile(rb"OggS\x00[\x02\x06]", re.DOTALL)


def streams_in(descriptor: int) -> int:
    """How many streams an Ogg file has: one after the other (a recording of a radio), or side by side (a video)."""
    return sum(1 for _ in positions_of(FIRST_PAGE, 6, descriptor))


def ogg_is_cut_short(descriptor: int, streams: int) -> bool:
    """Whether the last page is incomplete, or is not the last one of its stream.

    The second is usual in recordings of a radio, which have several streams. libsndfile plays a file to where it stops,
    without an error.
    """
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, PAGE, max(0, size - PAGE))
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < HEADER:
        return True
    lengths = page[HEADER : HEADER + page[HEADER - 1]]
    is_whole = len(page) >= HEADER + page[HEADER - 1] + sum(lengths)
    return not is_whole or (streams == 1 and not page[5] & LAST)
