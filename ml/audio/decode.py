"""Decoding: a window of any sound file that libsndfile reads -> mono float32 samples at the wanted rate.

A file is decoded, mixed down and resampled block by block, so memory follows the window that was asked for
and never the file, whatever its length, its channels or the claims of its header.
"""

import math
import os
import stat
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from common.errors import LabelscopeError
from ml.audio.containers import first_mp3_frame, mp3_says_its_length, poured

# 1.5 s at 44.1 kHz: small enough for the cache, large enough for the loop around it not to matter.
BLOCK_FRAMES = 1 << 16
PREROLL_S = 1.0  # decoded and dropped before a window: after a seek MP3 still wants data of earlier frames
# What each of several decoders decodes at a time: a minute is hardly faster, and holds 120 MiB more.
PART_S = 15.0
TOLERANCE_S = 1.0  # a window may come out this much shorter than promised before it counts as truncated
SILENCE = 10 ** (-90 / 20)  # peak of digital silence, 16-bit dither included
LOUDEST = 1e6  # beyond this the power spectrum nears the end of float32; 1.0 is full scale
SAMPLE_RATES = range(1_000, 768_001)  # a damaged header can claim 1 Hz, and resampling that would fill memory
UNKNOWN_LENGTH = 2**62  # libsndfile answers 2**63 - 1 frames for streams that do not say their length

