"""Decoding: a window of any sound file -> mono float32 samples at the wanted rate.

A file is decoded, mixed down and resampled block by block. So memory grows with the requested window, never with the
file, its channels or the values in its header.
"""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from sound.errors import AudioError
from sound.ffmpeg import FfmpegStream, opened_by_ffmpeg
from sound.libsndfile import LibsndfileStream
from sound.mp3 import TOLERANCE_S
from sound.open_file import opened_file
from sound.probe import Sound, probe

SILENCE: Final = 10 ** (-90 / 20)  # peak of digital silence, 16-bit dither included
LOUDEST: Final = 1e6  # beyond this the power spectrum nears the end of float32; 1.0 is full scale
CANCELLED: Final = 1e-4  # of the channels' power is left in their mean, or less: they are in antiphase

Stream = LibsndfileStream | FfmpegStream


def load_mono(
    path: Path, *, offset_s: float = 0.0, duration_s: float | None = None, sample_rate: int = 22050
) -> NDArray[np.float32]:
    """Decode a window of a sound file, average its channels and resample it.

    Args:
        path: any name that the file system has; the decoders get an open file, never the name.
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
            "silent", path, f"is silent from {offset_s:.1f} s on", "choose another window or file"
        )
    return _with_length(samples, sound.samples)


class Decoder:
    """A window of an open sound file. Iterating yields mono float32 blocks, (samples,), at the wanted rate.

    `promised_s` is the length of the window in seconds. `decoded_s` is the length decoded so far, `samples` that length
    at the wanted rate, and `peak` the largest absolute value in any channel.
    """

    def __init__(
        self,
        path: Path,
        sound: Sound,
        stream: Stream,
        *,
        offset_s: float,
        duration_s: float | None,
        sample_rate: int,
        threads: int,
    ) -> None:
        self._path, self._stream, self._rate, self._threads = path, stream, sample_rate, threads
        self._offset_s, self._duration_s = offset_s, duration_s
        self.promised_s = max(0.0, sound.duration_s - offset_s) if duration_s is None else duration_s
        self._decoded: Counter[int] = Counter()  # frames by their sample rate, which may change within a file
        self.peak = 0.0

    @property
    def decoded_s(self) -> float:
        return sum(frames / rate for rate, frames in self._decoded.items())

    @property
    def samples(self) -> int:
        return sum(math.ceil(frames * self._rate / rate) for rate, frames in self._decoded.items())

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """The blocks, only once. Raises AudioError after the last one where the window is not complete."""
        blocks = self._stream.blocks(self._offset_s, self._duration_s, self._threads)
        for rate, same_rate in groupby(blocks, key=itemgetter(0)):
            resampler = soxr.ResampleStream(rate, self._rate, 1, dtype="float32", quality="HQ")
            for _, channels in same_rate:
                self._decoded[rate] += len(channels)
                block = self._mono(channels)
                yield block if rate == self._rate else resampler.resample_chunk(block)
            if rate != self._rate:
                yield resampler.resample_chunk(np.empty(0, dtype=np.float32), last=True)
        self._expect_all()

    def _mono(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean of the channels, (frames,), as a copy: the decoder writes the next block into the same memory.

        Channels in antiphase would cancel to silence: then it is the first one.
        """
        peak = max(float(channels.max()), -float(channels.min()))
        # NaN fails every comparison, so one test finds NaN, infinite and absurd samples.
        if not peak < LOUDEST:
            raise AudioError(
                "not_finite",
                self._path,
                "holds samples that are no numbers or absurdly large",
                "export it again",
            )
        self.peak = max(self.peak, peak)
        first, count = channels[:, 0], channels.shape[1]
        if count == 1:
            return first.copy()
        # A matrix product: a mean over the short, strided axis takes as long as decoding the file.
        mean = channels @ np.full(count, 1 / count, dtype=np.float32)
        if mean @ mean < CANCELLED * (first @ first):
            return first.copy()
        return mean

    def _expect_all(self) -> None:
        if not self.decoded_s and self.promised_s <= TOLERANCE_S:
            raise AudioError("empty", self._path, "holds no sound", "remove it or fetch it again")
        if not self.decoded_s or self.promised_s - self.decoded_s > TOLERANCE_S:
            raise AudioError(
                "truncated",
                self._path,
                f"gave {self.decoded_s:.1f} s of the {self.promised_s:.1f} s promised from {self._offset_s:.1f} s on: "
                "it is cut short or damaged",
                "fetch it again",
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
    sound = probe(path)
    with _opened(path, sound) as stream:
        yield Decoder(
            path,
            sound,
            stream,
            offset_s=offset_s,
            duration_s=duration_s,
            sample_rate=sample_rate,
            threads=threads,
        )


@contextmanager
def _opened(path: Path, sound: Sound) -> Iterator[Stream]:
    with opened_file(path) as file:
        if sound.decoder == "libsndfile":
            with LibsndfileStream(path, file) as stream:
                yield stream
        else:
            with opened_by_ffmpeg(path, file, sound.container) as stream:
                yield stream


def _with_length(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Exactly `length` samples: soxr may give one sample more or less than the ratio of the rates."""
    return samples[:length] if len(samples) >= length else np.pad(samples, (0, length - len(samples)))
