"""Sound files of every format, made by FFmpeg's encoders, and what FFmpeg's own program decodes from them."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
FORMATS = [  # ending, encoder, FFmpeg's name of the container (None: by the ending), sample rate in Hz
    ("m4a", "aac", None, 44100),
    ("m4a", "alac", None, 44100),
    ("mp4", "aac", None, 48000),
    ("mov", "pcm_s24be", None, 44100),
    ("aac", "aac", "adts", 44100),
    ("wma", "wmav2", "asf", 44100),
    ("wv", "wavpack", None, 44100),
    ("tta", "tta", None, 44100),
    ("mp2", "mp2", None, 44100),
    ("mp3", "libmp3lame", None, 44100),
    ("mp3", "libmp3lame", None, 22050),
    ("opus", "libopus", None, 48000),
    ("ogg", "libvorbis", None, 44100),
    ("oga", "flac", "ogg", 44100),
    ("flac", "flac", None, 96000),
    ("mka", "libopus", "matroska", 48000),
    ("mkv", "flac", "matroska", 44100),
    ("webm", "libopus", None, 48000),
    ("ac3", "ac3", None, 48000),
    ("aiff", "pcm_s16be", None, 44100),
    ("caf", "pcm_s16le", None, 44100),
    ("w64", "pcm_s16le", None, 44100),
    ("wav", "adpcm_ima_wav", None, 22050),
    ("wav", "libmp3lame", None, 44100),
    ("au", "pcm_s16be", None, 44100),
]


def music(seconds: float, rate: int, channels: int = 2, hz: float = 110.0) -> np.ndarray:
    """Decaying chords and noise, (frames, channels) float32, the channels somewhat different."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(0).normal(scale=0.02, size=(len(time), channels))
    beat = np.exp(-4 * (time % 0.5))
    chord = sum(np.sin(2 * np.pi * hz * factor * time) for factor in (1, 1.5, 2.5)) * 0.15 * beat
    return (chord[:, None] * np.linspace(1, 0.7, channels) + noise).astype(np.float32)


def encode(
    path: Path, sound: np.ndarray, rate: int, encoder: str, container: str | None = None, *options: str
) -> None:
    """Write (frames, channels) float32 to a file by FFmpeg's program. `options` are those of its output."""
    command = [
        FFMPEG,
        "-v",
        "error",
        "-y",
        "-f",
        "f32le",
        "-ar",
        str(rate),
        "-ac",
        str(sound.shape[1]),
        "-i",
        "-",
    ]
    command += [
        "-c:a",
        encoder,
        "-strict",
        "experimental",
        *options,
        *(["-f", container] if container else []),
        path,
    ]
    subprocess.run(command, input=sound.tobytes(), check=True)


def ffmpeg_decodes(path: Path, channels: int, rate: int | None = None) -> np.ndarray:
    """What FFmpeg's program decodes: (frames, channels) float32, at the file's own sample rate where none is given."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        path,
        "-map",
        "0:a:0",
        "-ac",
        str(channels),
    ]
    command += ["-ar", str(rate)] if rate else []
    output = subprocess.run([*command, "-f", "f32le", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(output, dtype=np.float32).reshape(-1, channels)