# Containers that people have and libsndfile cannot open: (offset, magic bytes, name).
FOREIGN_CONTAINERS = (
    (4, b"ftyp", "MP4/M4A"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska/WebM"),
    (0, b"\x30\x26\xb2\x75", "WMA"),
)


class Stream(soundfile.SoundFile):  # type: ignore[misc]  # soundfile is not typed
    """A sound file that is read front to back.

    soundfile seeks after each read to where it already is. For MP3 that empties the bit reservoir, from
    which the next frames still want data: decoding block by block would click at the seams, and take longer.
    """

    def seekable(self) -> bool:
        return False


class AudioError(LabelscopeError):
    """A sound file that cannot be used.

    `reason` is one of missing, unreadable, empty, unsupported, not_audio, truncated, not_finite, silent, and of a
    whole recording (ml.mixes.analyse) too_short and changed; the text is one sentence with the cure.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(reason, sentence)  # both, so that the error survives the way out of a worker process
        self.reason = reason

    def __str__(self) -> str:
        return str(self.args[1])


def load_mono(
    path: Path, *, offset_s: float = 0.0, duration_s: float | None = None, sample_rate: int = 22050
) -> NDArray[np.float32]:
    """Decode a window of a sound file, average its channels and resample it.

    Args:
        path: any name that the file system holds; libsndfile gets a descriptor, never the name.
        offset_s: start of the window in seconds.
        duration_s: length of the window in seconds; None reads to the end.
        sample_rate: of the result, in Hz. The resampler is soxr HQ, librosa's default, so that
            `librosa.load` gives the same samples.

    Returns:
        float32 samples of shape (samples,), full scale at 1.0.

    Raises:
        AudioError: with the reason and a sentence; see the class.
    """
    with decoding(path, offset_s=offset_s, duration_s=duration_s, sample_rate=sample_rate) as sound:
        samples = np.concatenate(list(sound))
    if sound.peak < SILENCE:
        raise AudioError(
            "silent", f"{_name(path)} is silent from {offset_s:.1f} s on; choose another window or file."
        )
    return _fit(samples, sound.samples)


class Decoding:
    """A window of an open sound file as mono float32 blocks at the wanted rate, decoded while they are iterated over.

    `promised_s` is the length of the window in seconds; None where the file does not say its own. `decoded_s` is how
    much of it has come so far, `samples` what that is at the wanted rate, and `peak` its loudest value.
    """

    def __init__(
        self,
        path: Path,
        sound: Stream,
        offset_s: float,
        duration_s: float | None,
        sample_rate: int,
        decoders: int,
    ) -> None:
        self._path, self._sound, self._offset_s, self._rate = path, sound, offset_s, sample_rate
        self._decoders = decoders
        self._start = round(offset_s * sound.samplerate)
        self._wanted = None if duration_s is None else round(duration_s * sound.samplerate)
        self._promised = self._wanted if self._wanted is not None else max(0, sound.frames - self._start)
        self._decoded = 0
        self.peak = 0.0

    @property
    def promised_s(self) -> float | None:
        return None if self._promised >= UNKNOWN_LENGTH else float(self._promised / self._sound.samplerate)

    @property
    def decoded_s(self) -> float:
        return float(self._decoded / self._sound.samplerate)

    @property
    def samples(self) -> int:
        samples: int = math.ceil(self._decoded * self._rate / self._sound.samplerate)
        return samples

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Once, from the first block to the last; then raises AudioError if that was not all that was promised."""
        rate = self._sound.samplerate
        resampler = soxr.ResampleStream(rate, self._rate, 1, dtype="float32", quality="HQ")
        for block in self._blocks():
            self._decoded += len(block)
            self.peak = _louder(self.peak, block, self._path)
            # A copy where nothing is resampled: the decoder writes the next block into the same memory.
            yield block.copy() if rate == self._rate else resampler.resample_chunk(block)
        if rate != self._rate:
            yield resampler.resample_chunk(np.empty(0, dtype=np.float32), last=True)
        self._expect_all()

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        if self._decoders > 1 and self._wanted is None and _starts_anywhere(self._sound):
            return _side_by_side(self._path, self._sound, self._start, self._decoders)
        return _mono_blocks(self._sound, self._start, self._wanted)

    def _expect_all(self) -> None:
        promised_s = self.decoded_s if self.promised_s is None else self.promised_s
        if not promised_s:
            raise AudioError("empty", f"{_name(self._path)} holds no sound; remove it or fetch it again.")
        if not self._decoded or promised_s - self.decoded_s > TOLERANCE_S:
            raise AudioError(
                "truncated",
                f"{_name(self._path)} gave {self.decoded_s:.1f} s of the {promised_s:.1f} s promised "
                f"from {self._offset_s:.1f} s on: it is cut short or damaged; fetch it again.",
            )


@contextmanager
def decoding(
    path: Path,
    *,
    offset_s: float = 0.0,
    duration_s: float | None = None,
    sample_rate: int = 22050,
    decoders: int = 1,
) -> Iterator[Decoding]:
    """Open a sound file to be decoded block by block. Arguments and errors are those of `load_mono`, without silent.

    `decoders` is how many threads may decode at once, for one who has nothing else to do and reads to the end.
    """
    with _opened(path, whole=not offset_s and duration_s is None) as sound:
        yield Decoding(path, sound, offset_s, duration_s, sample_rate, decoders)


def _louder(peak: float, block: NDArray[np.float32], path: Path) -> float:
    """The peak so far. NaN fails every comparison, so one test finds NaN, infinite and absurd samples."""
    loudest = max(float(block.max()), -float(block.min()))
    if not loudest < LOUDEST:
        raise AudioError(
            "not_finite",
            f"{_name(path)} holds samples that are no numbers or absurdly large; export it again.",
        )
    return max(peak, loudest)


def _mono_blocks(sound: Stream, start: int, wanted: int | None) -> Iterator[NDArray[np.float32]]:
    """Yield mono blocks of the window; each is overwritten by the next.

    A decoder that fails on the way ends the sound there: the caller sees how much is missing.
    """
    if start >= sound.frames:
        return
    preroll = min(start, round(PREROLL_S * sound.samplerate))
    left = sound.frames if wanted is None else preroll + wanted
    decoded = np.empty((BLOCK_FRAMES, sound.channels), dtype=np.float32)
    # The mix is a matrix product: a mean over the short, strided axis takes as long as decoding the file.
    weights = np.full(sound.channels, 1 / sound.channels, dtype=np.float32)
    with suppress(soundfile.SoundFileError):
        if start:
            sound.seek(start - preroll)
        while left:
            block = sound.read(out=decoded[: min(left, BLOCK_FRAMES)])
            if not len(block):
                return
            left -= len(block)
            kept = block[preroll:]
            preroll -= len(block) - len(kept)
            if len(kept):
                yield kept[:, 0] if sound.channels == 1 else kept @ weights


def _starts_anywhere(sound: Stream) -> bool:
    """Whether decoding from the middle gives the same samples, and takes so long that it is worth it.

    That is Opus, which takes six times as long as FLAC, and forgets what was more than 80 ms ago (RFC 7845, 4.6).
    """
    return bool(sound.subtype == "OPUS" and sound.frames < UNKNOWN_LENGTH)


def _side_by_side(path: Path, sound: Stream, start: int, decoders: int) -> Iterator[NDArray[np.float32]]:
    """The mono blocks to the end of a file, one of PART_S after the other, each decoded by itself."""
    length = round(PART_S * sound.samplerate)

    def part(first: int) -> NDArray[np.float32]:
        with _opened(path, whole=False) as own:
            blocks = [block.copy() for block in _mono_blocks(own, first, min(length, sound.frames - first))]
        return np.concatenate(blocks or [np.empty(0, dtype=np.float32)])

    firsts = iter(range(start, sound.frames, length))
    with ThreadPoolExecutor(decoders) as threads:
        waiting = deque(threads.submit(part, first) for first in islice(firsts, decoders))
        while waiting:
            block = waiting.popleft().result()
            waiting.extend(threads.submit(part, first) for first in islice(firsts, 1))
            if len(block):
                yield block
            if len(block) < length:  # the end, or a place that cannot be decoded
                return


@contextmanager
def _opened(path: Path, whole: bool) -> Iterator[Stream]:
    """Open a sound file, all of it or to seek in, with every way in which that fails told apart."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a named pipe would wait for ever
            raise AudioError("not_audio", f"{_name(path)} is not a file; give the path of a sound file.")
        if not status.st_size:
            raise AudioError("empty", f"{_name(path)} has no bytes; remove it or fetch it again.")
        file = path.open("rb", buffering=0)
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError(
            "missing", f"{_name(path)} is not there; put it back or name the place that it has now."
        ) from None
    except OSError as problem:
        raise AudioError(
            "unreadable",
            f"{_name(path)} cannot be opened ({problem.strerror}); name another, or let this user read it.",
        ) from problem
    with file, ExitStack() as opened:
        descriptor = file.fileno()
        try:
            sound = opened.enter_context(Stream(descriptor, closefd=False))
            if whole and sound.format == "MP3" and not mp3_says_its_length(descriptor):
                pipe = opened.enter_context(poured(descriptor, first_mp3_frame(descriptor)))
                sound = opened.enter_context(Stream(pipe, closefd=False))
        except soundfile.SoundFileError as problem:
            raise _unknown(path, os.pread(descriptor, 16, 0)) from problem
        if sound.samplerate not in SAMPLE_RATES:
            raise AudioError(
                "not_audio", f"{_name(path)} claims {sound.samplerate} samples a second; export it again."
            )
        yield sound


def _unknown(path: Path, head: bytes) -> AudioError:
    for offset, magic, container in FOREIGN_CONTAINERS:
        if head[offset:].startswith(magic):
            return AudioError(
                "unsupported",
                f"{_name(path)} is {container}, which libsndfile does not decode; convert it to FLAC, WAV, "
                f"Ogg or MP3, for example with `ffmpeg -i IN OUT.flac`.",
            )
    return AudioError(
        "not_audio", f"{_name(path)} is not a sound file that libsndfile knows; replace or remove it."
    )


def _fit(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Exactly `length` samples: soxr may give one sample more or less than the ratio of the rates says."""
    return samples[:length] if len(samples) >= length else np.pad(samples, (0, length - len(samples)))


def _name(path: Path) -> str:
    """The path, quoted: names with line breaks or stray bytes stay on one line and remain storable text."""
    return repr(str(path))
