"""Sounds for the tests of the ml room."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

Signal = NDArray[np.float32]


def sine(hz: float, seconds: float, rate: int, amplitude: float = 0.5) -> Signal:
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def bursts(seconds: float, rate: int = 44100) -> Signal:
    """Noise that comes and goes, left and right: an MP3 of it borrows much from its bit reservoir."""
    random = np.random.default_rng(5)
    time = np.arange(round(seconds * rate)) / rate
    loudness = np.where((time * 7) % 1 < 0.2, 0.5, 0.003)
    noise = random.normal(size=(len(time), 2)) * loudness[:, None] * 0.5
    return np.clip(noise + 0.1 * np.sin(2 * np.pi * 440 * time)[:, None], -1, 1).astype(np.float32)


@pytest.fixture
def burst_mp3(tmp_path: Path) -> Path:
    """Ten seconds of stereo MP3 whose frames depend on the frames before them."""
    path = tmp_path / "bursts.mp3"
    soundfile.write(path, bursts(10), 44100, format="MP3")
    return path


@pytest.fixture
def tone_flac(tmp_path: Path) -> Path:
    """Five seconds of 440 Hz, mono at 44.1 kHz."""
    path = tmp_path / "tone.flac"
    soundfile.write(path, sine(440, 5, 44100), 44100)
    return path


@pytest.fixture
def tone_mp3(tmp_path: Path) -> Path:
    """Ten seconds of 440 Hz, mono at 44.1 kHz."""
    path = tmp_path / "tone.mp3"
    soundfile.write(path, sine(440, 10, 44100), 44100, format="MP3")
    return path


@pytest.fixture(scope="session")
def some_clips(corpus: Path) -> list[Path]:
    """A few real clips, from every label."""
    return sorted(corpus.rglob("*.mp3"))[::45]
