"""Analysis of a long recording: every window in order, in little memory, and files that cannot be analysed."""

import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile
from keras import layers, ops
from numpy.typing import NDArray

from ml.data.crops import Standardisation
from ml.evaluation.calibration import Calibration
from ml.features.spectrogram import SpectrogramConfig
from ml.mixes.analyse import analyse
from ml.mixes.min_duration import SHORTEST_S
from ml.mixes.segmentation import TimelineChoices, timeline
from ml.models.model_file import ModelCard
from ml.models.scorer import Scorer
from sound.errors import AudioError

LABELS = ("quiet", "loud")
PLAIN = Standardisation(mean=(-30.0,) * 128, deviation=(15.0,) * 128)
RATE = 8000  # quick to write and to decode
MINUTE = 60 * RATE


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """A network that says how loud a crop is: loud is more probable the louder it is."""
    crops = keras.Input((128, 128))
    level = ops.mean(crops, axis=(1, 2))[:, None] / 20
    network = keras.Model(crops, layers.Softmax()(ops.concatenate([-level, level], axis=1)))
    return Scorer(network, ModelCard(LABELS, SpectrogramConfig().to_dict(), PLAIN, "loudness"))


def noise(seconds: float, rate: int = RATE, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(scale=0.1, size=round(seconds * rate)).astype(np.float32)


def reason_for(path: Path, scorer: Scorer) -> str:
    with pytest.raises(AudioError) as caught:
        analyse(path, scorer)
    assert str(caught.value).endswith(".") and path.name in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("seconds", [61, 89, 104.5, 200])
def test_windows_follow_each_other_over_the_whole_recording(
    tmp_path: Path, scorer: Scorer, seconds: float
) -> None:
    path = tmp_path / "louder and louder.wav"
    samples = noise(seconds) * np.geomspace(0.01, 1, round(seconds * RATE), dtype=np.float32)
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    scores = analyse(path, scorer)
    assert scores.duration_s == pytest.approx(seconds)
    assert (scores.window_s, scores.step_s) == pytest.approx((2.972, 1.486), abs=1e-3)
    frames = 1 + int(seconds * 22050) // 512
    assert abs(len(scores.probabilities) - (1 + (frames - 128) // 64)) <= 1
    assert len(scores.sounding) == len(scores.in_distribution) == len(scores.probabilities)
    loud = scores.probabilities[:, 1]
    assert (np.diff(loud) > 0).all()  # each in its place, also where spans meet
    assert abs(len(scores.tempo) - seconds / scores.span_s) <= 1


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (22050, 2), (44100, 6), (96000, 2)])
def test_any_sample_rate_and_number_of_channels(
    tmp_path: Path, scorer: Scorer, rate: int, channels: int
) -> None:
    path = tmp_path / "beats.flac"
    beat = noise(0.05, rate) * np.linspace(3, 0, round(0.05 * rate))
    beats = np.zeros(rate // 2)
    beats[: len(beat)] = beat
    soundfile.write(path, np.tile(beats, 130)[:, None].repeat(channels, axis=1), rate)
    scores = analyse(path, scorer)
    assert scores.duration_s == pytest.approx(65)
    assert len(scores.probabilities) == 42
    assert scores.sounding.all()
    assert scores.tempo == pytest.approx(np.full(len(scores.tempo), 120), abs=0.5)


def test_memory_does_not_grow_with_the_recording(tmp_path: Path, scorer: Scorer) -> None:
    def peak_mebibytes(minutes: int) -> float:
        path = tmp_path / f"{minutes}.wav"
        with soundfile.SoundFile(path, "w", RATE, 1, subtype="PCM_U8") as mix:
            for _ in range(minutes):
                mix.write(noise(60))
        tracemalloc.start()
        analyse(path, scorer)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak / 2**20

    peak_mebibytes(2)  # what is imported once does not count
    short, long = peak_mebibytes(3), peak_mebibytes(12)
    assert long < 1.05 * short + 1
    assert long < 60


def test_progress_rises_to_the_end(tmp_path: Path, scorer: Scorer) -> None:
    path = tmp_path / "mix.wav"
    soundfile.write(path, noise(130), RATE)
    progress: list[tuple[float, float | None]] = []
    analyse(path, scorer, lambda seconds, in_all: progress.append((seconds, in_all)))
    seconds = [done for done, _ in progress]
    assert len(progress) >= 4 and seconds == sorted(set(seconds))
    assert seconds[-1] == pytest.approx(130, abs=0.01)
    assert {in_all for _, in_all in progress} == {130.0}


def test_silence_is_no_music(tmp_path: Path, scorer: Scorer) -> None:
    path = tmp_path / "pause.wav"
    samples = noise(240)
    samples[MINUTE : 3 * MINUTE] = 0
    samples[MINUTE] = 1e-5
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    scores = analyse(path, scorer)
    middle = np.arange(len(scores.sounding)) * scores.step_s + scores.window_s / 2
    silent = (middle > 62) & (middle < 178)
    assert not scores.sounding[silent].any() and np.isnan(scores.probabilities[silent]).all()
    away = (middle < 58) | (middle > 182)
    assert scores.sounding[away].all() and np.isfinite(scores.probabilities[away]).all()
    choices = TimelineChoices(switch_cost=5.0, unknown=-1.0)
    shown = timeline(
        replace(scores, in_distribution=np.ones_like(scores.in_distribution)), Calibration(), choices
    )
    labels = [segment.label for segment in shown.segments]
    assert labels == ["quiet", None, "quiet"]


def test_a_recording_of_nothing_is_unknown(tmp_path: Path, scorer: Scorer) -> None:
    path = tmp_path / "nothing.flac"
    soundfile.write(path, np.zeros(2 * MINUTE), RATE)
    scores = analyse(path, scorer)
    assert np.isnan(scores.tempo).all()
    (segment,) = timeline(scores, Calibration()).segments
    assert segment.label is None


def test_noise_and_a_tone_are_out_of_distribution(tmp_path: Path, scorer: Scorer) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(70 * 22050) / 22050)
    for name, samples in {"noise": noise(70, 22050), "tone": tone}.items():
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, samples, 22050)
        scores = analyse(path, scorer)
        assert scores.sounding.all() and scores.in_distribution.mean() < 0.1


