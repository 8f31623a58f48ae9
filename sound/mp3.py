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
APE_FOOTER: Final = 32  # bytes of the header and of the footer of an APEv2 tag
CUT_SHORT_S: Final = 1.0  # fewer frames than declared by more than this: the end is missing


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

    frames: int | None  # without the one that holds the tag
    trimmed: int  # samples at the beginning and the end that are not sound


@dataclass(frozen=True, slots=True)
class Mp3Frames:
    """The frames of a file, without the first one where it holds a tag in place of sound."""

    duration_s: float
    kind: Kind  # of the first frame
    channels: int  # of the first frame
    is_uniform: bool  # False: sample rate, channels or layer change
    is_cut_short: bool  # a tag declares more frames
    bytes: int  # of all frames


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
    tag = _length_tag(descriptor, first)
    counts, size = _count(descriptor, first)
    if not counts:
        return None
    (kind, channels), frames = next(iter(counts)), counts.total()
    counts[kind, channels] -= tag is not None
    duration_s = sum(count * each.samples / each.rate for (each, _), count in counts.items())
    declared = tag.frames if tag and tag.frames is not None else 0
    return Mp3Frames(
        duration_s=max(0.0, duration_s - (tag.trimmed / kind.rate if tag else 0.0)),
        kind=kind,
        channels=channels,
        is_uniform=len(counts) == 1,
        is_cut_short=(declared - frames) * kind.samples / kind.rate > CUT_SHORT_S,
        bytes=size,
    )


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
        return LengthTag(int.from_bytes(body[at + 14 : at + 18], "big"), 0)
    at = max(body.find(b"Xing", 0, 40), body.find(b"Info", 0, 40))
    if at < 0:
        return None
    flags = int.from_bytes(body[at + 4 : at + 8], "big")
    frames = int.from_bytes(body[at + 8 : at + 12], "big") if flags & 1 else None
    encoder = at + 8 + 4 * (flags & 1) + 2 * (flags & 2) + 25 * (flags & 4) + (flags & 8) // 2
    delays = int.from_bytes(body[encoder + 21 : encoder + 24], "big")
    delay, padding = delays >> 12, delays & 0xFFF
    if not body[encoder : encoder + 4].isalnum() or not delay:
        return LengthTag(frames, 0)
    return LengthTag(frames, delay + DECODER_DELAY + max(0, padding - DECODER_DELAY))
