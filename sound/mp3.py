"""The length of an MPEG audio file (MP3, MP2), counted by its frames.

Sources: ISO 11172-3 and 13818-3 for the headers of frames; the Xing and LAME tags as described at
http://gabriel.mp3-tech.org/mp3infotag.html; VBRI as Fraunhofer's encoders write it.
"""

import os
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from sound.containers import CHUNK, id3_size

V1_KBITS: Final = {
    1: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
V2_KBITS: Final = {
    1: (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    3: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES: Final = (44_100, 48_000, 32_000)  # Hz, of version 1; half of it in version 2, a quarter in 2.5
RATE_DIVISORS: Final = {3: 1, 2: 2, 0: 4}  # by the two bits of the version
MONO: Final = 3  # the two bits of the channel mode
LARGEST_FRAME: Final = 2881  # bytes: 160 kbit/s at 8 kHz, layer II
DECODER_DELAY: Final = 529  # samples that a decoder of layer III adds at the beginning
TOLERANCE_S: Final = 1.0  # a file that is shorter than declared by more than this is truncated
AGREEMENT_S: Final = 0.05  # two lengths that differ by less are the same
APE_FOOTER: Final = 32  # bytes of the header and of the footer of an APEv2 tag


class Kind(NamedTuple):
    """What all frames of an ordinary file have in common, but for the number of channels."""

    samples: int
    rate: int  # Hz
    layer: int


class Frame(NamedTuple):
    """What the first three bytes of a frame hold."""

    size: int  # bytes, header included
    kind: Kind


class LengthTag(NamedTuple):
    """The Xing, Info or VBRI tag in the first frame."""

    frames: int | None  # without the one that holds the tag; None: it is not declared
    bytes: int | None  # of all frames, that with the tag included
    trimmed: int  # samples at the beginning and the end that are not sound


@dataclass(frozen=True, slots=True)
class Mp3Frames:
    """The frames of a file, counted, and the tag in the first one."""

    counts: Counter[tuple[Kind, int]]  # whole frames of each (kind, channels), first ones first; at least one
    bytes: int  # of all of them
    tag: LengthTag | None

    @property
    def kind(self) -> Kind:
        """Of the first frame."""
        return next(iter(self.counts))[0]

    @property
    def duration_s(self) -> float:
        """Without what the tag declares not to be sound: its own frame, and samples at the beginning and the end."""
        counted_s = sum(count * kind.samples / kind.rate for (kind, _), count in self.counts.items())
        if self.tag is None:
            return counted_s
        counted_s -= self.kind.samples / self.kind.rate
        trimmed_s = self.tag.trimmed / self.kind.rate
        return (
            counted_s - trimmed_s if trimmed_s < counted_s else counted_s
        )  # early encoders wrote too large numbers

    @property
    def missing_s(self) -> float:
        """By how much the frames are fewer than declared; negative where they are more, 0 where nothing is declared."""
        if self.tag is None or self.tag.frames is None:
            return 0.0
        return (self.tag.frames - self.counts.total() + 1) * self.kind.samples / self.kind.rate

    @property
    def is_cut_short(self) -> bool:
        """Whether bytes are missing as well as frames: else the tag is wrong."""
        declared = self.tag and self.tag.bytes
        return self.missing_s > TOLERANCE_S and (declared is None or self.bytes < declared)

    @property
    def is_ordinary(self) -> bool:
        """Whether all frames are alike, and as many as declared, so that any decoder reads them to their end."""
        return len(self.counts) == 1 and abs(self.missing_s) <= AGREEMENT_S


@cache
def frame_of(head: bytes) -> Frame | None:
    """The frame that begins with these three bytes; None where none does. Free bit rates are not recognised."""
    if len(head) < 3 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rate, rate_index, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or rate in (0, 15) or rate_index == 3:
        return None
    bits = (V1_KBITS if version == 3 else V2_KBITS)[layer][rate - 1] * 1000
    hertz = RATES[rate_index] // RATE_DIVISORS[version]
    samples = 384 if layer == 1 else 576 if layer == 3 and version != 3 else 1152
    slot = 4 if layer == 1 else 1
    return Frame((samples // 8 // slot * bits // hertz + padding) * slot, _kind(samples, hertz, layer))


@cache
def _kind(samples: int, rate: int, layer: int) -> Kind:
    """One object for each kind, so that frames are compared by identity, which is fast."""
    return Kind(samples, rate, layer)


def mp3_frames(descriptor: int) -> Mp3Frames | None:
    """Count the frames of a file; None where it has none. Reads the whole file."""
    first = _next_frame(descriptor, 0)
    if first is None:
        return None
    counts, size = _count(descriptor, first)
    return Mp3Frames(counts, size, _length_tag(descriptor, first)) if counts else None


def _count(descriptor: int, first: int) -> tuple[Counter[tuple[Kind, int]], int]:
    """(how many whole frames of each (kind, channels) follow, first ones first; the bytes of all of them)."""
    counts: Counter[tuple[Kind, int]] = Counter()
    size = 0
    position: int | None = first
    while position is not None:
        chunk = os.pread(descriptor, CHUNK, position)
        at = count = 0
        kind, channels = None, 0
        while (frame := frame_of(chunk[at : at + 3])) and at + frame.size <= len(chunk):
            is_mono = chunk[at + 3] >> 6 == MONO
            if frame.kind is not kind or is_mono != (channels == 1):
                if kind:
                    counts[kind, channels] += count
                kind, channels, count = frame.kind, 1 if is_mono else 2, 0
            count += 1
            at += frame.size
        if kind:
            counts[kind, channels] += count
            position, size = position + at, size + at
        else:
            position = _next_frame(descriptor, position + max(1, _tag_size(descriptor, position)))
    return counts, size


def _tag_size(descriptor: int, position: int) -> int:
    """The bytes of the ID3v2 or APEv2 tag at a position; 0 without one."""
    head = os.pread(descriptor, APE_FOOTER, position)
    if head.startswith(b"APETAGEX") and len(head) == APE_FOOTER:
        return APE_FOOTER + int.from_bytes(head[12:16], "little")
    return id3_size(head)


def _next_frame(descriptor: int, position: int) -> int | None:
    """The position, from `position` on, of the first of two frames of one kind that follow each other.

    Bytes that look like one frame are frequent in pictures and other junk. The last frame of a file needs none behind.
    """
    size = os.fstat(descriptor).st_size
    while tag := _tag_size(descriptor, position):
        position += tag
    while chunk := os.pread(descriptor, CHUNK, position):
        at = chunk.find(b"\xff")
        while at >= 0:
            if frame := frame_of(chunk[at : at + 3]):
                behind = position + at + frame.size
                following = frame_of(os.pread(descriptor, 3, behind))
                if behind == size or (following and following.kind is frame.kind):
                    return position + at
            at = chunk.find(b"\xff", at + 1)
        position += len(chunk) - 2 if len(chunk) > 2 and len(chunk) == CHUNK else len(chunk)
    return None


def _length_tag(descriptor: int, first: int) -> LengthTag | None:
    """The tag in the frame at `first`, in place of sound; None without one."""
    head = os.pread(descriptor, LARGEST_FRAME, first)
    frame = frame_of(head[:3])
    if frame is None or frame.kind.layer != 3:
        return None
    body = head[4 : frame.size]
    if (at := body.find(b"VBRI")) >= 0:
        return LengthTag(_number(body, at + 14), _number(body, at + 10), 0)
    at = max(body.find(b"Xing", 0, 40), body.find(b"Info", 0, 40))
    if at < 0:
        return None
    flags = _number(body, at + 4)
    frames = _number(body, at + 8) if flags & 1 else None
    size = _number(body, at + 8 + 4 * (flags & 1)) if flags & 2 else None
    encoder = at + 8 + 4 * (flags & 1) + 2 * (flags & 2) + 25 * (flags & 4) + (flags & 8) // 2
    delays = int.from_bytes(body[encoder + 21 : encoder + 24], "big")
    delay, padding = delays >> 12, delays & 0xFFF
    if not body[encoder : encoder + 4].isalnum() or not delay:
        return LengthTag(frames, size, 0)
    return LengthTag(frames, size, delay + DECODER_DELAY + max(0, padding - DECODER_DELAY))


def _number(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 4], "big")
