"""Recognise that a server's disk is full, and describe it. Imported by the keeper, so: the standard library only."""

import shutil
from contextlib import suppress
from pathlib import Path

START_BYTES = 64 * 2**20  # what a server may need to start
SEGMENT_BYTES = 16 * 2**20  # one file of PostgreSQL's write-ahead log
LOG_BYTES = 2**20  # how much of a log is read
# As servers write it to their logs.
MESSAGES = "No space left on device", "Disk quota exceeded"


def is_nearly_full(folder: Path, needed_bytes: int = START_BYTES) -> bool:
    """Whether the disk of the folder has less free space than this."""
    return shutil.disk_usage(folder).free < needed_bytes


def reports_full_disk(log: Path, offset: int) -> bool:
    """Whether a server has written to its log, from this byte on, that its disk is full."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(offset)
        written = file.read(LOG_BYTES).decode(errors="replace")
        return any(message in written for message in MESSAGES)
    return False


def full_disk(folder: Path) -> str:
    """The second half of a sentence about a full disk, with the cure."""
    return f"the disk of {folder} is full; free some space there and run it again, nothing is lost."
