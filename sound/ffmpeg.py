"""Reading sound files by FFmpeg (PyAV): every format, and every odd file that libsndfile would not read to its end."""

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from itertools import chain
from pathlib import Path
from typing import Any, Final, NoReturn

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from numpy.typing import NDArray

from sound.errors import AudioError
from sound.libsndfile import BLOCK_FRAMES, PREROLL_S

MP4: Final = "mov,mp4,m4a,3gp,3g2,mj2"
# FFmpeg's names of formats whose length is in a header, and in which it finds a position.
INDEXED: Final = (
    MP4, "aiff", "ape", "asf", "caf", "dsf", "iff", "matroska,webm", "mpc", "mpc8", "tak", "tta", "w64", "wav", "wv",
)  # fmt: skip
# Others that it may read. The rest of its formats are raw data, and playlists, which open other files.
COUNTED: Final = (
    "aac", "ac3", "act", "amr", "au", "avi", "dts", "dtshd", "eac3", "flac", "flv", "loas", "mlp", "mp3", "mpeg",
    "mpegts", "ogg", "oma", "osq", "qoa", "rm", "shn", "truehd", "voc", "xwma",
)  # fmt: skip
# What PyAV raises at damaged bytes: OSError where FFmpeg seeks to a position that cannot be.
DAMAGE: Final = (av.error.FFmpegError, OSError)
SAMPLE_TYPES: Final = {
    "u8": np.uint8, "s16": np.int16, "s32": np.int32, "s64": np.int64, "flt": np.float32, "dbl": np.float64,
}  # fmt: skip
SHORT_S: Final = 1.0  # shorter files are decoded to know their length: some programs write 0, or nearly so


