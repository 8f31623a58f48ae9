"""Where a file ends, and how long it says that it is."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.id3 import APIC, TIT2
from mutagen.mp3 import MP3

from sound.containers import first_mp3_frame, is_cut_short, mp3_declares_length
from sound.decode import load_mono

FORMATS = [
    ("ogg", "OGG", "VORBIS", 44100),
    ("opus", "OGG", "OPUS", 48000),
    ("wav", "WAV", "PCM_16", 44100),
    ("aiff", "AIFF", "PCM_16", 44100),
]


def noise(seconds: float, rate: int) -> np.ndarray:
    return np.random.default_rng(0).normal(scale=0.1, size=(round(seconds * rate), 1)).astype(np.float32)


def without_length(path: Path) -> None:
    """Take away the first frame of an MP3, which says how many follow; what comes then is of varying bit rate."""
    with path.open("rb") as file:
        first = first_mp3_frame(file.fileno())
    content = path.read_bytes()
    second = content.index(b"\xff\xfb", first + 4)
    path.write_bytes(content[:first] + content[second:])


@pytest.fixture
def varying_mp3(tmp_path: Path) -> Path:
    """Ten seconds of a quiet tone, then ten of noise: little at first, then much to say."""
    path = tmp_path / "varying.mp3"
    quiet = 0.1 * np.sin(np.arange(10 * 44100) / 30)[:, None]
    with soundfile.SoundFile(path, "w", 44100, 1, format="MP3", bitrate_mode="VARIABLE") as sound:
        sound.write(np.concatenate([noise(10, 44100), quiet]))
    return path


@pytest.mark.parametrize(("suffix", "container", "subtype", "rate"), FORMATS)
def test_a_whole_file_and_one_that_was_cut(
    tmp_path: Path, suffix: str, container: str, subtype: str, rate: int
) -> None:
    path = tmp_path / f"sound.{suffix}"
    soundfile.write(path, noise(4, rate), rate, format=container, subtype=subtype)
    with path.open("rb") as file:
        assert not is_cut_short(file.fileno())
    content = path.read_bytes()
    for kept in (0.4, 0.6, 0.99):
        path.write_bytes(content[: int(kept * len(content))])
        with path.open("rb") as file:
            assert is_cut_short(file.fileno())


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_FFFF])
def test_a_wav_file_whose_writer_did_not_know_the_end(tmp_path: Path, size: int) -> None:
    path = tmp_path / "piped.wav"
    soundfile.write(path, noise(1, 8000), 8000)
    content = path.read_bytes()
    path.write_bytes(content[:4] + size.to_bytes(4, "little") + content[8:])
    with path.open("rb") as file:
        assert not is_cut_short(file.fileno())


def test_an_mp3_of_varying_rate_without_a_length_is_decoded_to_its_end(varying_mp3: Path) -> None:
    assert soundfile.info(varying_mp3).duration == pytest.approx(20, abs=0.1)
    without_length(varying_mp3)
    assert abs(soundfile.info(varying_mp3).duration - 20) > 2  # what libsndfile guesses
    assert len(load_mono(varying_mp3)) / 22050 == pytest.approx(20, abs=0.1)


def test_tags_in_front_of_an_mp3_are_passed_over(varying_mp3: Path) -> None:
    file = MP3(varying_mp3)
    file.add_tags()
    file.tags.add(TIT2(encoding=3, text="Info on Xing"))
    file.tags.add(APIC(encoding=0, mime="image/png", type=3, desc="", data=bytes(300_000)))
    file.save()
    with varying_mp3.open("rb") as opened:
        assert mp3_declares_length(opened.fileno())
    without_length(varying_mp3)
    with varying_mp3.open("rb") as opened:
        assert not mp3_declares_length(opened.fileno())
    assert len(load_mono(varying_mp3)) / 22050 == pytest.approx(20, abs=0.1)
