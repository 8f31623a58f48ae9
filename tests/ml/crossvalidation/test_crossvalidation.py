import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ml.crossvalidation.contenders import features_of
from ml.crossvalidation.crossvalidation import (
    BaselineLearner,
    NetworkLearner,
    cross_validate,
    leave_one_label_out,
    probabilities_of_tracks,
)
from ml.data.crops import Example
from ml.data.dataset import Dataset, SplitExamples
from ml.data.hyperparameters import Hyperparameters
from ml.evaluation.evaluate import evaluate
from ml.evaluation.paired_bootstrap import compare
from ml.evaluation.predictions import Predictions, pooled, predictions_by_level, tracks_of
from ml.splits.requirements import TrainingRefused
from tests.ml.clips import CROP_FRAMES, rhythms

QUICK = Hyperparameters(
    "seed", crop_frames=CROP_FRAMES, batch_size=6, learning_rate=0.0005, epochs=1, minimum_steps=150
)


def dataset(groups: Sequence[int] = (4, 4, 4), tracks_each: int = 2, clips_each: int = 2) -> Dataset:
    """A dataset of names alone: so many groups of each label, each of some tracks of some clips."""
    examples, group_of = [], {}
    for label, number in enumerate(groups):
        for place in range(number * tracks_each):
            track_id = 100 * (len(groups) - label) + place  # the first label has the last ids
            group_of[track_id] = f"{label} {place // tracks_each}"
            for clip in range(clips_each):
                examples.append(Example(track_id, 10 * track_id + clip, label, Path("none.npy"), 300))
    return Dataset(tuple(examples), tuple("abcdef"[: len(groups)]), group_of, {"n_mels": 128})


def guess(dataset: Dataset, split: SplitExamples, seed: int) -> tuple[Predictions, ...]:
    """A learner that learns nothing: it predictions by the seed."""
    clips = split.holdout
    scores = np.random.default_rng(seed).dirichlet(np.ones(len(dataset.labels)), size=len(clips))
    label, clip_id, track_id = np.array([(clip.label, clip.clip_id, clip.track_id) for clip in clips]).T
    groups = [dataset.group_of[track] for track in track_id.tolist()]
    return predictions_by_level(scores, label, clip_id, track_id, group=groups, levels=("clip", "track"))


