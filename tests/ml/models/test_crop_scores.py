"""Scores of overlapping crops: each is that of the network at its place, and runs share the time between them."""

import numpy as np
import pytest

from ml.data.crops import Standardisation
from ml.evaluation.calibration import Calibration, Temperatures, calibrate
from ml.models.crop_scores import runs, score_overlapping
from ml.models.model_file import ModelCard
from ml.models.networks import build, seed
from ml.models.scorer import Scorer

STATISTICS = Standardisation((-40.0,) * 128, (12.0,) * 128)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    calibration = Calibration(Temperatures(crop=2.0, track=0.5))
    card = ModelCard(("zebra", "ant", "moth"), {}, STATISTICS, "seed", calibration=calibration)
    return Scorer(build(seed, 3, STATISTICS), card)


def spectrogram(frames: int) -> np.ndarray:
    return np.random.default_rng(frames).normal(-40, 12, (frames, 128)).astype(np.float16)


def test_a_crop_begins_every_half_crop_and_scores_as_it_does_alone(scorer: Scorer) -> None:
    clips = [spectrogram(frames) for frames in (450, 128, 200)]
    scored = score_overlapping(scorer, clips)
    assert [len(scores.probabilities) for _, scores in scored] == [6, 1, 2]
    for clip, (outputs, scores) in zip(clips, scored, strict=True):
        starts = range(0, len(clip) - 127, 64)
        alone = np.concatenate([scorer.score(clip[start : start + 128]) for start in starts])
        assert np.allclose(scores.probabilities, calibrate(alone, 2.0), atol=1e-5)
        assert np.allclose(outputs.scores, scorer.score(clip), atol=1e-5)  # not calibrated: for the verdict
        assert outputs.embeddings.shape == (len(clip) // 128, 256)


def test_crops_are_placed_in_seconds(scorer: Scorer) -> None:
    [(_, scores)] = score_overlapping(scorer, [spectrogram(450)])
    crop_s = 128 * 512 / 22_050
    assert scores.middle_s == pytest.approx(crop_s / 2 * np.arange(1, 7))
    assert scores.end_s == pytest.approx(crop_s * 3.5)


def test_runs_of_one_state_meet_halfway_between_the_middles_of_their_windows() -> None:
    found = runs(np.array([4, 4, 1, 4]), window_s=3.0, step_s=1.5, end_s=7.5)
    assert [(run.first, run.end) for run in found] == [(0, 2), (2, 3), (3, 4)]
    assert [(run.start_s, run.end_s) for run in found] == [(0, 3.75), (3.75, 5.25), (5.25, 7.5)]
    [alone] = runs(np.array([2]), window_s=3.0, step_s=1.5, end_s=3.0)
    assert (alone.start_s, alone.end_s) == (0, 3.0)
