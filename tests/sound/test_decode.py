"""Decoding: every format and shape of file, and a reason for each that cannot be used."""

import os
import pickle
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sound.decode import decoding, load_mono
from sound.errors import AudioError
from sound.libsndfile import PART_S
from tests.sound.encoding import FORMATS, encode, music

RATE = 44100
NOBODY = 65534


def sine(hz: float, seconds: float, rate: int = RATE) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def strongest_hz(samples: np.ndarray, rate: int) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples))


def reason_for(path: Path, **window: float) -> str:
    with pytest.raises(AudioError) as caught:
        load_mono(path, **window)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    sentence.encode()  # can be stored as UTF-8
    return caught.value.reason


@pytest.mark.parametrize(
    ("suffix", "container", "subtype", "rate"),
    [
        ("wav", "WAV", "PCM_16", 44100),
        ("wav", "WAV", "FLOAT", 22050),
        ("flac", "FLAC", "PCM_24", 48000),
        ("aiff", "AIFF", "PCM_16", 44100),
        ("ogg", "OGG", "VORBIS", 44100),
        ("opus", "OGG", "OPUS", 48000),
        ("mp3", "MP3", None, 44100),
        ("wav", "WAV", "PCM_16", 8000),
    ],
)
def test_formats(tmp_path: Path, suffix: str, container: str, subtype: str | None, rate: int) -> None:
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, sine(440, 3, rate), rate, format=container, subtype=subtype)
    samples = load_mono(path)
    assert samples.dtype == np.float32 and samples.ndim == 1
    assert len(samples) == pytest.approx(3 * 22050, abs=0.5 * 22050 if suffix == "opus" else 1)
    assert strongest_hz(samples, 22050) == pytest.approx(440, abs=1)
    assert np.abs(samples[22050:44100]).max() == pytest.approx(0.5, abs=0.02)


def test_six_channels_at_96_khz_are_averaged_and_resampled_as_librosa_does(tmp_path: Path) -> None:
    path = tmp_path / "surround.wav"
    channels = np.stack([sine(100 * n, 2, 96000) / n for n in range(1, 7)], axis=1)
    soundfile.write(path, channels, 96000, subtype="FLOAT")
    theirs, _ = librosa.load(path)
    ours = load_mono(path)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 1e-6


def test_real_clips_decode_as_librosa_decodes_them(some_clips: list[Path]) -> None:
    for path in some_clips:
        theirs, _ = librosa.load(path)
        ours = load_mono(path)
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < 1e-5


def test_mp3_has_no_seams_where_blocks_meet(burst_mp3: Path) -> None:
    whole = soundfile.read(burst_mp3, dtype="float32")[0].mean(axis=1)
    assert np.abs(load_mono(burst_mp3, sample_rate=RATE) - whole).max() < 1e-6


@pytest.mark.parametrize("offset_s", [0.3, 3 * 65536 / RATE, 4 * 65536 / RATE, 7.77])
def test_a_window_is_exactly_that_part_of_the_whole(burst_mp3: Path, offset_s: float) -> None:
    whole = load_mono(burst_mp3, sample_rate=RATE)
    window = load_mono(burst_mp3, offset_s=offset_s, duration_s=2.0, sample_rate=RATE)
    start = round(offset_s * RATE)
    assert len(window) == 2 * RATE
    assert np.abs(window - whole[start : start + len(window)]).max() < 1e-6


def test_two_threads_decode_what_one_decodes(tmp_path: Path) -> None:
    path, rate = tmp_path / "long.opus", 48000
    with soundfile.SoundFile(path, "w", rate, 2, format="OGG", subtype="OPUS") as file:
        for second in range(round(2.3 * PART_S)):
            loud = abs(np.sin(second + np.arange(rate) / rate))[:, None]
            file.write(loud * np.random.default_rng(second).normal(scale=0.1, size=(rate, 2)))

    def decoded(threads: int) -> tuple[np.ndarray, float]:
        with decoding(path, threads=threads) as blocks:
            return np.concatenate(list(blocks)), blocks.peak

    (alone, peak), (together, same_peak) = decoded(1), decoded(2)
    assert len(alone) == pytest.approx(2.3 * PART_S * 22050, abs=1.5 * 22050)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert same_peak == pytest.approx(peak, abs=1e-5)


def test_one_second_file(tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, sine(440, 1), RATE)
    assert len(load_mono(path)) == 22050
    assert len(load_mono(path, offset_s=0.5)) == 11025


def test_a_window_of_a_two_hour_file_costs_no_more_than_the_window(tmp_path: Path) -> None:
    path, rate, hour = tmp_path / "mix.wav", 8000, 3600
    minute = np.tile(sine(200, 1, rate), 60)
    with soundfile.SoundFile(path, "w", rate, 1, subtype="PCM_U8") as mix:
        for _ in range(120):
            mix.write(minute)
    load_mono(path, duration_s=1.0)
    tracemalloc.start()
    begin = time.perf_counter()
    samples = load_mono(path, offset_s=1.5 * hour, duration_s=30.0)
    seconds = time.perf_counter() - begin
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(samples) == 30 * 22050
    assert peak_bytes < 4 * samples.nbytes
    assert seconds < 2  # decoding the whole takes far longer


