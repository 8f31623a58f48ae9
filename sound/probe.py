"""What a sound file is and how long it really is: one answer for ingest, extraction, prediction and mixes.

Headers may lie, and a decoder may end before the file does. So MP3s are counted by their frames, and streams that are
joined to one file are found by their first bytes. libsndfile decodes what it reads to the same end; the rest is left to
FFmpeg.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from io import FileIO
from pathlib import Path
from typing import Any, Final, Literal

import soundfile

from common.files import FileState, file_state
from sound.containers import container_of, is_cut_short, is_joined, positions_of
from sound.errors import AudioError
from sound.ffmpeg import opened_by_ffmpeg
from sound.libsndfile import LibsndfileStream
from sound.mp3 import AGREEMENT_S, mp3_frames
from sound.ogg import ogg_is_cut_short, streams_in
from sound.open_file import opened_file

SAMPLE_RATES: Final = range(
    1_000, 768_001
)  # Hz. Resampling from the 1 Hz of a damaged header would fill memory.
LONGEST_S: Final = 7 * 86_400  # longer than any DJ set
CUT_SHORT: Final = ("stops before its end: it is cut short or not complete", "fetch it again")
FLAC_START: Final = re.compile(rb"fLaC\x00\x00\x00\x22", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sound:
    """Length, format and tags of a file."""

    duration_s: float
    container: str  # such as "MP3", "M4A"
    codec: str  # in the words of the decoder
    sample_rate: int  # Hz; of the beginning, where it changes
    channels: int
    decoder: Literal["libsndfile", "ffmpeg"]
    tags: dict[str, str]  # those that the decoder reads, such as a WAV file's INFO chunk

    @property
    def format(self) -> dict[str, Any]:
        """Container, codec, sample rate and channels as plain JSON."""
        return {
            "format": self.container,
            "codec": self.codec,
            "sample_rate": self.sample_rate,
            "channels": self.channels,
        }


def probe(path: Path) -> Sound:
    """What a sound file holds, and its length to 50 ms. Raises AudioError.

    Reads MP3, Ogg and FLAC files whole, others by their headers.
    """
    return _probe(path, file_state(path))


@lru_cache(maxsize=16)  # the clips of one file are extracted one after the other
def _probe(path: Path, _state: FileState | None) -> Sound:
    with opened_file(path) as file:
        container = container_of(file.fileno())
        sound = _READERS.get(container or "", _read_other)(path, file, container)
    if sound.sample_rate not in SAMPLE_RATES:
        raise AudioError("not_audio", path, f"claims {sound.sample_rate} samples a second", "export it again")
    if sound.duration_s <= 0:
        raise AudioError("empty", path, "holds no sound", "remove it or fetch it again")
    if sound.duration_s > LONGEST_S:
        raise AudioError("no_length", path, "was cut off, or not finished", "fetch it again, or re-encode it")
    return sound


def _read_mp3(path: Path, file: FileIO, container: str | None) -> Sound:
    frames = mp3_frames(file.fileno())
    if frames is None:
        return _read_other(path, file, container)
    if frames.is_cut_short:
        raise AudioError("truncated", path, *CUT_SHORT)
    name = "MP3" if frames.kind.layer == 3 else f"MP{frames.kind.layer}"
    sound = _by_libsndfile(file, name) if frames.is_ordinary else None
    if sound is None or abs(sound.duration_s - frames.duration_s) > AGREEMENT_S:
        sound = _by_ffmpeg(path, file, name, frames.duration_s)
    return sound


def _read_ogg(path: Path, file: FileIO, container: str | None) -> Sound:
    streams = streams_in(file.fileno())
    if ogg_is_cut_short(file.fileno(), streams):
        raise AudioError("truncated", path, *CUT_SHORT)
    sound = _by_libsndfile(file, "Ogg") if streams == 1 else None
    return sound or _by_ffmpeg(path, file, container)


def _read_flac(path: Path, file: FileIO, container: str | None) -> Sound:
    is_joined = len(list(positions_of(FLAC_START, 8, file.fileno()))) > 1
    sound = None if is_joined else _by_libsndfile(file, "FLAC")
    return sound if sound and sound.duration_s <= LONGEST_S else _by_ffmpeg(path, file, container)


def _read_other(path: Path, file: FileIO, container: str | None) -> Sound:
    if is_cut_short(file.fileno()):
        raise AudioError("truncated", path, *CUT_SHORT)
    sound = _by_libsndfile(file, container)
    if sound is None and container is None:  # an MP3 behind bytes that are not part of it
        frames = mp3_frames(file.fileno())
        if frames and frames.bytes > os.fstat(file.fileno()).st_size / 2:
            return _read_mp3(path, file, "MP3")
    sound = sound or _by_ffmpeg(path, file, container)
    if is_joined(file.fileno()):
        raise AudioError(
            "joined",
            path,
            f"holds a second {container} file behind the first {sound.duration_s:.1f} s, which no decoder reads",
            "split it in two",
        )
    return sound


_READERS: Final = {"MP3": _read_mp3, "Ogg": _read_ogg, "FLAC": _read_flac}


def _by_libsndfile(file: FileIO, container: str | None) -> Sound | None:
    """What libsndfile knows about a file; None where it cannot open it, or does not know its length."""
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    with suppress(soundfile.SoundFileError), LibsndfileStream(Path(), file) as sound:
        return Sound(
            duration_s=sound.frames / sound.samplerate,
            container=container or sound.format,
            codec=sound.subtype,
            sample_rate=sound.samplerate,
            channels=sound.channels,
            decoder="libsndfile",
            tags=sound.copy_metadata(),
        )
    return None


def _by_ffmpeg(path: Path, file: FileIO, container: str | None, duration_s: float | None = None) -> Sound:
    """What FFmpeg knows about a file, whose length is given where it was counted."""
    with opened_by_ffmpeg(path, file, container) as stream:
        if stream.end_of_last_packet() > os.fstat(file.fileno()).st_size:
            raise AudioError("truncated", path, *CUT_SHORT)
        return Sound(
            duration_s=stream.duration_s() if duration_s is None else duration_s,
            container=container or "unknown",
            codec=stream.codec,
            sample_rate=stream.samplerate,
            channels=stream.channels,
            decoder="ffmpeg",
            tags=stream.tags,
        )
