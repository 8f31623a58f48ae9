"""The labelled clips of a training, and their split by a split of the tracks. Imports no Keras."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ml.data.crops import Example
from ml.splits.folds import SplitIndices, grouped_folds, random_split


@dataclass(frozen=True)
class Dataset:
    """Clips to learn from. Their `label` is a position in `labels`; `group_of` has the group of each track id."""

    examples: tuple[Example, ...]
    labels: tuple[str, ...]
    group_of: Mapping[int, str]
    spectrogram_config: dict[str, Any]

    @cached_property
    def tracks(self) -> dict[int, int]:
        """The label of each track, by its id."""
        return {example.track_id: example.label for example in self.examples}

    def grouped_folds(self, folds: int, seed: int) -> Iterator[SplitIndices]:
        """Splits of the tracks by group, one a fold.

        Raises ml.splits.requirements.TrainingRefused where a label has too few groups.
        """
        label = np.array(list(self.tracks.values()))
        yield from grouped_folds(label, [self.group_of[track] for track in self.tracks], folds, seed)

    def random_split(self, seed: int) -> SplitIndices:
        """A split of the tracks at random, without regard to groups."""
        return random_split(np.array(list(self.tracks.values())), seed)

    def split(self, indices: SplitIndices) -> "SplitExamples":
        """The clips of the tracks in each part of a split."""
        track_ids = np.array(list(self.tracks))
        return SplitExamples(
            *(
                self._clips_of(set(track_ids[rows].tolist()))
                for rows in (indices.train, indices.validation, indices.holdout)
            )
        )

    def without(self, label: int) -> "Dataset":
        """The dataset without the clips and the name of one label."""
        kept = [
            replace(example, label=example.label - (example.label > label))
            for example in self.examples
            if example.label != label
        ]
        names = tuple(name for position, name in enumerate(self.labels) if position != label)
        return replace(self, examples=tuple(kept), labels=names)

    def only(self, label: int) -> tuple[Example, ...]:
        """The clips of one label, numbered 0: a model that was not trained on it has no position for it."""
        return tuple(replace(example, label=0) for example in self.examples if example.label == label)

    def _clips_of(self, track_ids: set[int]) -> tuple[Example, ...]:
        return tuple(example for example in self.examples if example.track_id in track_ids)


@dataclass(frozen=True, slots=True)
class SplitExamples:
    """The clips to learn from, to tune on and to test on."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    holdout: tuple[Example, ...]
