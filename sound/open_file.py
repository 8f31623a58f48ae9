"""Opening a sound file to read its bytes, with a separate error for each way in which that fails."""

import mmap
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from common.files import describe
from sound.errors import AudioError


def opened_file(path: Path) -> FileIO:
    """The file, unbuffered: decoders read its descriptor. Raises AudioError."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a named pipe would wait for ever
            raise AudioError("not_audio", path, "is not a file", "give the path of a sound file")
        if not status.st_size:
            raise AudioError("empty", path, "has no bytes", "remove it or fetch it again")
        return path.open("rb", buffering=0)
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError("missing", path, "is not there", "put it back or give its new path") from None
    except OSError as problem:
        raise AudioError(
            "unreadable",
            path,
            f"cannot be opened ({describe(problem)})",
            "let this user read it, or check the disk",
        ) from problem


@contextmanager
def mapped(file: FileIO) -> Iterator[mmap.mmap]:
    """The bytes of an open file, without reading it into memory."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content
