"""Cross-validation: the predictions for a whole dataset, each track by a model that was not trained on its group.

Repeated cross-validation by groups; the notebook's random split for comparison; and models trained without one label,
to measure whether they find its tracks unknown. Everything here trains models, and only keeps their predictions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pebble import ProcessPool

from ml.crossvalidation.contenders import (
    Features,
    baseline_predictions,
    fit_baseline,
    network_predictions,
)
from ml.crossvalidation.parallel import in_pool
from ml.data.crops import Example, load_crops
from ml.data.dataset import Dataset, SplitExamples
from ml.data.hyperparameters import Hyperparameters
from ml.evaluation.predictions import Predictions, pooled, tracks_of
from ml.models.scorer import Scorer
from ml.models.train import random_seed, train

WITHOUT_LABEL = 1_000_000  # replaces the number of a repeat, so that no seed is that of a fold


Learner = Callable[[Dataset, SplitExamples, int], tuple[Predictions, ...]]
"""Trains on a split with a random seed and predicts its holdout. Must be picklable to work in a process pool."""


@dataclass(frozen=True, slots=True)
class NetworkLearner:
    """Trains a network; predicts crops, clips and tracks."""

    hyperparameters: Hyperparameters

    def __call__(self, dataset: Dataset, split: SplitExamples, seed: int) -> tuple[Predictions, ...]:
        scorer = train_on(dataset, split, self.hyperparameters, seed)
        holdout = load_crops(split.holdout, crop_frames=self.hyperparameters.crop_frames)
        return network_predictions(scorer, holdout, dataset.group_of)


@dataclass(frozen=True, slots=True)
class BaselineLearner:
    """Trains the baseline on features of each clip (see contenders.features_of); predicts clips and tracks."""

    features: Features

    def __call__(self, dataset: Dataset, split: SplitExamples, seed: int) -> tuple[Predictions, ...]:
        baseline = fit_baseline(
            split.train,
            split.validation,
            self.features,
            dataset.labels,
            dataset.spectrogram_config,
            seed=seed,
        )
        return baseline_predictions(baseline, split.holdout, self.features, dataset.group_of)


def train_on(dataset: Dataset, split: SplitExamples, hyperparameters: Hyperparameters, seed: int) -> Scorer:
    """A network trained on the training and validation clips of a split."""
    with_seed = replace(hyperparameters, seed=seed)
    train_crops, validation_crops = (
        load_crops(examples, crop_frames=with_seed.crop_frames)
        for examples in (split.train, split.validation)
    )
    return train(train_crops, validation_crops, dataset.labels, dataset.spectrogram_config, with_seed).scorer


def cross_validate(
    dataset: Dataset,
    learner: Learner,
    folds: int,
    repeats: int,
    seed: int,
    *,
    pool: ProcessPool | None = None,
    on_fold: Callable[[], None] = lambda: None,
) -> list[tuple[Predictions, ...]]:
    """The predictions for every track, once a repeat; each repeat has other folds, with seeds from `seed` on.

    The same seed gives the same folds for every learner, so that predictions can be compared in pairs. In a pool the
    folds run in parallel; without one, in this process one after another.
    """
    tasks = [
        (dataset, dataset.split(indices), random_seed(seed, repeat, number))
        for repeat in range(repeats)
        for number, indices in enumerate(dataset.grouped_folds(folds, seed + repeat))
    ]
    predictions = in_pool(pool, learner, tasks, on_fold)
    return [pooled(predictions[first : first + folds]) for first in range(0, len(tasks), folds)]


def probabilities_of_tracks(repeats: Sequence[tuple[Predictions, ...]]) -> NDArray[np.float64]:
    """The predicted probabilities of each track in each repeat, ordered by track id: (repeats, tracks, labels)."""
    return np.stack([tracks_of(predictions).probabilities for predictions in repeats])


@dataclass(frozen=True, slots=True)
class Confidences:
    """The confidence of a model for tracks of its labels, and for tracks of the label that it was trained without."""

    known: NDArray[np.float64]  # (tracks,) the calibrated probability of the most probable label
    unknown: NDArray[np.float64]  # (other tracks,)
    known_group: NDArray[np.str_]
    unknown_group: NDArray[np.str_]


def leave_one_label_out(
    dataset: Dataset,
    hyperparameters: Hyperparameters,
    folds: int,
    seed: int,
    *,
    pool: ProcessPool | None = None,
    on_label: Callable[[], None] = lambda: None,
) -> list[Confidences]:
    """For each label in turn: the confidences of a model trained without it.

    One split each, the first of `folds`. Raises TrainingRefused where a label has too few groups.
    """
    tasks = [(dataset, label, hyperparameters, folds, seed) for label in range(len(dataset.labels))]
    return in_pool(pool, without_label, tasks, on_label)


def without_label(
    dataset: Dataset, label: int, hyperparameters: Hyperparameters, folds: int, seed: int
) -> Confidences:
    """The confidences of a model trained without this label, for held-out tracks of the others and for its tracks.

    Tracks of this label that share a group with a track of the training or the validation are left out.
    """
    others = dataset.without(label)
    split = others.split(next(others.grouped_folds(folds, seed)))
    scorer = train_on(others, split, hyperparameters, random_seed(seed, WITHOUT_LABEL, label))

    def confidence(examples: Sequence[Example]) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
        crops = load_crops(examples, crop_frames=hyperparameters.crop_frames)
        predictions = network_predictions(scorer, crops, dataset.group_of)
        if not predictions:
            return np.empty(0), np.empty(0, dtype=np.str_)
        tracks = tracks_of(predictions)
        return tracks.probabilities.max(axis=1), tracks.group

    used_groups = {dataset.group_of[example.track_id] for example in (*split.train, *split.validation)}
    unknown_examples = [
        example for example in dataset.only(label) if dataset.group_of[example.track_id] not in used_groups
    ]
    (known, known_group), (unknown, unknown_group) = map(confidence, (split.holdout, unknown_examples))
    return Confidences(known, unknown, known_group, unknown_group)
