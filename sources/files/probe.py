"""What the decoder says of an audio file, and which stretches of it become clips."""

import math
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile as sf

from sources.metadata.tags import clean_text

WINDOW_S = 30.0  # what streaming services give as a preview, so clips of whole files compare to those
LONGEST_S = 7 * 86_400  # more than any set lasts
WHOLE_UP_TO_S = 45.0  # a file up to this long is one clip


class UnusableError(Exception):
    """One file cannot be used. Arguments: a reason code, and what follows its name in the sentence."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What the decoder says of a file, without decoding it."""

    duration_s: float
    format: dict[str, Any]  # codec, sample rate (Hz), channels: plain JSON
    tags: dict[str, str]  # what mutagen does not read, such as a WAV file's INFO chunk


def probe(path: Path) -> Sound:
    """Opens the file with the decoder that will read it later. Raises OSError or UnusableError.

    The decoder gets a file descriptor, as it takes no file name that is not valid UTF-8. On damaged MP3s its
    libmpg123 may warn on the process's stderr; silencing that would silence every other thread too.
    """
    if stat.S_ISFIFO(path.stat().st_mode):  # opening a named pipe would wait for ever
        raise UnusableError("not_audio", "is a pipe and not a file; give the path of a sound file.")
    try:
        with path.open("rb", buffering=0) as file, sf.SoundFile(file.fileno(), closefd=False) as sound:
            frames, rate = sound.frames, sound.samplerate
            form = {"format": sound.format, "codec": sound.subtype, "sample_rate": rate}
            form["channels"] = sound.channels
            tags = sound.copy_metadata()
    except sf.SoundFileError as error:
        cause = clean_text(getattr(error, "error_string", error)).rstrip(".")
        sentence = f"cannot be decoded ({cause}); fetch it again, or convert it to FLAC or MP3."
        raise UnusableError("not_audio", sentence) from error
    # 0: a Vorbis file cut off; 2^63 - 1, or years: a FLAC whose header was never completed
    if not 0 < frames <= LONGEST_S * rate:
        raise UnusableError("no_length", "was cut off, or not finished; fetch it again, or re-encode it.")
    return Sound(frames / rate, form, tags)


def plan_clips(duration_s: float, windows: int) -> list[tuple[float, float]]:
    """(offset, duration) in seconds of a file's clips: all of it up to 45 s, else 30 s windows spread evenly.

    At most `windows` of them, no more than fit side by side. Offsets are whole milliseconds, within the file.
    """
    if not 0 < duration_s < math.inf or windows < 1:
        raise ValueError(f"Cannot plan {windows} clips of {duration_s} s of audio; both must be positive.")
    if duration_s <= WHOLE_UP_TO_S:
        return [(0.0, duration_s)]
    count = max(1, min(windows, int(duration_s // WINDOW_S)))
    centres = [(index + 0.5) * duration_s / count for index in range(count)]
    return [(max(0, math.floor((centre - WINDOW_S / 2) * 1000)) / 1000, WINDOW_S) for centre in centres]
