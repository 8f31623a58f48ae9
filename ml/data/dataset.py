"""The labelled clips that are learnt from, and how a division of their tracks divides them. It imports no Keras."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ml.data.crops import Example
from ml.splits.folds import SplitIndices, grouped_folds, random_split


@dataclass(frozen=True)
class Dataset:
    """Clips to learn from, whose `label` is a position in `labels`, and the group of each track."""

    examples: tuple[Example, ...]
    labels: tuple[str, ...]
    group_of: Mapping[int, str]
    spectrogram_config: dict[str, Any]

    @cached_property
    def tracks(self) -> dict[int, int]:
        """The label of each track, by its id."""
        return {example.track_id: example.label for example in self.examples}

    def grouped_folds(self, folds: int, seed: int) -> Iterator[SplitIndices]:
        """Divisions of the tracks by group; raises ml.splits.requirements.TrainingRefused where a label has too few
        groups.
        """
        label = np.array(list(self.tracks.values()))
        yield from grouped_folds(label, [self.group_of[track] for track in self.tracks], folds, seed)

    def random_split(self, seed: int) -> SplitIndices:
        """A division of the tracks at random."""
        return random_split(np.array(list(self.tracks.values())), seed)

    def split(self, division: SplitIndices) -> "SplitExamples":
        """The clips on each side of a division."""
        track_ids = np.array(list(self.tracks))
        return SplitExamples(
            *(
                self._clips_of(set(track_ids[rows].tolist()))
                for rows in (division.train, division.validation, division.holdout)
            )
        )

    def without(self, label: int) -> "Dataset":
        """The crate as if it had never had this label."""
        kept = [
            replace(example, label=example.label - (example.label > label))
            for example in self.examples
            if example.label != label
        ]
        names = tuple(name for place, name in enumerate(self.labels) if place != label)
        return replace(self, examples=tuple(kept), labels=names)

    def only(self, label: int) -> tuple[Example, ...]:
        """The clips of one label, under label 0: what a model knows nothing of has no place among its labels."""
        return tuple(replace(example, label=0) for example in self.examples if example.label == label)

    def _clips_of(self, track_ids: set[int]) -> tuple[Example, ...]:
        return tuple(example for example in self.examples if example.track_id in track_ids)


@dataclass(frozen=True, slots=True)
class SplitExamples:
    """The clips that are learnt from, that tune a model, and that test it."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    holdout: tuple[Example, ...]
