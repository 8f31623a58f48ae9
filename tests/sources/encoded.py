"""Small sound files of every format, encoded by FFmpeg."""

from pathlib import Path
from typing import Final

import av
import numpy as np

ENCODERS: Final = {  # ending -> encoder, FFmpeg's name of the container
    "mp3": ("libmp3lame", "mp3"),
    "mp2": ("mp2", "mp2"),
    "flac": ("flac", "flac"),
    "oga": ("flac", "ogg"),
    "opus": ("libopus", "opus"),
    "wav": ("pcm_s16le", "wav"),
    "aiff": ("pcm_s16be", "aiff"),
    "m4a": ("aac", "ipod"),
    "alac.m4a": ("alac", "ipod"),
    "mp4": ("aac", "mp4"),
    "mov": ("aac", "mov"),
    "aac": ("aac", "adts"),
    "wma": ("wmav2", "asf"),
    "wv": ("wavpack", "wv"),
    "tta": ("tta", "tta"),
    "mka": ("flac", "matroska"),
    "webm": ("libopus", "webm"),
}


def encode(path: Path, seconds: float = 0.5, frequency_hz: float = 220.0, **tags: str) -> Path:
    """Write a sine in the format of the ending, such as "alac.m4a". `tags` are written by FFmpeg."""
    ending = next(ending for ending in sorted(ENCODERS, key=len, reverse=True) if path.name.endswith(ending))
    encoder, container = ENCODERS[ending]
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(seconds * 48_000)) / 48_000
    sine = (0.3 * np.sin(2 * np.pi * frequency_hz * times)).astype(np.float32)
    with path.open("wb") as file, av.open(file, "w", format=container) as output:
        output.metadata.update(tags)
        stream = output.add_stream(encoder, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(sine[None, :], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        frame.pts = 0
        stream.bit_rate = 128_000
        # Encoders want frames of their own length and sample format.
        resampler = av.AudioResampler(
            format=stream.codec.audio_formats[0],
            layout="mono",
            rate=48_000,
            frame_size=stream.frame_size or 0,
        )
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return path