class Recorder:
    """A learner that also remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[SplitExamples, int]] = []

    def __call__(self, dataset: Dataset, split: SplitExamples, seed: int) -> tuple[Predictions, ...]:
        self.given.append((split, seed))
        return guess(dataset, split, seed)


def test_every_track_is_judged_once_a_repeat() -> None:
    whole = dataset()
    repeats = cross_validate(whole, guess, folds=4, repeats=3, seed=1)
    assert len(repeats) == 3
    for predictions in repeats:
        tracks = tracks_of(predictions)
        assert tracks.item_id.tolist() == sorted(whole.tracks)
        assert tracks.true.tolist() == [whole.tracks[track] for track in tracks.item_id.tolist()]
        assert tracks.group.tolist() == [whole.group_of[track] for track in tracks.item_id.tolist()]
        clips = next(one for one in predictions if one.level == "clip")
        assert clips.item_id.tolist() == sorted(example.clip_id for example in whole.examples)


def test_no_group_is_met_before_it_is_judged() -> None:
    whole, learner = dataset(), Recorder()
    cross_validate(whole, learner, folds=4, repeats=2, seed=1)
    assert len(learner.given) == 8
    for split, _ in learner.given:
        parts = (split.train, split.validation, split.holdout)
        groups = [{whole.group_of[example.track_id] for example in part} for part in parts]
        assert sum(map(len, groups)) == len(set.union(*groups)) == 12
        assert sorted(example.clip_id for part in parts for example in part) == sorted(
            example.clip_id for example in whole.examples
        )


def test_every_learner_gets_the_same_folds_and_every_repeat_others() -> None:
    one, other, later = Recorder(), Recorder(), Recorder()
    for learner, seed in ((one, 1), (other, 1), (later, 5)):
        cross_validate(dataset(), learner, folds=4, repeats=2, seed=seed)
    assert one.given == other.given
    assert len({seed for _, seed in one.given}) == 8  # no two models have the same beginning
    first, second = ({split.holdout for split, _ in one.given[part]} for part in (slice(4), slice(4, 8)))
    assert first != second
    assert first != {split.holdout for split, _ in later.given[:4]}


def test_each_fold_is_reported_when_it_is_done() -> None:
    learner, done = Recorder(), []
    cross_validate(dataset(), learner, 4, 2, seed=1, on_fold=lambda: done.append(len(learner.given)))
    assert done == list(range(1, 9))


def test_the_answers_of_all_repeats_stand_side_by_side() -> None:
    whole = dataset()
    repeats = cross_validate(whole, guess, folds=4, repeats=3, seed=1)
    probabilities = probabilities_of_tracks(repeats)
    assert probabilities.shape == (3, 24, 3)
    assert probabilities.sum(axis=2) == pytest.approx(1)
    assert np.array_equal(probabilities[1], tracks_of(repeats[1]).probabilities)
    assert not np.array_equal(probabilities[0], probabilities[1])
    metrics = evaluate("holdout", pooled(repeats)).metrics
    assert {(metric.level, metric.count) for metric in metrics if metric.label is None} == {
        ("clip", 3 * 48),
        ("track", 3 * 24),
    }


def test_a_label_with_too_few_groups_is_refused_before_anything_is_learnt() -> None:
    learner = Recorder()
    with pytest.raises(TrainingRefused, match="4 folds need 4 groups"):
        cross_validate(dataset((4, 3)), learner, folds=4, repeats=1, seed=1)
    with pytest.raises(TrainingRefused, match="4 folds need 4 groups"):
        leave_one_label_out(dataset((4, 4, 3)), QUICK, folds=4, seed=1)
    assert learner.given == []


def test_a_random_split_takes_tracks_whole_and_a_tenth_of_them() -> None:
    whole = dataset((20, 20))
    split = whole.split(whole.random_split(seed=1))
    tracks = [
        {example.track_id for example in part} for part in (split.train, split.validation, split.holdout)
    ]
    assert [len(part) for part in tracks] == [64, 8, 8]
    assert set.union(*tracks) == set(whole.tracks)
    assert split != whole.split(whole.random_split(seed=2))


@pytest.mark.parametrize("label", [0, 1, 2])
def test_a_dataset_without_a_label_has_no_trace_of_it(label: int) -> None:
    whole = dataset((4, 3, 2))
    rest = whole.without(label)
    names = {example.track_id: whole.labels[example.label] for example in whole.examples}
    assert rest.labels == tuple(name for name in "abc" if name != "abc"[label])
    assert {rest.labels[example.label] for example in rest.examples} == set(rest.labels)
    assert all(rest.labels[example.label] == names[example.track_id] for example in rest.examples)
    assert len(rest.tracks) == len(whole.tracks) - 2 * (4, 3, 2)[label]

    alone = whole.only(label)
    assert {names[example.track_id] for example in alone} == {"abc"[label]}
    assert {example.label for example in alone} == {0}
    assert len(alone) + len(rest.examples) == len(whole.examples)


@pytest.fixture(scope="module")
def sounding(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three labels of three groups of three tracks, which differ in rhythm alone."""
    examples = rhythms(tmp_path_factory.mktemp("spectrograms"), [track // 9 for track in range(27)])
    group_of = {example.track_id: f"artist {example.track_id // 3}" for example in examples}
    return Dataset(tuple(examples), ("one", "two", "four"), group_of, {"n_mels": 128})


@pytest.mark.slow
def test_networks_and_baselines_that_learn_are_compared_track_by_track(sounding: Dataset) -> None:
    learners = {
        "network": NetworkLearner(QUICK),
        "baseline": BaselineLearner(features_of(sounding.examples)),
    }
    by_learner = {name: cross_validate(sounding, learner, 3, 1, seed=1) for name, learner in learners.items()}
    assert [predictions.level for predictions in by_learner["network"][0]] == ["crop", "clip", "track"]
    assert [predictions.level for predictions in by_learner["baseline"][0]] == ["clip", "track"]
    ours, theirs = (tracks_of(predictions[0]) for predictions in by_learner.values())
    for tracks, at_least in (
        (ours, 0.8),
        (theirs, 0.5),
    ):  # rhythm hardly changes the baseline's features; chance is a third
        assert tracks.item_id.tolist() == list(range(27))
        assert evaluate("holdout", [tracks]).value("track", "accuracy") > at_least
    found = compare(*map(probabilities_of_tracks, by_learner.values()), ours.true, ours.group.tolist())
    assert (found.tracks, found.groups) == (27, 9)


def test_learners_and_their_data_can_be_pickled(sounding: Dataset) -> None:
    split = sounding.split(next(sounding.grouped_folds(3, seed=1)))
    sent = (NetworkLearner(QUICK), sounding, split)
    assert pickle.loads(pickle.dumps(sent)) == sent
    features = {1000: np.arange(65, dtype=np.float32)}
    arrived = pickle.loads(pickle.dumps(BaselineLearner(features)))
    assert np.array_equal(arrived.features[1000], features[1000])


@pytest.mark.slow
def test_each_label_in_turn_is_kept_from_a_model(sounding: Dataset) -> None:
    done: list[int] = []
    found = leave_one_label_out(sounding, QUICK, folds=3, seed=1, on_label=lambda: done.append(1))
    assert len(found) == len(done) == 3
    for label, sure in enumerate(found):
        own = {f"artist {3 * label + number}" for number in range(3)}
        assert set(sure.unknown_group.tolist()) == own
        assert sure.unknown.shape == sure.unknown_group.shape == (9,)
        # A third of the tracks of the other two labels.
        assert sure.known.shape == sure.known_group.shape == (6,)
        assert not own & set(sure.known_group.tolist())
        for confidence in (sure.known, sure.unknown):
            assert ((confidence >= 0.5) & (confidence <= 1)).all()  # of two labels
    assert np.mean([sure.known.mean() for sure in found]) > np.mean([sure.unknown.mean() for sure in found])