@pytest.mark.parametrize(
    ("suffix", "container", "subtype", "rate"),
    [
        ("flac", "FLAC", "PCM_16", 44100),
        ("mp3", "MP3", "MPEG_LAYER_III", 44100),
        ("ogg", "OGG", "VORBIS", 44100),
        ("opus", "OGG", "OPUS", 48000),
        ("wav", "WAV", "PCM_16", 44100),
    ],
)
def test_a_file_that_was_cut_in_the_middle(
    tmp_path: Path, scorer: Scorer, suffix: str, container: str, subtype: str, rate: int
) -> None:
    path = tmp_path / f"cut.{suffix}"
    with soundfile.SoundFile(path, "w", rate, 1, format=container, subtype=subtype) as mix:
        for _ in range(140):
            mix.write(noise(1, rate))
    assert analyse(path, scorer).duration_s == pytest.approx(140, abs=0.1)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert reason_for(path, scorer) == "truncated"


def test_files_that_cannot_be_analysed(tmp_path: Path, scorer: Scorer) -> None:
    words = tmp_path / "mix.mp3"
    words.write_text("These are only words.\n" * 400)
    assert reason_for(words, scorer) == "not_audio"
    short = tmp_path / "short.wav"
    for seconds in (0.001, 0.1, 2.9, 5, SHORTEST_S - 0.1):
        soundfile.write(short, noise(seconds), RATE)
        assert reason_for(short, scorer) == "too_short"
    assert reason_for(tmp_path / "nothing.mp3", scorer) == "missing"
    assert reason_for(tmp_path, scorer) == "not_audio"


@pytest.mark.parametrize("how", ["grows", "is replaced", "goes away", "is cut"])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, scorer: Scorer, how: str) -> None:
    path, other = tmp_path / "mix.flac", tmp_path / "other.flac"
    soundfile.write(path, noise(300), RATE)
    soundfile.write(other, noise(300, seed=1), RATE)

    def change(seconds: float, in_all: float | None) -> None:
        if how == "grows":
            with path.open("ab") as file:
                file.write(b"more")
        elif how == "is replaced" and other.exists():
            other.replace(path)
        elif how == "goes away":
            path.unlink(missing_ok=True)
        elif how == "is cut":
            path.write_bytes(path.read_bytes()[:1_000_000])

    with pytest.raises(AudioError) as caught:
        analyse(path, scorer, change)
    assert caught.value.reason == "changed"


def test_nothing_goes_on_after_a_caller_that_gives_up(tmp_path: Path, scorer: Scorer) -> None:
    path = tmp_path / "mix.wav"
    soundfile.write(path, noise(300), RATE)
    before = threading.active_count()

    def give_up(seconds: float, in_all: float | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyse(path, scorer, give_up)
    assert threading.active_count() == before