class FfmpegStream:
    """An open sound file. Its first audio stream is read."""

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        self._container, self._stream = container, stream
        self.samplerate: int = stream.codec_context.sample_rate
        self.channels: int = stream.codec_context.channels
        self.codec: str = stream.codec_context.name

    @property
    def tags(self) -> dict[str, str]:
        return dict(self._container.metadata) | dict(self._stream.metadata)

    def duration_s(self) -> float:
        """The length in seconds, by the header where the format has one, else counted."""
        header_s = self._header_s() if self._is_indexed else 0.0
        if header_s >= SHORT_S:
            return header_s
        # Packets of FLAC do not have their true length where files are joined.
        packets_s = 0.0 if self._container.format.name == "flac" else sum(map(_duration_of, self._packets()))
        if packets_s >= SHORT_S:
            return packets_s
        self._seek(0.0)
        return sum(frame.samples / frame.sample_rate for frame in self._frames(self._packets()))

    def _header_s(self) -> float:
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        return float((self._container.duration or 0) / av.time_base)

    def end_of_last_packet(self) -> int:
        """The position, in bytes, up to which the file has to reach by its index; 0 without an index."""
        entries = self._stream.index_entries
        return max((entry.pos + entry.size for entry in entries[-1:]), default=0)

    def blocks(
        self,
        start_s: float,
        duration_s: float | None,
        threads: int = 1,  # noqa: ARG002  FFmpeg has one thread for audio
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield (sample rate, block) of a window; blocks are (frames, channels). Both may change within a file.

        Packets that cannot be decoded are passed over, as FFmpeg's own program does.
        """
        end_s = math.inf if duration_s is None else start_s + duration_s
        if self._container.format.name == MP4 and self._header_s() >= SHORT_S:
            end_s = min(end_s, self._header_s())  # its last packet may be longer than the sound
        position_s, frames = self._frames_from(max(0.0, start_s - PREROLL_S))
        for run in _runs(frames):
            rate, samples = run[0].sample_rate, as_float(run)
            first = max(0, round((start_s - position_s) * rate))
            last = len(samples) if end_s == math.inf else round((end_s - position_s) * rate)
            if first < min(last, len(samples)):
                yield rate, samples[first:last]
            position_s += len(samples) / rate
            if position_s >= end_s:
                return

    @property
    def _is_indexed(self) -> bool:
        return self._container.format.name in INDEXED

    def _frames_from(self, start_s: float) -> tuple[float, Iterator[AudioFrame]]:
        """(position of the first frame in seconds, the frames from at most `start_s` on).

        Positions count from the first frame of the file: its own time differs from 0 where the encoder has put samples
        before the sound. Without an index, packets before `start_s` are counted and not decoded.
        """
        frames = self._frames(self._packets())
        if not start_s:
            return 0.0, frames
        first = next(frames, None)
        first_s = (first.time or 0.0) if first else 0.0
        if self._is_indexed:
            self._seek(start_s + first_s)
            frames = self._frames(self._packets())
            first = next(frames, None)
            return ((first.time or 0.0) - first_s, chain([first], frames)) if first else (0.0, frames)
        self._seek(0.0)
        position_s, packets = -first_s, self._packets()
        for packet in packets:
            if position_s + _duration_of(packet) >= start_s:
                return position_s, self._frames(chain([packet], packets))
            position_s += _duration_of(packet)
        return position_s, iter(())

    def _frames(self, packets: "Iterator[Packet[AudioStream]]") -> Iterator[AudioFrame]:
        return (frame for packet in packets for frame in _decoded(packet))

    def _seek(self, seconds: float) -> None:
        """Go to the last packet before a time that can be decoded alone. Where that fails, no packet may be left."""
        with suppress(*DAMAGE):
            self._container.seek(int(seconds * av.time_base))

    def _packets(self) -> "Iterator[Packet[AudioStream]]":
        """The packets up to the end of the file, or to where it cannot be read; the last one is empty."""
        try:
            yield from self._container.demux(self._stream)
        except DAMAGE:
            return


def _duration_of(packet: "Packet[AudioStream]") -> float:
    """In seconds; 0 where the format does not have it."""
    return float((packet.duration or 0) * packet.time_base)


def _decoded(packet: "Packet[AudioStream]") -> list[AudioFrame]:
    try:
        return [frame for frame in packet.decode() if isinstance(frame, AudioFrame)]
    except DAMAGE:
        return []


def _runs(frames: Iterator[AudioFrame]) -> Iterator[list[AudioFrame]]:
    """Frames of one kind that follow each other, BLOCK_FRAMES samples or more together where the kind does not change.

    Converting a frame of 20 ms takes as long as decoding it; converting many at once does not.
    """
    run: list[AudioFrame] = []
    kind, samples = None, 0
    for frame in frames:
        same = kind == (kind := (frame.sample_rate, frame.format.name, frame.layout.nb_channels))
        if run and (not same or samples >= BLOCK_FRAMES):
            yield run
            run, samples = [], 0
        run.append(frame)
        samples += frame.samples
    if run:
        yield run


def as_float(run: list[AudioFrame]) -> NDArray[np.float32]:
    """The samples of frames of one kind, (frames, channels), full scale at 1.0."""
    channels, is_planar = run[0].layout.nb_channels, run[0].format.is_planar
    dtype = SAMPLE_TYPES[run[0].format.name.removesuffix("p")]
    planes = channels if is_planar else 1
    each = 1 if is_planar else channels
    joined = [
        # PyAV's planes have the buffer protocol, which its types leave out.
        np.concatenate([np.frombuffer(frame.planes[plane], dtype, frame.samples * each) for frame in run])  # type: ignore[call-overload]
        for plane in range(planes)
    ]
    samples = np.stack(joined, axis=1) if is_planar else joined[0].reshape(-1, channels)
    floats: NDArray[np.float32] = samples.astype(np.float32)
    if dtype == np.uint8:
        floats -= 128
    if np.issubdtype(dtype, np.integer):
        floats /= 2.0 ** (8 * np.dtype(dtype).itemsize - 1)
    return floats


@contextmanager
def opened_by_ffmpeg(path: Path, file: FileIO, container: str | None) -> Iterator[FfmpegStream]:
    """The first audio stream of a file. `container` is its name for sentences. Raises AudioError."""
    file.seek(0)
    try:
        opened = av.open(
            _Nameless(file),
            "r",
            container_options={"format_whitelist": ",".join(INDEXED + COUNTED)},
            metadata_errors="replace",
            io_open=_open_nothing,
        )
    except (*DAMAGE, ValueError) as problem:
        raise _cannot_open(path, container) from problem
    with opened:
        if not opened.streams.audio:
            raise AudioError(
                "not_audio",
                path,
                f"is {container or opened.format.long_name} without sound",
                "replace or remove it",
            )
        stream = opened.streams.audio[0]
        if getattr(stream, "codec_context", None) is None:
            raise AudioError(
                "unsupported",
                path,
                f"is {container} that is protected or of a kind that FFmpeg does not decode",
                "buy or export it in another format",
            )
        yield FfmpegStream(opened, stream)


class _Nameless:
    """An open file without its name: FFmpeg rejects names that are not valid UTF-8, and guesses formats by endings."""

    def __init__(self, file: FileIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _cannot_open(path: Path, container: str | None) -> AudioError:
    if container is None:
        return AudioError("not_audio", path, "is not a sound file", "replace or remove it")
    if container == "MP3":  # whose frames were looked for
        fault = "begins as MP3 and holds no frame of sound"
    else:
        fault = f"begins as {container} and cannot be read: it is damaged or cut short"
    return AudioError("not_audio", path, fault, "fetch it again")


def _open_nothing(*_: Any) -> NoReturn:
    raise PermissionError("A sound file may not name other files to be opened.")
