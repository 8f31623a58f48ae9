"""Decoding: a window of any sound file that libsndfile reads -> mono float32 samples at the wanted rate.

A file is decoded, mixed down and resampled block by block. So memory grows with the requested window, never with the
file, its channels or the values in its header.
"""

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from sound.errors import AudioError
from sound.stream import Stream, opened_stream, quoted

# 1.5 s at 44.1 kHz: small enough for the processor's cache, large enough for the loop around it not to matter.
BLOCK_FRAMES: Final = 1 << 16
PREROLL_S: Final = 1.0  # decoded and dropped before a window: after a seek MP3 needs data of earlier frames
# What each of several decoders decodes at a time: a minute is hardly faster, and needs 120 MiB more.
PART_S: Final = 15.0
TOLERANCE_S: Final = 1.0  # a window that is shorter than declared by more than this is truncated
SILENCE: Final = 10 ** (-90 / 20)  # peak of digital silence, 16-bit dither included
LOUDEST: Final = 1e6  # beyond this the power spectrum nears the end of float32; 1.0 is full scale
# Frames. libsndfile gives 2**63 - 1 for streams that do not declare their length.
UNKNOWN_LENGTH: Final = 2**62


def load_mono(
    path: Path, *, offset_s: float = 0.0, duration_s: float | None = None, sample_rate: int = 22050
) -> NDArray[np.float32]:
    """Decode a window of a sound file, average its channels and resample it.

    Args:
        path: any name that the file system has; libsndfile gets a descriptor, never the name.
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
            "silent",
            f"{quoted(path)} is silent from {offset_s:.1f} s on; choose another window or file.",
        )
    return _with_length(samples, sound.samples)


class Decoder:
    """A window of an open sound file. Iterating yields mono float32 blocks, (samples,), at the wanted rate.

    `promised_s` is the length of the window in seconds, None where the file does not declare its own. `decoded_s` is
    the length decoded so far, `samples` that length at the wanted rate, and `peak` the largest absolute value.
    """

    def __init__(
        self,
        path: Path,
        sound: Stream,
        *,
        offset_s: float,
        duration_s: float | None,
        sample_rate: int,
        threads: int,
    ) -> None:
        self._path, self._sound, self._offset_s, self._rate = path, sound, offset_s, sample_rate
        self._threads = threads
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
        """The blocks, only once. Raises AudioError after the last one where the window is not complete."""
        rate = self._sound.samplerate
        resampler = soxr.ResampleStream(rate, self._rate, 1, dtype="float32", quality="HQ")
        for block in self._blocks():
            self._decoded += len(block)
            self.peak = max(self.peak, _peak_of(block, self._path))
            # A copy where nothing is resampled: the decoder writes the next block into the same memory.
            yield block.copy() if rate == self._rate else resampler.resample_chunk(block)
        if rate != self._rate:
            yield resampler.resample_chunk(np.empty(0, dtype=np.float32), last=True)
        self._expect_all()

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        if self._threads > 1 and self._wanted is None and _is_worth_threads(self._sound):
            return _blocks_by_threads(self._path, self._sound, self._start, self._threads)
        return _mono_blocks(self._sound, self._start, self._wanted)

    def _expect_all(self) -> None:
        promised_s = self.decoded_s if self.promised_s is None else self.promised_s
        if not promised_s:
            raise AudioError("empty", f"{quoted(self._path)} holds no sound; remove it or fetch it again.")
        if not self._decoded or promised_s - self.decoded_s > TOLERANCE_S:
            raise AudioError(
                "truncated",
                f"{quoted(self._path)} gave {self.decoded_s:.1f} s of the {promised_s:.1f} s promised "
                f"from {self._offset_s:.1f} s on: it is cut short or damaged; fetch it again.",
            )


@contextmanager
def decoding(
    path: Path,
    *,
    offset_s: float = 0.0,
    duration_s: float | None = None,
    sample_rate: int = 22050,
    threads: int = 1,
) -> Iterator[Decoder]:
    """Open a sound file to be decoded block by block. Arguments and errors are those of `load_mono`, without silent.

    `threads` is how many threads may decode at once, which only helps a caller that reads a file to its end.
    """
    with opened_stream(path, whole=not offset_s and duration_s is None) as sound:
        yield Decoder(
            path, sound, offset_s=offset_s, duration_s=duration_s, sample_rate=sample_rate, threads=threads
        )


def _peak_of(block: NDArray[np.float32], path: Path) -> float:
    """The largest absolute value. NaN fails every comparison, so one test finds NaN, infinite and absurd samples."""
    peak = max(float(block.max()), -float(block.min()))
    if not peak < LOUDEST:
        raise AudioError(
            "not_finite",
            f"{quoted(path)} holds samples that are no numbers or absurdly large; export it again.",
        )
    return peak


def _mono_blocks(sound: Stream, start: int, wanted: int | None) -> Iterator[NDArray[np.float32]]:
    """Yield mono blocks, (frames,), of the window; each is overwritten by the next.

    The sound ends where the decoder fails; the caller compares the length with the declared one.
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
            block = sound.read(out=decoded[: min(left, BLOCK_FRAMES)])  # (frames, channels)
            if not len(block):
                return
            left -= len(block)
            kept = block[preroll:]
            preroll -= len(block) - len(kept)
            if len(kept):
                yield kept[:, 0] if sound.channels == 1 else kept @ weights


def _is_worth_threads(sound: Stream) -> bool:
    """Whether decoding from the middle gives the same samples, and takes so long that threads pay.

    That is Opus: it takes six times as long as FLAC, and keeps no state for more than 80 ms (RFC 7845, 4.6).
    """
    return bool(sound.subtype == "OPUS" and sound.frames < UNKNOWN_LENGTH)


def _blocks_by_threads(path: Path, sound: Stream, start: int, threads: int) -> Iterator[NDArray[np.float32]]:
    """The mono blocks to the end of a file, PART_S each, in order, decoded in parallel by `threads` threads."""
    length = round(PART_S * sound.samplerate)

    def decode_part(first: int) -> NDArray[np.float32]:
        with opened_stream(path, whole=False) as part:
            blocks = [block.copy() for block in _mono_blocks(part, first, min(length, sound.frames - first))]
        return np.concatenate(blocks or [np.empty(0, dtype=np.float32)])

    firsts = iter(range(start, sound.frames, length))
    with ThreadPoolExecutor(threads) as pool:
        pending = deque(pool.submit(decode_part, first) for first in islice(firsts, threads))
        while pending:
            block = pending.popleft().result()
            pending.extend(pool.submit(decode_part, first) for first in islice(firsts, 1))
            if len(block):
                yield block
            if len(block) < length:  # the end, or a position that cannot be decoded
                return


def _with_length(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Exactly `length` samples: soxr may give one sample more or less than the ratio of the rates."""
    return samples[:length] if len(samples) >= length else np.pad(samples, (0, length - len(samples)))
