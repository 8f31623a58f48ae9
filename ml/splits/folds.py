"""Ways to divide the tracks of a crate for an evaluation: by groups, or at random as if groups did not matter."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.splits.requirements import TrainingRefused

ATTEMPTS = 100
TEST_SHARE = 0.1  # of a random division, as in the notebook: 143 of 1 429 tracks


@dataclass(frozen=True, slots=True)
class SplitIndices:
    """Positions of tracks: what is learnt from, what a model is tuned on, what it is tested on. No two overlap."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    holdout: NDArray[np.int64]


def grouped_folds(
    label: NDArray[np.integer], group: Sequence[str], folds: int, seed: int
) -> Iterator[SplitIndices]:
    """Divisions in which each track is tested on once, and no group is ever on two sides.

    Of `folds` parts, stratified by label, one is the holdout, the next one the validation set, the rest is learnt from.

    Raises TrainingRefused where a label has fewer groups than folds: some fold would have nothing of it to test; and
    for fewer than three folds, which would leave nothing to learn from.
    """
    if folds < 3:
        raise TrainingRefused(f"{folds} folds leave nothing to learn from: ask for three or more.")
    groups = np.asarray(group)
    for one in np.unique(label):
        number = len(np.unique(groups[label == one]))
        if number < folds:
            raise TrainingRefused(
                f"{folds} folds need {folds} groups of artists or albums in each label, and one has {number}: "
                "ask for fewer folds or add tracks."
            )
    yield from _complete(lambda again: _deal(label, groups, folds, again), label, seed)


def _deal(label: NDArray[np.integer], groups: NDArray[np.str_], folds: int, seed: int) -> list[SplitIndices]:
    from sklearn.model_selection import StratifiedGroupKFold  # takes a second, and few runs divide

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    parts = [test for _, test in splitter.split(label, label, groups)]
    divisions = []
    for number, holdout in enumerate(parts):
        validation = parts[(number + 1) % folds]
        train = np.setdiff1d(np.arange(len(label)), np.concatenate([holdout, validation]))
        divisions.append(SplitIndices(train, validation, holdout))
    return divisions


def _complete(
    deal: Callable[[int], list[SplitIndices]], label: NDArray[np.integer], seed: int
) -> list[SplitIndices]:
    """The divisions of the first deal, by this seed or ones that follow from it, that leaves something to learn of each
    label: groups of very different sizes can be dealt so that a label's few are all tested or tuned on.
    """
    for attempt in range(ATTEMPTS):
        divisions = deal(seed if attempt == 0 else _another(seed, attempt))
        if all(len(np.unique(label[one.train])) == len(np.unique(label)) for one in divisions):
            return divisions
    raise TrainingRefused(
        f"In {ATTEMPTS} deals some label never had anything to learn from: ask for fewer folds or add tracks."
    )


def _another(seed: int, attempt: int) -> int:
    return int(np.random.SeedSequence((seed, attempt)).generate_state(1)[0])


def random_split(label: NDArray[np.integer], seed: int) -> SplitIndices:
    """The notebook's protocol: a tenth of the tracks at random, whoever made them and whatever label, is the holdout.

    Another tenth is the validation set, which the notebook did without. Tracks of one artist or album stand on all
    sides, so what comes out says little about music that the model has not heard; it is there for comparison alone.
    """
    return _complete(lambda again: [_at_random(len(label), again)], label, seed)[0]


def _at_random(tracks: int, seed: int) -> SplitIndices:
    from sklearn.model_selection import train_test_split

    rest, holdout = train_test_split(np.arange(tracks), test_size=TEST_SHARE, random_state=seed)
    train, validation = train_test_split(rest, test_size=len(holdout), random_state=seed)
    return SplitIndices(np.sort(train), np.sort(validation), np.sort(holdout))
