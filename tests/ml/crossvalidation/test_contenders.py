from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.crossvalidation.contenders import baseline_predictions, features_of, fit_baseline
from ml.data.crops import Example
from ml.evaluation.calibration import Temperatures, calibrate
from ml.evaluation.predictions import tracks_of
from ml.models.baseline import load_baseline, save_baseline
from tests.ml.clips import rhythms

LABELS = ("techno", "house")
Features = dict[int, np.ndarray]


def clips(tracks: int, first: int = 0) -> tuple[list[Example], Features]:
    """Two clips a track of alternating labels, and features that tell the labels apart, mostly."""
    random = np.random.default_rng(first)
    examples = [
        Example(track, 2 * track + clip, track % 2, Path("none.npy"), 300)
        for track in range(first, first + tracks)
        for clip in range(2)
    ]
    features = {
        example.clip_id: random.normal(loc=example.label, size=6).astype(np.float32) for example in examples
    }
    return examples, features


def test_a_baseline_is_calibrated_on_tracks_that_it_did_not_learn_from() -> None:
    learnt, of_learnt = clips(60)
    tuned, of_tuned = clips(30, first=100)
    tested, of_tested = clips(20, first=200)
    features = of_learnt | of_tuned | of_tested
    group_of = {example.track_id: f"artist {example.track_id}" for example in tested}
    fitted = fit_baseline(learnt, tuned, features, LABELS, {"n_mels": 128}, seed=1)
    temperatures = Temperatures(**fitted.card["temperatures"])
    assert temperatures.track != 1.0

    answers = baseline_predictions(fitted, tested, features, group_of)
    assert [one.level for one in answers] == ["clip", "track"]
    tracks = tracks_of(answers)
    assert tracks.item_id.tolist() == list(range(200, 220))
    assert tracks.group.tolist() == list(group_of.values())
    assert (tracks.probabilities.argmax(axis=1) == tracks.true).mean() > 0.8
    columns = np.stack([features[example.clip_id] for example in tested])
    means = fitted.probabilities(columns).reshape(20, 2, 2).mean(axis=1)
    assert tracks.probabilities == pytest.approx(calibrate(means, temperatures.track))


def test_without_validation_clips_a_baseline_is_as_sure_as_it_is() -> None:
    learnt, features = clips(20)
    fitted = fit_baseline(learnt, [], features, LABELS, {}, seed=1)
    assert Temperatures(**fitted.card["temperatures"]) == Temperatures(1.0, 1.0, 1.0)
    assert baseline_predictions(fitted, [], features, {}) == ()


def test_a_baseline_says_the_same_after_its_file(tmp_path: Path) -> None:
    learnt, of_learnt = clips(60)
    tuned, of_tuned = clips(30, first=100)
    fitted = fit_baseline(learnt, tuned, of_learnt | of_tuned, LABELS, {"n_mels": 128}, seed=1)
    path = tmp_path / "baseline.skops"
    loaded = load_baseline(path, save_baseline(fitted, path))
    assert loaded.card == fitted.card
    group_of = {example.track_id: "one" for example in tuned}
    first, again = (
        tracks_of(baseline_predictions(one, tuned, of_tuned, group_of)) for one in (fitted, loaded)
    )
    assert np.array_equal(first.probabilities, again.probabilities)


def test_features_are_those_of_the_clip_whatever_its_place(tmp_path: Path) -> None:
    examples = rhythms(tmp_path, [0, 1, 0])
    found = features_of(examples)
    assert found.keys() == {1000, 1001, 1002}
    assert all(row.shape == (65,) and np.isfinite(row).all() for row in found.values())
    moved = [replace(example, clip_id=example.clip_id + 50) for example in reversed(examples)]
    assert np.array_equal(features_of(moved)[1051], found[1001])
