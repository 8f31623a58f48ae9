"""The audio behind the stand-ins' tracks: short music of made-up labels, as MP3s whose bytes are those of one track."""

import io
from functools import lru_cache
from pathlib import Path

import soundfile as sf

from sources.synth.crate import LABELS, Song
from sources.synth.tracks import render_track
from sources.synth.voices import SAMPLE_RATE, Samples

SOUNDS = [f"{label}/{artist}" for label in LABELS for artist in range(2)]
SHORT_S = 3.75  # just more than the network's crop
PREVIEW_S = 30.0


def preview_bytes(sound: str, key: str) -> bytes:
    """One of SOUNDS, or the MP3 at a path, behind a tag that makes its bytes those of this key alone."""
    owner = key.encode() + b"\0"
    frame = b"PRIV" + len(owner).to_bytes(4) + b"\0\0" + owner
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    audio = short_sound(sound) if sound in SOUNDS else Path(sound).read_bytes()
    return b"ID3\x03\x00\x00" + size + frame + audio


@lru_cache(maxsize=len(SOUNDS))
def short_sound(sound: str) -> bytes:
    """The same bytes in every process, about 15 kB."""
    label, artist = sound.split("/")
    samples = render_track(label, int(artist), 0, 1, SHORT_S)
    return mp3_bytes(samples[: int(SHORT_S * SAMPLE_RATE)], smallness=0.99)


def write_preview(song: Song, folder: Path) -> Path:
    """The first 30 s of a song as an MP3 in `folder`; one that is there already stays."""
    path = folder / song.label / Path(song.file_name).with_suffix(".mp3")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = render_track(song.label, song.artist, song.number, song.seed, PREVIEW_S)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(mp3_bytes(samples, smallness=0.75))
        unfinished.replace(path)
    return path


def mp3_bytes(samples: Samples, smallness: float) -> bytes:
    """`samples` [frames] at SAMPLE_RATE, from 320 kbit/s (0) to 32 kbit/s (1)."""
    file = io.BytesIO()
    options = {"subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT", "compression_level": smallness}
    sf.write(file, samples, SAMPLE_RATE, format="MP3", **options)
    return file.getvalue()
