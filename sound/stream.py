"""Opening a sound file with libsndfile, with a separate error for each way in which that fails."""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from typing import Final

import soundfile

from sound.containers import first_mp3_frame, mp3_declares_length, piped
from sound.errors import AudioError

# Hz. Resampling from the 1 Hz of a damaged header would fill memory.
SAMPLE_RATES: Final = range(1_000, 768_001)

# Common containers that libsndfile cannot open: (offset, magic bytes, name).
FOREIGN_CONTAINERS: Final = (
    (4, b"ftyp", "MP4/M4A"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska/WebM"),
    (0, b"\x30\x26\xb2\x75", "WMA"),
)


class Stream(soundfile.SoundFile):  # type: ignore[misc]  # soundfile is not typed
    """A sound file that is read front to back.

    After each read soundfile seeks to the current position. For MP3 that empties the bit reservoir, from which the next
    frames need data: decoding block by block would click at the seams, and take longer.
    """

    def seekable(self) -> bool:
        return False


@contextmanager
def opened_stream(path: Path, whole: bool) -> Iterator[Stream]:
    """A sound file, to be read as a `whole` or to seek in. Raises AudioError."""
    with _opened_file(path) as file, ExitStack() as stack:
        descriptor = file.fileno()
        try:
            sound = stack.enter_context(Stream(descriptor, closefd=False))
            if whole and sound.format == "MP3" and not mp3_declares_length(descriptor):
                pipe = stack.enter_context(piped(descriptor, first_mp3_frame(descriptor)))
                sound = stack.enter_context(Stream(pipe, closefd=False))
        except soundfile.SoundFileError as problem:
            raise _format_error(path, os.pread(descriptor, 16, 0)) from problem
        if sound.samplerate not in SAMPLE_RATES:
            raise AudioError(
                "not_audio",
                f"{quoted(path)} claims {sound.samplerate} samples a second; export it again.",
            )
        yield sound


def _opened_file(path: Path) -> FileIO:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a named pipe would wait for ever
            raise AudioError("not_audio", f"{quoted(path)} is not a file; give the path of a sound file.")
        if not status.st_size:
            raise AudioError("empty", f"{quoted(path)} has no bytes; remove it or fetch it again.")
        return path.open("rb", buffering=0)
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError(
            "missing", f"{quoted(path)} is not there; put it back or give its new path."
        ) from None
    except OSError as problem:
        raise AudioError(
            "unreadable",
            f"{quoted(path)} cannot be opened ({problem.strerror}); name another, or let this user read it.",
        ) from problem


def _format_error(path: Path, head: bytes) -> AudioError:
    for offset, magic, container in FOREIGN_CONTAINERS:
        if head[offset:].startswith(magic):
            return AudioError(
                "unsupported",
                f"{quoted(path)} is {container}, which libsndfile does not decode; convert it to FLAC, WAV, "
                f"Ogg or MP3, for example with `ffmpeg -i IN OUT.flac`.",
            )
    return AudioError(
        "not_audio", f"{quoted(path)} is not a sound file that libsndfile can decode; replace or remove it."
    )


def quoted(path: Path) -> str:
    """The path in quotes: names with line breaks or stray bytes stay on one line and remain storable text."""
    return repr(str(path))
