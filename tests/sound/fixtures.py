"""Sound files that several folders of tests read."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

Signal = NDArray[np.float32]


def sine(hz: float, seconds: float, rate: int, amplitude: float = 0.5) -> Signal:
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hz * time)).astype(np.float32)


@pytest.fixture
def burst_mp3(tmp_path: Path) -> Path:
    """Ten seconds of stereo MP3 at 44.1 kHz: a burst of noise ends at every 65536th sample, silence elsewhere.

    The frames after a burst take its end from the bit reservoir, that is from the bytes of frames before them.
    """
    random = np.random.default_rng(5)
    position = np.arange(10 * 44100) % 65536
    noise = random.normal(scale=0.25, size=(len(position), 2))
    samples = np.where(position[:, None] >= 65536 - 600, noise, 0).clip(-1, 1)
    path = tmp_path / "bursts.mp3"
    soundfile.write(path, samples.astype(np.float32), 44100, format="MP3")
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
