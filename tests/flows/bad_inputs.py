"""Write real files with every fault that a pipeline has to survive."""

import os
from pathlib import Path

import numpy as np
import soundfile as sf

from tests.sources.encoded import encode

RATE = 44_100


def music(seconds: float, rate: int = RATE, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Audible audio: a few decaying tones on a beat, float32 (samples, channels)."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    beat = np.exp(-8 * (time % 0.5))
    tones = sum(np.sin(2 * np.pi * frequency * time) for frequency in rng.uniform(80, 1500, 4))
    return np.tile((0.1 * beat * tones)[:, None], channels).astype(np.float32)


def write_bad_inputs(folder: Path, other: Path) -> dict[str, str]:
    """Write the files into two labels' folders. Returns the expected status or reason of each, by file name."""
    expected: dict[str, str] = {}

    def expect(name: str, outcome: str) -> Path:
        expected[name] = outcome
        return folder / name

    sf.write(expect("truncated.mp3", "truncated"), music(12), RATE, format="MP3")
    whole = (folder / "truncated.mp3").read_bytes()
    (folder / "truncated.mp3").write_bytes(whole[: len(whole) // 2])
    expect("text.mp3", "not_audio").write_text("This is no music.\n" * 100)
    expect("empty.flac", "empty").touch()
    sf.write(expect("silence.wav", "silent"), np.zeros(5 * RATE, np.float32), RATE)
    broken = music(5)
    broken[RATE] = np.nan
    sf.write(expect("nan.wav", "not_finite"), broken, RATE, subtype="FLOAT")
    sf.write(expect("telephone.wav", "ready"), music(6, 8000), 8000)
    sf.write(expect("surround.wav", "ready"), music(5, 96_000, 6), 96_000)
    sf.write(expect("one second.wav", "too_short"), music(1), RATE)
    for name in ("line\nbreak.wav", "emoji 🎛️.wav", os.fsdecode(b"latin \xe9.wav")):
        sf.write(os.fsencode(expect(name, "ready")), music(5, seed=len(expected)), RATE, format="WAV")
    encode(expect("aac.m4a", "ready"), seconds=5)
    encode(expect("sound.wma", "ready"), seconds=5).rename(expect(".no ending", "ready"))
    del expected["sound.wma"]
    expect("download.mp3.part", "unfinished").write_bytes(whole[:1000])
    (folder.parent / "stray.mp3").write_bytes(whole)
    expected["stray.mp3"] = "no_label"
    sf.write(folder / "twice.wav", music(5, seed=99), RATE)
    (other / "twice elsewhere.wav").write_bytes((folder / "twice.wav").read_bytes())
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere.mp3").symlink_to(folder / "gone.mp3")
    expected["nowhere.mp3"] = "dead_link"
    return expected


def write_two_hours(path: Path) -> None:
    """Two hours at 8 kHz, block by block."""
    with sf.SoundFile(path, "w", 8000, 1, subtype="PCM_16", format="FLAC", compression_level=0) as file:
        block = music(60, 8000)
        for _ in range(120):
            file.write(block)
