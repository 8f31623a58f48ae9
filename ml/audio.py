"""Decoding: a window of any sound file that libsndfile reads -> mono float32 samples at the wanted rate.

A file is decoded, mixed down and resampled block by block, so memory follows the window that was asked for
and never the file, whatever its length, its channels or the claims of its header.
"""

import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

# 1.5 s at 44.1 kHz: small enough for the cache, large enough for the loop around it not to matter.
BLOCK_FRAMES = 1 << 16
PREROLL_S = 1.0  # decoded and dropped before a window: after a seek MP3 still wants data of earlier frames
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


class AudioError(Exception):
    """A sound file that cannot be used.

    `reason` is one of missing, unreadable, empty, unsupported, not_audio, truncated, not_finite, silent;
    the text is one sentence with the cure.
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
    blocks: list[NDArray[np.float32]] = []
    decoded, peak = 0, 0.0
    with _opened(path) as sound:
        rate = sound.samplerate
        start = round(offset_s * rate)
        wanted = None if duration_s is None else round(duration_s * rate)
        promised = wanted if wanted is not None else max(0, sound.frames - start)
        resampler = soxr.ResampleStream(rate, sample_rate, 1, dtype="float32", quality="HQ")
        for block in _mono_blocks(sound, start, wanted):
            decoded += len(block)
            peak = _louder(peak, block, path)
            # A copy where nothing is resampled: the decoder writes the next block into the same memory.
            blocks.append(block.copy() if rate == sample_rate else resampler.resample_chunk(block))
    if rate != sample_rate:
        blocks.append(resampler.resample_chunk(np.empty(0, dtype=np.float32), last=True))

    if promised >= UNKNOWN_LENGTH:
        promised = decoded
    if not promised:
        raise AudioError("empty", f"{_name(path)} holds no sound; remove it or fetch it again.")
    if not decoded or promised - decoded > TOLERANCE_S * rate:
        raise AudioError(
            "truncated",
            f"{_name(path)} gave {decoded / rate:.1f} s of the {promised / rate:.1f} s promised "
            f"from {offset_s:.1f} s on: it is cut short or damaged; fetch it again.",
        )
    if peak < SILENCE:
        raise AudioError(
            "silent", f"{_name(path)} is silent from {offset_s:.1f} s on; choose another window or file."
        )
    samples = np.concatenate(blocks)
    return _fit(samples, math.ceil(decoded * sample_rate / rate))


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


@contextmanager
def _opened(path: Path) -> Iterator[Stream]:
    """Open a sound file, with every way in which that fails told apart."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a named pipe would wait for ever
            raise AudioError("not_audio", f"{_name(path)} is not a file; give the path of a sound file.")
        if not status.st_size:
            raise AudioError("empty", f"{_name(path)} has no bytes; remove it or fetch it again.")
        file = path.open("rb", buffering=0)
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError(
            "missing", f"{_name(path)} is not there; restore it or ingest its folder again."
        ) from None
    except OSError as problem:
        raise AudioError(
            "unreadable",
            f"{_name(path)} cannot be opened ({problem.strerror}); give this user the right to read it.",
        ) from problem
    with file:
        try:
            sound = Stream(file.fileno(), closefd=False)
        except soundfile.SoundFileError as problem:
            raise _unknown(path, os.pread(file.fileno(), 16, 0)) from problem
        with sound:
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
