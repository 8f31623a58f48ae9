"""Check the labels of a training set by models that were not trained on the track in question.

A network that was trained on a track repeats its label, right or wrong. So each group of tracks is predicted by a
baseline that was trained on the other groups. C. Northcutt, L. Jiang, I. Chuang: Confident Learning: Estimating
Uncertainty in Dataset Labels, JAIR 70, 2021, use such predictions to find wrong labels.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.crossvalidation.contenders import Features, baseline_predictions, fit_baseline
from ml.data.crops import Example
from ml.evaluation.predictions import tracks_of
from ml.models.baseline import Baseline

FOLDS: Final = 5
MOST_CLIPS: Final = 5_000  # to train on in a fold: together about the time of one baseline


class LabelCheck(NamedTuple):
    """What a baseline predicts for a track that it was not trained on; labels are positions."""

    track_id: int
    label: int
    predicted: int
    confidence: float  # probability of the predicted label
    label_probability: float


def check_labels(
    examples: Sequence[Example], features: Features, baseline: Baseline, group_of: Mapping[int, str]
) -> list[LabelCheck]:
    """A check of each track, by five baselines; `baseline`, trained on these tracks, gives labels and temperatures.

    `group_of` is the group of each track id. A fold without which a label has no track left is not checked.
    """
    label = np.array([example.label for example in examples])
    fold = _folds(label, [group_of[example.track_id] for example in examples])
    checks: list[LabelCheck] = []
    for number in range(FOLDS):
        others = [example for example, of in zip(examples, fold, strict=True) if of != number]
        tested = [example for example, of in zip(examples, fold, strict=True) if of == number]
        if tested and len({example.label for example in others}) == len(baseline.card["labels"]):
            checks += _checked(others, tested, features, baseline, group_of)
    return checks


def _folds(label: NDArray[np.integer], group: Sequence[str]) -> NDArray[np.intp]:
    """The fold of each clip, (clips,): the groups of each label in turn."""
    _, first, group_number = np.unique(group, return_index=True, return_inverse=True)
    by_label = np.argsort(label[first], kind="stable")
    sizes = np.bincount(label[first])
    number_in_label = np.arange(len(first)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    fold = np.empty(len(first), dtype=np.intp)
    fold[by_label] = number_in_label % FOLDS
    return fold[group_number]


def _checked(
    others: Sequence[Example],
    tested: Sequence[Example],
    features: Features,
    baseline: Baseline,
    group_of: Mapping[int, str],
) -> Iterator[LabelCheck]:
    labels, config = baseline.card["labels"], baseline.card["recipe"]
    trained = fit_baseline(others, (), features, labels, config, seed=1, most_clips=MOST_CLIPS)
    calibrated = Baseline(trained.pipeline, baseline.card)
    tracks = tracks_of(baseline_predictions(calibrated, tested, features, group_of))
    for track_id, label, probabilities in zip(
        tracks.item_id.tolist(), tracks.true.tolist(), tracks.probabilities, strict=True
    ):
        predicted = int(probabilities.argmax())
        yield LabelCheck(
            track_id, label, predicted, float(probabilities[predicted]), float(probabilities[label])
        )
