"""Ways to split the tracks of a dataset for an evaluation: by groups, or at random without regard to groups."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.splits.requirements import TrainingRefused

ATTEMPTS = 100
TEST_SHARE = 0.1  # of a random split, as in the notebook: 143 of 1 429 tracks


@dataclass(frozen=True, slots=True)
class SplitIndices:
    """Positions of tracks to learn from, to tune on and to test on. No two overlap."""

    train: NDArray[np.int64]  # (train tracks,)
    validation: NDArray[np.int64]  # (validation tracks,)
    holdout: NDArray[np.int64]  # (holdout tracks,)


def grouped_folds(
    label: NDArray[np.integer], group: Sequence[str], folds: int, seed: int
) -> Iterator[SplitIndices]:
    """Splits of tracks, label and group (tracks,): each track is tested on once, no group is ever in two parts.

    Of `folds` parts, stratified by label, one is the holdout and the next one the validation set.

    Raises TrainingRefused where a label has fewer groups than folds, since some fold could not test it; and for fewer
    than three folds, which would leave nothing to learn from.
    """
    if folds < 3:
        raise TrainingRefused(f"{folds} folds leave nothing to learn from: ask for three or more.")
    groups = np.asarray(group)
    for number in np.unique(label):
        groups_of_label = len(np.unique(groups[label == number]))
        if groups_of_label < folds:
            raise TrainingRefused(
                f"{folds} folds need {folds} groups of artists or albums in each label, and one has {groups_of_label}:"
                " ask for fewer folds or add tracks."
            )
    yield from _retry_until_complete(
        lambda attempt_seed: _stratified(label, groups, folds, attempt_seed), label, seed
    )


def _stratified(
    label: NDArray[np.integer], groups: NDArray[np.str_], folds: int, seed: int
) -> list[SplitIndices]:
    from sklearn.model_selection import StratifiedGroupKFold  # takes a second, and few runs need it

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    parts = [test for _, test in splitter.split(label, label, groups)]
    splits = []
    for number, holdout in enumerate(parts):
        validation = parts[(number + 1) % folds]
        train = np.setdiff1d(np.arange(len(label)), np.concatenate([holdout, validation]))
        splits.append(SplitIndices(train, validation, holdout))
    return splits


def _retry_until_complete(
    make_splits: Callable[[int], list[SplitIndices]], label: NDArray[np.integer], seed: int
) -> list[SplitIndices]:
    """The first splits, by `seed` or seeds that follow from it, that have training tracks of every label.

    Groups of very different sizes can be divided so that all tracks of a label are for testing or tuning.
    """
    for attempt in range(ATTEMPTS):
        splits = make_splits(seed if attempt == 0 else _seed_of_attempt(seed, attempt))
        if all(len(np.unique(label[split.train])) == len(np.unique(label)) for split in splits):
            return splits
    raise TrainingRefused(
        f"In {ATTEMPTS} attempts some label never had anything to learn from: ask for fewer folds or add tracks."
    )


def _seed_of_attempt(seed: int, attempt: int) -> int:
    return int(np.random.SeedSequence((seed, attempt)).generate_state(1)[0])


def random_split(label: NDArray[np.integer], seed: int) -> SplitIndices:
    """The notebook's protocol: a tenth of the tracks, label (tracks,), is the holdout, at random.

    Another tenth is the validation set, which the notebook did not have. Tracks of one artist or album are in all
    parts, so that the result overestimates how good the model is on new music; it only serves for comparison.
    """
    return _retry_until_complete(lambda attempt_seed: [_at_random(len(label), attempt_seed)], label, seed)[0]


def _at_random(tracks: int, seed: int) -> SplitIndices:
    from sklearn.model_selection import train_test_split

    rest, holdout = train_test_split(np.arange(tracks), test_size=TEST_SHARE, random_state=seed)
    train, validation = train_test_split(rest, test_size=len(holdout), random_state=seed)
    return SplitIndices(np.sort(train), np.sort(validation), np.sort(holdout))
