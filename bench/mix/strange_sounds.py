"""Sounds of no label, which a model should find unknown."""

import subprocess
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE = 44_100
SECONDS = 180
VOICES = {"English": "en", "German": "de", "a higher English voice": "en+f3"}  # of espeak-ng

Signal = NDArray[np.float64]


def white_noise(folder: Path) -> Path:
    """A file of three minutes below `folder`."""
    return _write(folder / "white.flac", 0.1 * np.random.default_rng(7).normal(size=SECONDS * RATE))


def strange_sounds(folder: Path, text: str) -> dict[str, Path]:
    """Files of three minutes each below `folder`, by description. Speech needs espeak-ng."""
    random = np.random.default_rng(7)
    time = np.arange(SECONDS * RATE) / RATE
    white = random.normal(size=len(time))
    speech = {f"speech, {name}": _speech(folder, voice, text) for name, voice in VOICES.items()}
    sounds = {
        "white noise": 0.1 * white,
        "pink noise": 0.1 * _coloured(random.normal(size=len(time)), 0.5),
        "brown noise": 0.1 * _coloured(random.normal(size=len(time)), 1.0),
        "silence": np.zeros(len(time)),
        "a sine of 440 Hz": 0.5 * np.sin(2 * np.pi * 440 * time),
        "a quiet sine of 60 Hz": 0.02 * np.sin(2 * np.pi * 60 * time),
        **speech,
        "speech over noise, 26 dB below": speech["speech, English"] + 0.005 * white,
    }
    return {
        name: _write(folder / f"strange{number}.flac", samples)
        for number, (name, samples) in enumerate(sounds.items())
    }


def _write(path: Path, samples: Signal) -> Path:
    soundfile.write(path, np.clip(samples, -1, 1), RATE)
    return path


def _coloured(white: Signal, steepness: float) -> Signal:
    """Noise whose amplitude falls with frequency to the power of `steepness`, from 20 Hz on; of power 1."""
    frequencies = np.fft.rfftfreq(len(white), 1 / RATE)
    spectrum = np.fft.rfft(white) * np.maximum(frequencies, 20) ** -steepness
    noise: Signal = np.fft.irfft(spectrum, len(white))
    return noise / noise.std()


def _speech(folder: Path, voice: str, text: str) -> Signal:
    """Three minutes of a text, spoken repeatedly."""
    path = folder / "speech.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-w", path, text], check=True)
    samples, rate = soundfile.read(path)
    return np.resize(soxr.resample(samples, rate, RATE), SECONDS * RATE)
