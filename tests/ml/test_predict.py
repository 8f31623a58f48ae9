from pathlib import Path

import numpy as np
import pytest

from ml.dataset import Example, Standardisation, load_crops
from ml.model import ModelCard, ModelFileError, build, save_model
from ml.predict import BATCH, Scorer, load_model

LABELS = ("zebra", "ant", "moth")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    statistics = Standardisation((-40.0,) * 128, (12.0,) * 128)
    path = tmp_path_factory.mktemp("model") / "model.keras"
    return path, save_model(build(3, statistics), ModelCard(LABELS, {"n_mels": 128}, statistics), path)


@pytest.fixture(scope="module")
def scorer(saved: tuple[Path, str]) -> Scorer:
    return load_model(*saved)


def spectrogram(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(-40, 12, (frames, 128)).astype(np.float16)


def test_labels_and_recipe_come_from_the_file(scorer: Scorer) -> None:
    assert scorer.labels == LABELS
    assert scorer.recipe == {"n_mels": 128}


def test_each_whole_crop_has_one_row_of_probabilities(scorer: Scorer) -> None:
    decibels = spectrogram(1292)
    scores = scorer.score(decibels)
    assert scores.shape == (10, 3)
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)
    third = scorer.network.predict(decibels[None, 256:384], verbose=0)
    assert np.allclose(scores[2], third[0], atol=1e-5)


@pytest.mark.parametrize("frames", [0, 1, 127])
def test_less_than_a_crop_has_no_score(scorer: Scorer, frames: int) -> None:
    assert scorer.score(spectrogram(frames)).shape == (0, 3)


def test_many_clips_score_as_they_do_alone(scorer: Scorer) -> None:
    # More crops than a batch, a batch border within a clip, clips without a crop in between and at the end.
    lengths = [1292, 100, 128 * BATCH, 130, 0, 1292, 12]
    decibels = [spectrogram(frames, seed) for seed, frames in enumerate(lengths)]
    together = scorer.score_many(iter(decibels))
    assert [len(scores) for scores in together] == [10, 0, BATCH, 1, 0, 10, 0]
    for alone, scores in zip(map(scorer.score, decibels), together, strict=True):
        assert np.allclose(alone, scores, atol=1e-6)
    assert scorer.score_many([]) == []


def test_the_crops_of_a_dataset_score_as_their_clips_do(scorer: Scorer, tmp_path: Path) -> None:
    decibels = [spectrogram(300, 1), spectrogram(128, 2)]
    examples = []
    for number, values in enumerate(decibels):
        np.save(tmp_path / f"{number}.npy", values)
        examples.append(Example(number, number, 0, tmp_path / f"{number}.npy", len(values)))
    expected = np.concatenate(scorer.score_many(decibels))
    for limit in (0, 10**9):
        assert np.allclose(scorer.score_crops(load_crops(examples, memory_limit=limit)), expected, atol=1e-6)
    assert scorer.score_crops(load_crops([])).shape == (0, 3)


def test_an_array_of_another_shape_is_refused(scorer: Scorer) -> None:
    for wrong in (np.zeros((300, 64)), np.zeros(300), np.zeros((1, 300, 128))):
        with pytest.raises(ValueError, match=r"Expected a spectrogram of \(frames, 128\)"):
            scorer.score(wrong)


def test_a_changed_file_is_refused(saved: tuple[Path, str]) -> None:
    with pytest.raises(ModelFileError, match="sha256"):
        load_model(saved[0], "0" * 64)
