from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.data.crops import Example, Standardisation, load_crops
from ml.evaluation.calibration import Calibration, Temperatures
from ml.evaluation.predictions import predictions_by_level, tracks_of
from ml.models.model_file import ModelCard, ModelFileError, save_model
from ml.models.networks import build, seed
from ml.models.scorer import BATCH, Scorer, load_model

LABELS = ("zebra", "ant", "moth")
STATISTICS = Standardisation((-40.0,) * 128, (12.0,) * 128)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("model") / "model.keras"
    card = ModelCard(LABELS, {"n_mels": 128}, STATISTICS, "seed")
    return path, save_model(build(seed, 3, STATISTICS), card, path)


@pytest.fixture(scope="module")
def scorer(saved: tuple[Path, str]) -> Scorer:
    return load_model(*saved)


def spectrogram(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(-40, 12, (frames, 128)).astype(np.float16)


def test_labels_and_recipe_come_from_the_file(scorer: Scorer) -> None:
    assert scorer.labels == LABELS
    assert scorer.spectrogram_config == {"n_mels": 128}


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
    assert np.allclose(scorer.score_crops(load_crops(examples)), expected, atol=1e-6)
    assert scorer.score_crops(load_crops([])).shape == (0, 3)


def test_an_array_of_another_shape_is_refused(scorer: Scorer) -> None:
    for wrong in (np.zeros((300, 64)), np.zeros(300), np.zeros((1, 300, 128))):
        with pytest.raises(ValueError, match=r"Expected a spectrogram of \(frames, 128\)"):
            scorer.score(wrong)


def test_a_changed_file_is_refused(saved: tuple[Path, str]) -> None:
    with pytest.raises(ModelFileError, match="sha256"):
        load_model(saved[0], "0" * 64)


def judge(scorer: Scorer, track_temperature: float, unknown_below: float) -> Scorer:
    """The same model under another calibration."""
    calibration = Calibration(Temperatures(crop=0.3, clip=4.0, track=track_temperature), unknown_below)
    return replace(scorer, card=replace(scorer.card, calibration=calibration))


# Two clips, of two crops and of one: clip means (0.7, 0.2, 0.1) and (0.1, 0.8, 0.1), track mean (0.4, 0.5, 0.1).
CLIPS = (np.array([[0.9, 0.0, 0.1], [0.5, 0.4, 0.1]], dtype=np.float32), np.array([[0.1, 0.8, 0.1]]))


def test_a_verdict_is_the_mean_of_the_clips_calibrated_as_a_track(scorer: Scorer) -> None:
    plain = judge(scorer, 1.0, 0.0).verdict(CLIPS)
    assert plain.probabilities == pytest.approx([0.4, 0.5, 0.1])
    assert plain.confidence == pytest.approx(0.5)
    softer = judge(scorer, 2.0, 0.0).verdict(CLIPS)
    roots = np.sqrt([0.4, 0.5, 0.1])
    assert softer.probabilities == pytest.approx(roots / roots.sum())
    assert softer.confidence == softer.probabilities.max()


def test_what_is_less_sure_than_the_threshold_is_unknown(scorer: Scorer) -> None:
    exact = judge(scorer, 1.0, 0.0).verdict(CLIPS).confidence
    assert judge(scorer, 1.0, exact).verdict(CLIPS).known
    assert not judge(scorer, 1.0, exact + 1e-9).verdict(CLIPS).known
    # The threshold is one of calibrated confidence: made softer, the same track falls below it.
    assert not judge(scorer, 2.0, exact).verdict(CLIPS).known
    assert judge(scorer, 2.0, 0.0).verdict(CLIPS).known


def test_a_verdict_says_what_an_evaluation_says(scorer: Scorer) -> None:
    calibrated = judge(scorer, 0.5, 0.0)
    clips = calibrated.score_many([spectrogram(700, 3), spectrogram(300, 4)])
    crops = np.concatenate(clips)
    clip_id = np.repeat([1, 2], [len(scores) for scores in clips])
    one = np.zeros(len(crops), dtype=np.int64)
    temperatures = calibrated.card.calibration.temperatures
    evaluated = tracks_of(predictions_by_level(crops, one, clip_id, one, temperatures=temperatures))
    assert calibrated.verdict(clips).probabilities == pytest.approx(evaluated.probabilities[0])
