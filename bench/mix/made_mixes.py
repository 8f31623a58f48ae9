"""Mixes with known labels: full-length tracks blended into each other as in a DJ set, with the label of each moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from bench.mix.scores import Stretch

RATE = 44_100
WRITTEN_AT_ONCE = 1 << 16  # samples; libsndfile's Vorbis encoder overflows its stack on very long writes
FADES_IN_BARS = (8, 16, 24, 32)
BEATS_A_BAR = 4
LONGEST_FADE = 1 / 3  # of the shorter of two pieces
FORMATS = {".flac": ("FLAC", "PCM_16"), ".mp3": ("MP3", "MPEG_LAYER_III"), ".opus": ("OGG", "OPUS")}


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a track that a mix plays."""

    path: Path
    label: str
    start_s: float
    length_s: float
    tempo: float  # beats a minute


def render(
    pieces: Sequence[Piece],
    path: Path,
    random: np.random.Generator,
    fades_in_bars: Sequence[int] = FADES_IN_BARS,
) -> tuple[Stretch, ...]:
    """Write a mix of these pieces, stereo, and return its labels over time.

    Each piece is faded into the next with equal power over one of `fades_in_bars`, in bars of its own tempo; the
    label changes where both are equally loud. Nothing is stretched, levelled or limited: what goes beyond full scale
    is clipped. One piece is in memory at a time.
    """
    container, subtype = FORMATS[path.suffix]
    rate = 48_000 if path.suffix == ".opus" else RATE
    truth: list[Stretch] = []
    written, began = 0, 0.0
    tail = np.zeros((0, 2), dtype=np.float32)
    with soundfile.SoundFile(path, "w", rate, 2, format=container, subtype=subtype) as mix:
        for number, piece in enumerate(pieces):
            samples = _stereo(piece, rate)
            samples[: len(tail)] *= _rising(len(tail))
            samples[: len(tail)] += tail
            fade = 0
            if number + 1 < len(pieces):
                bars = int(random.choice(fades_in_bars))
                wanted = bars * BEATS_A_BAR * 60 / piece.tempo
                longest = LONGEST_FADE * min(piece.length_s, pieces[number + 1].length_s)
                fade = round(min(wanted, longest) * rate)
            ends = len(samples) - fade
            tail = samples[ends:] * _rising(fade)[::-1]
            for first in range(0, ends, WRITTEN_AT_ONCE):
                mix.write(np.clip(samples[first : min(first + WRITTEN_AT_ONCE, ends)], -1, 1))
            written += ends
            changes = (written + fade / 2) / rate
            truth.append(Stretch(began, changes, piece.label))
            began = changes
    return tuple(truth)


def _rising(samples: int) -> NDArray[np.float32]:
    """Equal power: its square and that of its mirror image add up to 1. Shape (samples, 1)."""
    return np.sin(np.pi / 2 * (np.arange(samples) + 0.5) / max(1, samples)).astype(np.float32)[:, None]


def _stereo(piece: Piece, rate: int) -> NDArray[np.float32]:
    """The samples of a piece, (samples, 2), at this rate."""
    with soundfile.SoundFile(piece.path) as sound:
        sound.seek(round(piece.start_s * sound.samplerate))
        samples = sound.read(round(piece.length_s * sound.samplerate), dtype="float32", always_2d=True)
        samples = samples[:, [0, min(1, sound.channels - 1)]]
        return soxr.resample(samples, sound.samplerate, rate) if sound.samplerate != rate else samples
