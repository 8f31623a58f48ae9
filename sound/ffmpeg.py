"""Reading sound files by FFmpeg (PyAV): every format, and every odd file that libsndfile would not read to its end."""

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
        frames = (frame for packet in self._packets() for frame in _decoded(packet))
        return sum(frame.samples / frame.sample_rate for frame in frames)

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
        blocks: list[NDArray[np.float32]] = []
        rate, left_s = self.samplerate, duration_s
        if left_s is None and self._container.format.name == MP4 and self._header_s() >= SHORT_S:
            left_s = max(0.0, self._header_s() - start_s)  # its last packet may be longer than the sound
        for position_s, frame in self._frames_from(max(0.0, start_s - PREROLL_S)):
            samples = as_float(frame)
            skipped = min(len(samples), max(0, round((start_s - position_s) * frame.sample_rate)))
            samples = samples[skipped:]
            if left_s is not None:
                samples = samples[: max(0, round(left_s * frame.sample_rate))]
                left_s -= len(samples) / frame.sample_rate
            if blocks and (frame.sample_rate != rate or samples.shape[1] != blocks[0].shape[1]):
                yield rate, np.concatenate(blocks)
                blocks = []
            rate = frame.sample_rate
            if len(samples):
                blocks.append(samples)
            if sum(map(len, blocks)) >= BLOCK_FRAMES:
                yield rate, np.concatenate(blocks)
                blocks = []
            if left_s is not None and left_s < 0.5 / rate:
                break
        if blocks:
            yield rate, np.concatenate(blocks)

    @property
    def _is_indexed(self) -> bool:
        return self._container.format.name in INDEXED

    def _frames_from(self, start_s: float) -> Iterator[tuple[float, AudioFrame]]:
        """Yield (position in seconds, frame) for the frames from at most `start_s` on.

        Positions count from the first frame: its own time differs from 0 where the encoder has put samples before the
        sound. Without an index, packets before `start_s` are counted and not decoded.
        """
        if not start_s:
            yield from self._with_positions(self._packets(), 0.0)
            return
        first_s = next((frame.time or 0.0 for packet in self._packets() for frame in _decoded(packet)), 0.0)
        self._seek(start_s + first_s if self._is_indexed else 0.0)
        if self._is_indexed:
            yield from self._with_positions(self._packets(), None, first_s)
            return
        position_s, packets = -first_s, self._packets()
        for packet in packets:
            if position_s + _duration_of(packet) >= start_s:
                yield from self._with_positions(chain([packet], packets), position_s)
            position_s += _duration_of(packet)

    def _with_positions(
        self, packets: "Iterator[Packet[AudioStream]]", position_s: float | None, first_s: float = 0.0
    ) -> Iterator[tuple[float, AudioFrame]]:
        """The frames of packets. The first one is at `position_s`, or where its own time says, less `first_s`."""
        for packet in packets:
            for frame in _decoded(packet):
                if position_s is None:
                    position_s = (frame.time or 0.0) - first_s
                yield position_s, frame
                position_s += frame.samples / frame.sample_rate

    def _seek(self, seconds: float) -> None:
        """Go to the last packet before a time that can be decoded alone. Where that fails, no packet may be left."""
        with suppress(av.error.FFmpegError):
            self._container.seek(int(seconds * av.time_base))

    def _packets(self) -> "Iterator[Packet[AudioStream]]":
        """The packets up to the end of the file, or to where it cannot be read; the last one is empty."""
        try:
            yield from self._container.demux(self._stream)
        except av.error.FFmpegError:
            return


def _duration_of(packet: "Packet[AudioStream]") -> float:
    """In seconds; 0 where the format does not have it."""
    return float((packet.duration or 0) * packet.time_base)


def _decoded(packet: "Packet[AudioStream]") -> list[AudioFrame]:
    try:
        return [frame for frame in packet.decode() if isinstance(frame, AudioFrame)]
    except av.error.FFmpegError:
        return []


def as_float(frame: AudioFrame) -> NDArray[np.float32]:
    """The samples of a frame, (frames, channels), full scale at 1.0."""
    samples = frame.to_ndarray()  # (channels, frames), or (1, frames * channels) where channels alternate
    samples = samples.T if frame.format.is_planar else samples.reshape(-1, frame.layout.nb_channels)
    floats: NDArray[np.float32] = samples.astype(np.float32)
    if samples.dtype == np.uint8:
        floats -= 128
    if samples.dtype.kind in "iu":
        floats /= 2.0 ** (8 * samples.dtype.itemsize - 1)
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
    except (av.error.FFmpegError, ValueError) as problem:
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
