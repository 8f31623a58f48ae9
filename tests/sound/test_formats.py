"""Every format is decoded to the same end and the same samples as by FFmpeg's own program."""

from pathlib import Path

import numpy as np
import pytest

from sound.decode import load_mono
from sound.probe import probe
from tests.sound.encoding import FORMATS, encode, ffmpeg_decodes, music

SAME = 10 ** (-60 / 20)  # of full scale
MILLISECOND = 0.001  # to which some containers give the time of a packet


@pytest.mark.parametrize(("ending", "encoder", "container", "rate"), FORMATS)
def test_length_and_samples_are_those_of_ffmpeg(
    tmp_path: Path, ending: str, encoder: str, container: str | None, rate: int
) -> None:
    path = tmp_path / f"music.{ending}"
    encode(path, music(5, rate), rate, encoder, container)
    expected = ffmpeg_decodes(path, channels=2).mean(axis=1)
    samples = load_mono(path, sample_rate=rate)
    sound = probe(path)
    assert sound.duration_s == pytest.approx(len(expected) / rate, abs=0.05)
    assert len(samples) / rate == pytest.approx(len(expected) / rate, abs=0.05)
    assert (sound.sample_rate, sound.channels) == (rate, 2)
    compared = min(len(samples), len(expected))
    assert np.abs(samples[:compared] - expected[:compared]).max() < SAME


@pytest.mark.parametrize(("ending", "encoder", "container", "rate"), FORMATS)
def test_a_window_is_that_part_of_the_whole(
    tmp_path: Path, ending: str, encoder: str, container: str | None, rate: int
) -> None:
    path = tmp_path / f"music.{ending}"
    encode(path, music(9, rate), rate, encoder, container)
    whole = load_mono(path, sample_rate=rate)
    for offset_s in (0.0, 2.0, 6.3):
        window = load_mono(path, offset_s=offset_s, duration_s=1.5, sample_rate=rate)
        assert len(window) == round(1.5 * rate)
        assert likeness_at(whole, window, round(offset_s * rate), round(MILLISECOND * rate)) > 0.98


def likeness_at(whole: np.ndarray, window: np.ndarray, first: int, nearby: int) -> float:
    """The highest correlation of a window with that part of the whole, or one that begins nearby, in samples."""
    starts = range(max(0, first - nearby), first + nearby + 1)
    parts = (whole[start : start + len(window)] for start in starts)
    return max(float(np.corrcoef(part, window)[0, 1]) for part in parts)
