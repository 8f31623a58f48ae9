"""Audio features of sounds whose features are known, and of real clips beside librosa's own."""

from pathlib import Path

import librosa
import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.features.descriptors import audio_features, spectrogram_and_features
from ml.features.key import MAJOR, MINOR, key_of
from ml.features.spectral_shape import SpectralShape
from ml.features.spectrogram import SpectrogramConfig, log_mel
from sound.decode import load_mono

RATE = 22050
NOTES = {"C": 0, "Cs": 1, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def tone(hz: float, seconds: float = 5.0, amplitude: float = 0.5) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def chord(*notes: str) -> np.ndarray:
    """Notes of the octave from middle C and the first one again in the bass, each with a few overtones."""
    pitches = [261.626 * 2 ** (NOTES[note] / 12) for note in notes]
    pitches.append(pitches[0] / 2)
    return sum(tone(hz * n, amplitude=0.1 / n) for hz in pitches for n in (1, 2, 3))


def clicks(bpm: float, seconds: float = 30.0) -> np.ndarray:
    length = round(seconds * RATE)
    times = np.arange(0, seconds, 60 / bpm)
    return librosa.clicks(times=times, sr=RATE, length=length).astype(np.float32)


@pytest.mark.parametrize("bpm", [90, 100, 120, 128, 132.5, 140, 174])
def test_tempo_of_a_click_track(bpm: float) -> None:
    features = audio_features(clicks(bpm), RATE)
    assert features.tempo_bpm == pytest.approx(bpm, abs=0.3)
    assert features.onset_rate == pytest.approx(bpm / 60, rel=0.05)


@pytest.mark.parametrize(
    ("notes", "key", "mode"),
    [
        (("A", "C", "E"), 9, 0),
        (("C", "E", "G"), 0, 1),
        (("G", "B", "D"), 7, 1),
        (("D", "F", "A"), 2, 0),
        (("A", "Cs", "E"), 9, 1),
    ],
)
def test_key_of_a_chord(notes: tuple[str, ...], key: int, mode: int) -> None:
    features = audio_features(chord(*notes), RATE)
    assert (features.key, features.mode) == (key, mode)
    assert features.key_confidence is not None and 0.5 < features.key_confidence <= 1


@given(st.integers(0, 11), st.lists(st.floats(0, 1, width=32), min_size=12, max_size=12))
def test_transposing_moves_the_key_and_nothing_else(steps: int, values: list[float]) -> None:
    chroma = np.array(values, dtype=np.float32)
    key, mode, confidence = key_of(chroma)
    moved_key, moved_mode, moved_confidence = key_of(np.roll(chroma, steps))
    if key is None or confidence is None:
        assert moved_key is None
    elif confidence > 0:
        assert moved_confidence == pytest.approx(confidence, abs=1e-6)
        runner_up = sorted(correlations(chroma))[-2]
        if confidence - runner_up > 1e-6:  # no tie
            assert (moved_key, moved_mode) == ((key + steps) % 12, mode)


def correlations(chroma: np.ndarray) -> list[float]:
    return [float(np.corrcoef(chroma, np.roll(p, k))[0, 1]) for p in (MAJOR, MINOR) for k in range(12)]


@pytest.mark.parametrize("lufs", [-40.0, -23.0, -14.0])
def test_loudness_of_the_reference_tone(lufs: float) -> None:
    # ITU-R BS.1770: a full-scale sine of 997 Hz in one channel measures -3.01 LUFS.
    features = audio_features(tone(997, amplitude=10 ** ((lufs + 3.01) / 20)), RATE)
    assert features.loudness_lufs == pytest.approx(lufs, abs=0.1)


def test_spectrum_of_a_tone_and_of_noise() -> None:
    a = audio_features(tone(1000), RATE)
    assert a.spectral_centroid_hz == pytest.approx(1000, rel=0.02)
    assert a.spectral_rolloff_hz == pytest.approx(1000, rel=0.03)
    assert a.zero_crossing_rate == pytest.approx(2 * 1000 / RATE, rel=0.01)
    assert a.spectral_flatness is not None and a.spectral_flatness < 0.01
    random = np.random.default_rng(3)
    noise = audio_features(random.normal(scale=0.1, size=5 * RATE).astype(np.float32), RATE)
    assert noise.spectral_flatness == pytest.approx(np.exp(-np.euler_gamma), abs=0.02)  # of exponential power
    assert noise.spectral_centroid_hz == pytest.approx(RATE / 4, rel=0.02)
    assert noise.zero_crossing_rate == pytest.approx(0.5, abs=0.01)


def test_real_clips_measure_as_librosa_and_pyloudnorm_measure_them(some_clips: list[Path]) -> None:
    same_tempo = 0
    for path in some_clips:
        samples = load_mono(path)
        features = audio_features(samples, RATE)
        magnitude = np.abs(librosa.stft(samples))
        magnitude = magnitude[:, magnitude.max(axis=0) ** 2 > 1e-10]  # frames with sound
        onset_strength = librosa.onset.onset_strength(y=samples, sr=RATE)
        onsets = librosa.onset.onset_detect(onset_envelope=onset_strength, sr=RATE)
        for ours, theirs in (
            (features.spectral_centroid_hz, librosa.feature.spectral_centroid(S=magnitude).mean()),
            (features.spectral_rolloff_hz, librosa.feature.spectral_rolloff(S=magnitude).mean()),
            (features.spectral_flatness, librosa.feature.spectral_flatness(S=magnitude).mean()),
            (features.loudness_lufs, pyloudnorm.Meter(RATE).integrated_loudness(samples)),
        ):
            assert ours == pytest.approx(theirs, rel=1e-4)
        assert features.onset_rate == pytest.approx(len(onsets) / len(samples) * RATE, rel=0.02)
        assert features.tempo_bpm is not None
        theirs = librosa.feature.tempo(onset_envelope=onset_strength, sr=RATE)[0]
        same_tempo += abs(features.tempo_bpm / theirs - 1) < 0.06
    assert same_tempo >= 0.75 * len(some_clips)


def test_chroma_is_librosas(some_clips: list[Path]) -> None:
    for path in some_clips[:4]:
        samples = load_mono(path)
        shape = SpectralShape(RATE)
        log_mel(samples, SpectrogramConfig(), visit=shape.add)
        magnitude = np.abs(librosa.stft(samples))
        magnitude = magnitude[:, magnitude.max(axis=0) ** 2 > 1e-10]
        theirs = librosa.feature.chroma_stft(S=magnitude**2, sr=RATE, tuning=0.0).sum(axis=1)
        assert np.allclose(shape.chroma, theirs, rtol=1e-3)


@pytest.mark.parametrize(
    "config", [SpectrogramConfig(), SpectrogramConfig(sample_rate=16000, n_fft=1024, fmax=8000.0)]
)
def test_the_spectrogram_beside_the_features_is_the_one_without_them(config: SpectrogramConfig) -> None:
    samples = np.random.default_rng(2).normal(scale=0.1, size=5 * RATE).astype(np.float32)
    spectrogram, features = spectrogram_and_features(samples, config)
    assert np.array_equal(spectrogram, log_mel(samples, config))
    assert features == audio_features(samples, config.sample_rate)


@settings(max_examples=40, deadline=None)
@given(
    seconds=st.floats(0.41, 6),
    rate=st.sampled_from([8000, 16000, 22050, 44100, 48000]),
    levels=st.lists(st.sampled_from([0.0, 1e-5, 3e-4, 1e-2, 1.0]), min_size=1, max_size=4),
)
def test_loudness_is_pyloudnorms(seconds: float, rate: int, levels: list[float]) -> None:
    noise = np.random.default_rng(4).normal(size=round(seconds * rate))
    samples = (noise * np.repeat(levels, -(-len(noise) // len(levels)))[: len(noise)]).astype(np.float32)
    theirs = pyloudnorm.Meter(rate).integrated_loudness(samples.astype(np.float64))
    ours = audio_features(samples, rate).loudness_lufs
    assert ours == (pytest.approx(theirs, abs=0.001) if np.isfinite(theirs) else None)


@settings(max_examples=40, deadline=None)
@given(
    length=st.integers(0, 3 * 16000),
    level=st.sampled_from([0.0, 1e-9, 1e-4, 1.0]),
    constant=st.booleans(),
    rate=st.sampled_from([16000, 22050]),
)
def test_any_sound_has_features(length: int, level: float, constant: bool, rate: int) -> None:
    samples = (
        np.full(length, level) if constant else np.random.default_rng(1).normal(scale=level, size=length)
    )
    features = audio_features(samples.astype(np.float32), rate)
    for name in features.__slots__:
        value = getattr(features, name)
        assert value is None or (type(value) in (int, float) and np.isfinite(value)), name
    assert features.tempo_bpm is None  # under four seconds
    if length <= 0.4 * rate:
        assert features.loudness_lufs is None


def test_silence_has_no_key_tempo_or_loudness() -> None:
    features = audio_features(np.zeros(10 * RATE, dtype=np.float32), RATE)
    assert (features.tempo_bpm, features.key, features.mode, features.loudness_lufs) == (
        None,
        None,
        None,
        None,
    )
    assert (features.onset_rate, features.spectral_centroid_hz) == (0.0, None)
