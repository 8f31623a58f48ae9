"""The same music is recognised as one recording, whatever file it comes in."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import maximum_filter1d

from ml.features.fingerprint import _running_maximum, fingerprint, same_recording
from ml.features.spectrogram import SpectrogramConfig, log_mel
from sound.decode import load_mono
from tests.sound.encoding import encode

RATE = 44100


def landmarks_of(path: Path) -> bytes:
    return fingerprint(log_mel(load_mono(path), SpectrogramConfig())).landmarks


@pytest.mark.parametrize(
    ("ending", "encoder", "container"), [("m4a", "aac", None), ("m4a", "alac", None), ("wma", "wmav2", "asf")]
)
def test_music_as_mp3_and_in_another_format_is_one_recording(
    some_clips: list[Path], tmp_path: Path, ending: str, encoder: str, container: str | None
) -> None:
    landmarks = []
    for number, clip in enumerate(some_clips[:3]):
        sound = load_mono(clip, sample_rate=RATE)
        path = tmp_path / f"{number}.{ending}"
        encode(path, np.stack([sound, sound], axis=1), RATE, encoder, container)
        landmarks.append((landmarks_of(clip), landmarks_of(path)))
    for first, (as_mp3, _) in enumerate(landmarks):
        for second, (_, other) in enumerate(landmarks):
            assert same_recording(as_mp3, other) == (first == second)


@given(rows=st.integers(1, 40), half=st.integers(0, 12))
def test_the_running_maximum_is_scipys(rows: int, half: int) -> None:
    values = np.random.default_rng(rows).integers(-9, 9, (rows, 3)).astype(np.float32)
    theirs = maximum_filter1d(values, 2 * half + 1, axis=0, mode="nearest")
    assert np.array_equal(_running_maximum(values, 2 * half + 1), theirs)
