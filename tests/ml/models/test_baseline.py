import io
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.features.spectrogram import SpectrogramConfig, log_mel
from ml.models import baseline
from ml.models.baseline import BaselineFileError, clip_features, load_baseline, save_baseline, train_baseline

RATE = 22050


def clicks(beats_per_minute: float, seconds: float = 12.0) -> NDArray[np.float16]:
    """The spectrogram of noise with a click on every beat."""
    samples = np.random.default_rng(9).normal(scale=0.001, size=round(seconds * RATE))
    beat = np.arange(0, seconds - 0.1, 60 / beats_per_minute)
    for start in (beat * RATE).astype(int):
        samples[start : start + 500] += 0.5
    return log_mel(samples.astype(np.float32), SpectrogramConfig()).astype(np.float16)


def clips(labels: int, each: int = 20) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features of clips around one centre a label, and their labels."""
    random = np.random.default_rng(10)
    label = np.arange(labels * each) % labels
    centres = random.normal(size=(labels, 65)) * 100
    return (centres[label] + random.normal(size=(len(label), 65)) * 60).astype(np.float32), label


def test_features_tell_tempo_and_are_the_same_however_loud() -> None:
    spectrogram = clicks(100)
    features = clip_features(spectrogram)
    assert features.shape == (65,)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert features[-1] == pytest.approx(100, rel=0.02)
    louder = clip_features(spectrogram + np.float16(6))
    # The first coefficient is the loudness.
    assert louder[1:] == pytest.approx(features[1:], rel=0.02, abs=0.3)
    assert louder[0] - features[0] > 60
    assert np.array_equal(features, clip_features(spectrogram))


@pytest.mark.parametrize("frames", [9, 130, 1300])
def test_silence_has_features(frames: int) -> None:
    features = clip_features(np.full((frames, 128), -80, dtype=np.float16))
    assert np.isfinite(features).all()
    assert features[-1] == 120


@pytest.mark.parametrize("shape", [(8, 128), (128,)])
def test_what_is_no_spectrogram_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"Expected a spectrogram of \(9 frames or more, bands\)"):
        clip_features(np.zeros(shape, dtype=np.float16))


@pytest.mark.parametrize("labels", [2, 3, 5])
def test_it_learns_and_gives_probabilities(labels: int) -> None:
    features, label = clips(labels)
    trained = train_baseline(features[: labels * 15], label[: labels * 15], labels)
    scores = trained.probabilities(features[labels * 15 :])
    assert scores.shape == (labels * 5, labels)
    assert scores.sum(axis=1) == pytest.approx(1)
    assert np.array_equal(scores.argmax(axis=1), label[labels * 15 :])
    assert trained.probabilities(features[:0]).shape == (0, labels)
    again = train_baseline(features[: labels * 15], label[: labels * 15], labels)
    assert np.array_equal(again.probabilities(features), trained.probabilities(features))


def test_a_label_without_a_clip_is_refused() -> None:
    features, label = clips(2)
    with pytest.raises(ValueError, match=r"got \[20, 20, 0\] clips of 3 labels: add clips"):
        train_baseline(features, label, 3)
    with pytest.raises(ValueError, match=r"needs two labels"):
        train_baseline(features, np.zeros_like(label), 1)


def test_of_too_many_clips_the_large_labels_give_up_theirs() -> None:
    label = np.array([0] * 50 + [1] * 5 + [2] * 20)
    chosen = baseline._at_most(35, label, seed=1)
    assert np.bincount(label[chosen]).tolist() == [15, 5, 15]
    assert np.array_equal(chosen, np.unique(chosen))
    assert np.array_equal(chosen, baseline._at_most(35, label, seed=1))
    assert not np.array_equal(chosen, baseline._at_most(35, label, seed=2))
    assert np.array_equal(baseline._at_most(75, label, seed=1), np.arange(75))
    features, label = clips(3)
    assert len(train_baseline(features, label, 3, most_clips=12).pipeline[-1].support_) <= 12


def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    features, label = clips(3)
    trained = replace(train_baseline(features, label, 3), card={"labels": ["a", "b", "c"]})
    path = tmp_path / "models" / "1.skops"
    sha256 = save_baseline(trained, path)
    loaded = load_baseline(path, sha256)
    assert loaded.card == trained.card
    assert np.array_equal(loaded.probabilities(features), trained.probabilities(features))
    assert [file.name for file in path.parent.iterdir()] == ["1.skops"]
    assert "schema.json" in zipfile.ZipFile(path).namelist()
    with pytest.raises(BaselineFileError, match=r"was changed since it was saved, so restore"):
        load_baseline(path, "0" * 64)
    with pytest.raises(BaselineFileError, match=r"There is no baseline file"):
        load_baseline(tmp_path / "none.skops")


class Foreign:
    """A type that no baseline is made of."""


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    import skops.io

    path = tmp_path / "other.skops"
    for content in (b"", pickle.dumps([1]), skops.io.dumps({"format": 1, "pipeline": Foreign()})):
        path.write_bytes(content)
        with pytest.raises(BaselineFileError, match=r"is no baseline of this version"):
            load_baseline(path)
    skops.io.dump({"format": 1, "pipeline": "none", "card": {}}, path)
    with pytest.raises(BaselineFileError, match=r"another format"):
        load_baseline(path)
    cut = io.BytesIO()
    skops.io.dump({"format": 1}, cut)
    path.write_bytes(cut.getvalue()[:-30])
    with pytest.raises(BaselineFileError):
        load_baseline(path)