@pytest.mark.parametrize(
    "name", [b"\xff\xfe stray.flac", b"two\nlines.flac", "🎵 émoji.flac".encode(), b" .flac"]
)
def test_odd_names_open_and_appear_in_sentences(tmp_path: Path, tone_flac: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(tone_flac.read_bytes())
    assert len(load_mono(path)) == 5 * 22050
    path.write_bytes(b"no sound at all")
    assert reason_for(path) == "not_audio"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"These are only words.\n" * 400, "not_audio"),
        (bytes(5000), "not_audio"),
        (b"fLaC" + bytes(5000), "not_audio"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(3000), "not_audio"),
        (b"\x1a\x45\xdf\xa3" + bytes(3000), "not_audio"),
    ],
)
def test_files_that_are_no_sound(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    assert reason_for(path) == reason


@pytest.mark.parametrize("suffix", ["mp3", "flac", "wav", "ogg"])
def test_half_a_file_is_truncated(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cut.{suffix}"
    soundfile.write(path, np.tile(sine(440, 1), 10), RATE, format=suffix.upper())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert reason_for(path, duration_s=10.0) == "truncated"
    if suffix in ("mp3", "flac"):  # the headers of these say the length
        assert reason_for(path) == "truncated"


def test_damage_in_the_middle_of_an_mp3(tmp_path: Path, tone_mp3: Path) -> None:
    content = tone_mp3.read_bytes()
    third = len(content) // 3
    path = tmp_path / "hole.mp3"
    path.write_bytes(content[:third] + bytes(third) + content[2 * third :])
    assert reason_for(path) == "truncated"


def test_a_window_beyond_the_end(tone_flac: Path) -> None:
    assert reason_for(tone_flac, offset_s=60.0, duration_s=30.0) == "truncated"
    assert reason_for(tone_flac, offset_s=60.0) == "empty"
    assert len(load_mono(tone_flac, offset_s=3.0, duration_s=2.9)) == 2 * 22050  # within the tolerance


def test_a_header_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "none.wav"
    soundfile.write(path, np.empty(0, dtype=np.float32), RATE)
    assert reason_for(path) == "empty"


@pytest.mark.parametrize("amplitude", [0.0, 1 / 32768])
def test_digital_silence(tmp_path: Path, amplitude: float) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, amplitude * np.resize([1.0, 0.0, -1.0], 2 * RATE), RATE)
    assert reason_for(path) == "silent"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("position", [0, 70_000, -1])
def test_samples_that_are_no_numbers(tmp_path: Path, value: float, position: int) -> None:
    path = tmp_path / "broken.wav"
    samples = sine(440, 2)
    samples[position] = value
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    assert reason_for(path) == "not_finite"


def test_an_absurd_sample_rate_does_not_fill_memory(tmp_path: Path) -> None:
    path = tmp_path / "slow.wav"
    soundfile.write(path, sine(440, 2), 1)
    assert reason_for(path) == "not_audio"


def test_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp3"
    os.mkfifo(pipe)
    assert reason_for(pipe) == "not_audio"
    assert reason_for(tmp_path) == "not_audio"
    assert reason_for(tmp_path / "nothing.mp3") == "missing"


def test_a_file_that_may_not_be_read(tone_flac: Path) -> None:
    tone_flac.chmod(0)
    with ordinary_user():
        assert reason_for(tone_flac) == "unreadable"


def test_the_error_survives_the_way_out_of_a_process() -> None:
    error = pickle.loads(pickle.dumps(AudioError("silent", Path("a.mp3"), "is silent", "choose another")))
    assert (error.reason, str(error)) == ("silent", "'a.mp3' is silent; choose another.")


@pytest.fixture(scope="session")
def whole_files(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A short file of every format."""
    folder = tmp_path_factory.mktemp("whole")
    for ending, encoder, container, rate in FORMATS:
        encode(folder / f"{encoder}-{rate}.{ending}", music(0.3, rate), rate, encoder, container)
    return [path.read_bytes() for path in sorted(folder.iterdir())]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_give_samples_or_a_reason(
    tmp_path: Path, whole_files: list[bytes], data: st.DataObject
) -> None:
    sound = tmp_path / "sound.bin"
    content = bytearray(whole_files[data.draw(st.integers(0, len(whole_files) - 1))])
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    sound.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        samples = load_mono(sound)
    except AudioError as problem:
        assert problem.reason
    else:
        assert np.isfinite(samples).all()


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Lay down root's right to read everything, which containers often run tests with."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
