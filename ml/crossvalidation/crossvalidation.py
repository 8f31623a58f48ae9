"""How good a way of learning is on a whole crate: every track is judged by a model that never met its group.

Repeated, grouped cross-validation, the notebook's random split to compare with, and models that one label was kept
from, to see whether they notice that they do not know it. Everything here trains; nothing is kept but the answers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pebble import ProcessPool

from ml.crossvalidation.contenders import Features, baseline_predictions, fit_baseline, network_predictions
from ml.crossvalidation.parallel import in_pool
from ml.data.crops import Example, load_crops
from ml.data.dataset import Dataset, SplitExamples
from ml.data.hyperparameters import Hyperparameters
from ml.evaluation.predictions import Predictions, pooled, tracks_of
from ml.models.scorer import Scorer
from ml.models.train import random_seed, train

WITHOUT_LABEL = 1_000_000  # in the place of a repeat, so that no seed is that of a fold


Learner = Callable[[Dataset, SplitExamples, int], tuple[Predictions, ...]]
"""Learns from two sides with a random seed and answers for the third. Has to be picklable to work in a process pool."""


@dataclass(frozen=True, slots=True)
class NetworkLearner:
    """Trains a network; answers for crops, clips and tracks."""

    hyperparameters: Hyperparameters

    def __call__(self, crate: Dataset, sides: SplitExamples, seed: int) -> tuple[Predictions, ...]:
        scorer = train_on(crate, sides, self.hyperparameters, seed)
        tested = load_crops(sides.holdout, crop_frames=self.hyperparameters.crop_frames)
        return network_predictions(scorer, tested, crate.group_of)


@dataclass(frozen=True, slots=True)
class BaselineLearner:
    """Trains the baseline on features of each clip (ml.crossvalidation.contenders.features_of); answers for clips and
    tracks.
    """

    features: Features

    def __call__(self, crate: Dataset, sides: SplitExamples, seed: int) -> tuple[Predictions, ...]:
        fitted = fit_baseline(
            sides.train, sides.validation, self.features, crate.labels, crate.spectrogram_config, seed
        )
        return baseline_predictions(fitted, sides.holdout, self.features, crate.group_of)


def train_on(crate: Dataset, sides: SplitExamples, hyperparameters: Hyperparameters, seed: int) -> Scorer:
    """A network that has learnt from two sides of a crate."""
    chosen = replace(hyperparameters, seed=seed)
    learnt, tuned = (
        load_crops(side, crop_frames=chosen.crop_frames) for side in (sides.train, sides.validation)
    )
    return train(learnt, tuned, crate.labels, crate.spectrogram_config, chosen).scorer


def cross_validate(
    crate: Dataset,
    learner: Learner,
    folds: int,
    repeats: int,
    seed: int,
    pool: ProcessPool | None = None,
    on_fold: Callable[[], None] = lambda: None,
) -> list[tuple[Predictions, ...]]:
    """The answers for every track, once a repeat; groups are dealt anew for each, with seeds from `seed` on.

    The same seed deals the same folds for every learner, so that their answers can be compared pair by pair. In a
    pool the folds are worked on side by side; without one, here and one after another.
    """
    tasks = [
        (crate, crate.split(division), random_seed(seed, repeat, number))
        for repeat in range(repeats)
        for number, division in enumerate(crate.grouped_folds(folds, seed + repeat))
    ]
    answers = in_pool(pool, learner, tasks, on_fold)
    return [pooled(answers[first : first + folds]) for first in range(0, len(tasks), folds)]


def probabilities_of_tracks(repeats: Sequence[tuple[Predictions, ...]]) -> NDArray[np.float64]:
    """What was said of each track in each repeat, in order of track ids: (repeats, tracks, labels)."""
    return np.stack([tracks_of(answers).probabilities for answers in repeats])


@dataclass(frozen=True, slots=True)
class Confidences:
    """How sure models were of tracks whose label they knew, and of tracks of one that was kept from them, if any."""

    known: NDArray[np.float64]  # (tracks,) the calibrated probability of the most probable label
    unknown: NDArray[np.float64]  # (other tracks,)
    known_group: NDArray[np.str_]
    unknown_group: NDArray[np.str_]


def leave_one_label_out(
    crate: Dataset,
    hyperparameters: Hyperparameters,
    folds: int,
    seed: int,
    pool: ProcessPool | None = None,
    on_label: Callable[[], None] = lambda: None,
) -> list[Confidences]:
    """For each label in turn: a model that never met it, on held-out tracks of the others and on all of its own.

    One division each, the first of `folds`. Raises TrainingRefused where a label has too few groups.
    """
    tasks = [(crate, label, hyperparameters, folds, seed) for label in range(len(crate.labels))]
    return in_pool(pool, without_label, tasks, on_label)


def without_label(
    crate: Dataset, label: int, hyperparameters: Hyperparameters, folds: int, seed: int
) -> Confidences:
    """How sure a model that never met this label is of tracks of the others, and of those of its own.

    A track of this label that shares a group with what was learnt from is left out.
    """
    rest = crate.without(label)
    sides = rest.split(next(rest.grouped_folds(folds, seed)))
    scorer = train_on(rest, sides, hyperparameters, random_seed(seed, WITHOUT_LABEL, label))

    def confidence(examples: Sequence[Example]) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
        crops = load_crops(examples, crop_frames=hyperparameters.crop_frames)
        answers = network_predictions(scorer, crops, crate.group_of)
        if not answers:
            return np.empty(0), np.empty(0, dtype=np.str_)
        tracks = tracks_of(answers)
        return tracks.probabilities.max(axis=1), tracks.group

    met = {crate.group_of[example.track_id] for example in (*sides.train, *sides.validation)}
    foreign = [example for example in crate.only(label) if crate.group_of[example.track_id] not in met]
    (known, known_group), (unknown, unknown_group) = map(confidence, (sides.holdout, foreign))
    return Confidences(known, unknown, known_group, unknown_group)
