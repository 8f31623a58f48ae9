"""Files that break the usual assumptions: joined, changing, without a length, with a wrong one, cut, in antiphase."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import APIC, TIT2
from mutagen.mp3 import MP3

from sound.decode import load_mono
from sound.errors import AudioError
from sound.mp3 import mp3_frames
from sound.probe import probe
from tests.sound.encoding import encode, ffmpeg_decodes, music

CASES = Path(__file__).parents[3] / "shared" / "audio-cases"
RATE = 44100
NO_TAG = ("-write_xing", "0", "-id3v2_version", "0")
VARIABLE = ("-q:a", "5")


def written(
    folder: Path, name: str, seconds: float, encoder: str, *options: str, rate: int = RATE, channels: int = 2
) -> bytes:
    """The bytes of a file that FFmpeg has encoded."""
    path = folder / f"part.{name}"
    encode(path, music(seconds, rate, channels, hz=110 + seconds), rate, encoder, None, *options)
    return path.read_bytes()


def mp3(folder: Path, seconds: float, *options: str, rate: int = RATE, channels: int = 2) -> bytes:
    return written(folder, "mp3", seconds, "libmp3lame", *options, rate=rate, channels=channels)


def two_mp3s(folder: Path) -> bytes:
    return mp3(folder, 12) + mp3(folder, 5)


def two_mp3s_without_tags(folder: Path) -> bytes:
    return mp3(folder, 12, *NO_TAG, *VARIABLE) + mp3(folder, 5, *NO_TAG, "-b:a", "320k")


def a_sample_rate_that_changes(folder: Path) -> bytes:
    return mp3(folder, 6, *NO_TAG) + mp3(folder, 5, *NO_TAG, rate=32000)


def channels_that_change(folder: Path) -> bytes:
    return mp3(folder, 6, *NO_TAG, channels=1) + mp3(folder, 5, *NO_TAG)


def a_variable_rate_without_a_length(folder: Path) -> bytes:
    return mp3(folder, 10, *NO_TAG, *VARIABLE)


def a_picture_before_a_constant_rate(folder: Path) -> bytes:
    path = folder / "picture.mp3"
    path.write_bytes(mp3(folder, 10, *NO_TAG))
    tags = MP3(path)
    tags.add_tags()
    tags.tags.add(APIC(mime="image/jpeg", data=os.urandom(300_000)))
    tags.save()
    return path.read_bytes()


def tags_at_both_ends(folder: Path) -> bytes:
    path = folder / "tags.mp3"
    path.write_bytes(mp3(folder, 10, *NO_TAG))
    tags = MP3(path)
    tags.add_tags()
    tags.tags.add(TIT2(text="Title"))
    tags.save(v1=2)
    behind = APEv2()
    behind["Cover Art (Front)"] = "x" * 200_000
    behind.save(path)
    return path.read_bytes()


def junk_before_the_first_frame(folder: Path) -> bytes:
    return bytes(70_000) + mp3(folder, 10)


def junk_between_frames(folder: Path) -> bytes:
    content = mp3(folder, 10, *NO_TAG)
    return content[: len(content) // 2] + b"junk" * 20_000 + content[len(content) // 2 :]


def a_tag_of_twice_the_frames(folder: Path) -> bytes:
    content = mp3(folder, 10)
    at = content.index(b"Xing") if b"Xing" in content else content.index(b"Info")
    frames = int.from_bytes(content[at + 8 : at + 12], "big")
    return content[: at + 8] + (2 * frames).to_bytes(4, "big") + content[at + 12 :]


def a_tag_of_half_the_frames(folder: Path) -> bytes:
    content = mp3(folder, 10)
    at = content.index(b"Info")
    frames = int.from_bytes(content[at + 8 : at + 12], "big")
    return content[: at + 8] + (frames // 2).to_bytes(4, "big") + content[at + 12 :]


def two_vorbis_streams(folder: Path) -> bytes:
    return written(folder, "ogg", 8, "libvorbis") + written(folder, "ogg", 5, "libvorbis")


def two_opus_streams(folder: Path) -> bytes:
    return written(folder, "opus", 8, "libopus", rate=48000) + written(
        folder, "opus", 5, "libopus", rate=48000
    )


def two_flacs(folder: Path) -> bytes:
    return written(folder, "flac", 8, "flac") + written(folder, "flac", 5, "flac")


def a_flac_of_unknown_length(folder: Path) -> bytes:
    content = bytearray(written(folder, "flac", 8, "flac"))
    content[21] &= 0xF0  # the last 36 bits of these bytes are the number of samples
    content[22:26] = bytes(4)
    return bytes(content)


def flac_in_ogg(folder: Path) -> bytes:
    return written(folder, "oga", 8, "flac")


ODD: list[tuple[Callable[[Path], bytes], str]] = [
    (two_mp3s, "mp3"),
    (two_mp3s_without_tags, "mp3"),
    (a_sample_rate_that_changes, "mp3"),
    (channels_that_change, "mp3"),
    (a_variable_rate_without_a_length, "mp3"),
    (a_picture_before_a_constant_rate, "mp3"),
    (tags_at_both_ends, "mp3"),
    (junk_before_the_first_frame, "mp3"),
    (junk_between_frames, "mp3"),
    (a_tag_of_twice_the_frames, "mp3"),
    (a_tag_of_half_the_frames, "mp3"),
    (two_vorbis_streams, "ogg"),
    (two_opus_streams, "opus"),
    (two_flacs, "flac"),
    (a_flac_of_unknown_length, "flac"),
    (flac_in_ogg, "oga"),
]


@pytest.mark.parametrize(("make", "ending"), ODD)
def test_all_of_an_odd_file_is_decoded(tmp_path: Path, make: Callable[[Path], bytes], ending: str) -> None:
    path = tmp_path / f"odd.{ending}"
    path.write_bytes(make(tmp_path))
    rate = probe(path).sample_rate
    expected = ffmpeg_decodes(path, channels=2, rate=rate).mean(axis=1)
    samples = load_mono(path, sample_rate=rate)
    assert probe(path).duration_s == pytest.approx(len(expected) / rate, abs=0.06)
    assert len(samples) / rate == pytest.approx(len(expected) / rate, abs=0.06)
    last = slice(
        -round(1.5 * rate), -round(0.5 * rate)
    )  # the very end, where a decoder that stops early has nothing
    assert np.std(samples[last]) == pytest.approx(np.std(expected[last]), rel=0.2)


@pytest.mark.parametrize(
    ("name", "true_s"),
    [
        ("joined_xing_62_20.mp3", 82),
        ("chained_61_20.ogg", 81),
        ("cbr16k_noxing_cover60k.mp3", 60.06),
        ("vbr_noxing.mp3", 60.06),
    ],
)
def test_odd_files_of_others(name: str, true_s: float) -> None:
    path = CASES / name
    if not path.exists():
        pytest.skip("needs the files of ../shared/audio-cases")
    assert probe(path).duration_s == pytest.approx(true_s, abs=0.1)
    assert len(load_mono(path)) / 22050 == pytest.approx(true_s, abs=0.1)


@pytest.mark.parametrize(
    ("ending", "encoder"), [("m4a", "aac"), ("ogg", "libvorbis"), ("opus", "libopus"), ("mp3", "libmp3lame")]
)
@pytest.mark.parametrize("kept", [0.4, 0.9])
def test_a_file_that_is_cut_short_is_truncated(
    tmp_path: Path, ending: str, encoder: str, kept: float
) -> None:
    path = tmp_path / f"cut.{ending}"
    index_first = ("-movflags", "faststart") if ending == "m4a" else ()
    content = written(tmp_path, ending, 20, encoder, *index_first, rate=48000)
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(AudioError) as caught:
        probe(path)
    assert caught.value.reason == "truncated"


def test_an_m4a_without_its_index_names_its_container(tmp_path: Path) -> None:
    path = tmp_path / "cut.m4a"
    content = written(tmp_path, "m4a", 5, "aac")
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(AudioError, match="begins as M4A and cannot be read"):
        probe(path)


def test_two_wav_files_in_one_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "joined.wav"
    path.write_bytes(2 * written(tmp_path, "wav", 2, "pcm_s16le"))
    with pytest.raises(AudioError, match=r"a second WAV file behind the first 2\.0 s"):
        probe(path)


def test_antiphase_stereo_is_not_silent(tmp_path: Path) -> None:
    path = tmp_path / "antiphase.flac"
    left = music(5, RATE, 1)
    encode(path, np.hstack([left, -left]), RATE, "flac")
    samples = load_mono(path, sample_rate=RATE)
    assert np.abs(samples - left[:, 0]).max() < 0.001


def test_silence_in_every_channel_is_silent(tmp_path: Path) -> None:
    path = tmp_path / "silence.flac"
    encode(path, np.zeros((5 * RATE, 2), dtype=np.float32), RATE, "flac")
    with pytest.raises(AudioError) as caught:
        load_mono(path)
    assert caught.value.reason == "silent"


def test_frames_are_counted_net_of_what_is_not_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "tags.mp3"
    content = mp3(tmp_path, 10, *NO_TAG)
    for bytes_of in (
        content,
        b"\xff" * 5000 + content,
        content + b"TAG" + bytes(125),
        content + b"\xff\xfb\x90",
    ):
        path.write_bytes(bytes_of)
        with path.open("rb") as file:
            frames = mp3_frames(file.fileno())
        assert frames is not None
        assert frames.duration_s == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("ending", ["flac", "mp3", "m4a", "wma", "ogg", "wav"])
def test_zeros_are_no_sound_file_whatever_their_name(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"zeros.{ending}"
    path.write_bytes(bytes(20_000))
    with pytest.raises(AudioError, match="is not a sound file; replace or remove it"):
        probe(path)
