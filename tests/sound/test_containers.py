"""The container of a file, and whether it was cut."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sound.containers import container_of, id3_size
from sound.errors import AudioError
from sound.probe import probe
from tests.sound.encoding import encode, music

FORMATS = [
    ("ogg", "OGG", "VORBIS", 44100),
    ("opus", "OGG", "OPUS", 48000),
    ("wav", "WAV", "PCM_16", 44100),
    ("aiff", "AIFF", "PCM_16", 44100),
]


def noise(seconds: float, rate: int) -> np.ndarray:
    return np.random.default_rng(0).normal(scale=0.1, size=(round(seconds * rate), 1)).astype(np.float32)


@pytest.mark.parametrize(("suffix", "container", "subtype", "rate"), FORMATS)
def test_a_whole_file_and_one_that_was_cut(
    tmp_path: Path, suffix: str, container: str, subtype: str, rate: int
) -> None:
    path = tmp_path / f"sound.{suffix}"
    soundfile.write(path, noise(4, rate), rate, format=container, subtype=subtype)
    assert probe(path).duration_s == pytest.approx(4, abs=0.05)
    content = path.read_bytes()
    for kept in (0.4, 0.6, 0.99):
        path.write_bytes(content[: int(kept * len(content))])
        with pytest.raises(AudioError) as caught:
            probe(path)
        assert caught.value.reason == "truncated"


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_FFFF])
def test_a_wav_file_whose_writer_did_not_know_the_end(tmp_path: Path, size: int) -> None:
    path = tmp_path / "piped.wav"
    soundfile.write(path, noise(1, 8000), 8000)
    content = path.read_bytes()
    path.write_bytes(content[:4] + size.to_bytes(4, "little") + content[8:])
    assert probe(path).duration_s == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("ending", "encoder", "container", "name"),
    [
        ("m4a", "aac", None, "M4A"),
        ("aac", "aac", "adts", "AAC"),
        ("wma", "wmav2", "asf", "WMA"),
        ("mka", "libopus", "matroska", "Matroska"),
        ("wv", "wavpack", None, "WavPack"),
        ("oga", "flac", "ogg", "Ogg"),
        ("mp3", "libmp3lame", None, "MP3"),
        ("mp2", "mp2", None, "MP2"),
        ("flac", "flac", None, "FLAC"),
        ("aiff", "pcm_s16be", None, "AIFF"),
        ("flv", "libmp3lame", "flv", "FLV"),
        ("mpg", "mp2", "mpeg", "MPEG"),
        ("voc", "pcm_s16le", "voc", "VOC"),
    ],
)
def test_the_name_of_a_container_is_by_its_bytes(
    tmp_path: Path, ending: str, encoder: str, container: str | None, name: str
) -> None:
    encoded, path = tmp_path / f"music.{ending}", tmp_path / "music.wrong"
    encode(encoded, music(1, 44100), 44100, encoder, container)  # FLV has no 48 kHz
    encoded.rename(path)
    assert probe(path).container == name


@pytest.mark.parametrize("content", [b"", b"ID3", b"Only words.", b"\x89PNG\r\n\x1a\n" + bytes(90)])
def test_other_bytes_belong_to_no_container(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with path.open("rb") as file:
        assert container_of(file.fileno()) is None


def test_the_size_of_a_tag_has_seven_bits_a_byte() -> None:
    assert id3_size(b"ID3\4\0\0\0\0\2\1") == 10 + 257
    assert id3_size(b"ID3\4\0\x10\0\0\2\1") == 10 + 257 + 10  # with a footer
    assert id3_size(b"TAG\4\0\0\0\0\2\1") == 0
