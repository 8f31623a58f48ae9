"""Length and format of an audio file, and the clips to cut from it."""

import math
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile as sf

from sources.errors import UnusableError
from sources.metadata.tags import clean_text
from sources.records import AudioClip, AudioFile

WINDOW_S = 30.0  # the length of a preview of streaming services, so that clips of whole files are comparable
LONGEST_S = 7 * 86_400  # longer than any DJ set
WHOLE_UP_TO_S = 45.0  # a file up to this long is one clip


@dataclass(frozen=True, slots=True)
class Sound:
    """Length, format and tags of a file, by its headers."""

    duration_s: float
    format: dict[str, Any]  # codec, sample rate (Hz), channels: plain JSON
    tags: dict[str, str]  # those that mutagen does not read, such as a WAV file's INFO chunk


def probe(path: Path) -> Sound:
    """Read the headers of a file with the decoder that reads its audio later. Raises OSError or UnusableError.

    The decoder gets a file descriptor, as it rejects file names that are not valid UTF-8. On damaged MP3s its libmpg123
    may warn on the process's stderr, which cannot be silenced for one thread alone.
    """
    if stat.S_ISFIFO(path.stat().st_mode):  # opening a named pipe would block
        raise UnusableError("not_audio", "is a pipe and not a file", "give the path of a sound file")
    try:
        with path.open("rb", buffering=0) as file, sf.SoundFile(file.fileno(), closefd=False) as sound:
            frames, rate = sound.frames, sound.samplerate
            form = {"format": sound.format, "codec": sound.subtype, "sample_rate": rate}
            form["channels"] = sound.channels
            tags = sound.copy_metadata()
    except sf.SoundFileError as error:
        cause = clean_text(getattr(error, "error_string", error)).rstrip(".")
        raise UnusableError(
            "not_audio", f"cannot be decoded ({cause})", "fetch it again, or convert it to FLAC or MP3"
        ) from error
    # 0: a truncated Vorbis file. 2^63 - 1, or years: a FLAC file whose header was never completed.
    if not 0 < frames <= LONGEST_S * rate:
        raise UnusableError("no_length", "was cut off, or not finished", "fetch it again, or re-encode it")
    return Sound(frames / rate, form, tags)


def plan_clips(duration_s: float, windows: int) -> list[tuple[float, float]]:
    """(offset, duration) in seconds of a file's clips: all of it up to 45 s, else windows of 30 s, spread evenly.

    At most `windows` of them, without overlap. Offsets are whole milliseconds within the file.
    """
    if not 0 < duration_s < math.inf or windows < 1:
        raise ValueError(f"Cannot plan {windows} clips of {duration_s} s of audio; both must be positive.")
    if duration_s <= WHOLE_UP_TO_S:
        return [(0.0, duration_s)]
    count = max(1, min(windows, int(duration_s // WINDOW_S)))
    centres = [(index + 0.5) * duration_s / count for index in range(count)]
    return [(max(0, math.floor((centre - WINDOW_S / 2) * 1000)) / 1000, WINDOW_S) for centre in centres]


def cut_clips(file: AudioFile, windows: int) -> tuple[AudioClip, ...]:
    """The clips of a file as planned by `plan_clips`."""
    return tuple(
        AudioClip(
            provider=file.provider,
            uri=file.uri,
            sha256=file.sha256,
            bytes=file.bytes,
            modified_ns=file.modified_ns,
            offset_s=offset_s,
            duration_s=duration_s,
            licence=file.licence,
        )
        for offset_s, duration_s in plan_clips(file.duration_s, windows)
    )
