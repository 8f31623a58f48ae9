"""What the splits must hold before a training: two labels with tracks to learn from and tracks to test on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from common.errors import LabelscopeError

NEEDED: Final = frozenset({"train", "holdout"})


class TrainingRefused(LabelscopeError):  # noqa: N818  (an outcome that is reported, rather than a bug)
    """The dataset cannot be split so that a result would mean anything; the message says what to add."""


def untested_labels(tracks: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Labels without training tracks or without holdout tracks, each with a sentence that has the reason and the cure.

    `tracks` are (label, split, group) of each track that may be used for training.
    """
    splits, groups = _by_label(tracks)
    return {
        label: f"Label '{label}' is left out of the training, since none of its {len(groups[label])} group(s) of"
        f" artists or albums could be {_missing_use(splits[label])}: add tracks of other artists or albums."
        for label in sorted(splits)
        if not splits[label] >= NEEDED
    }


def require_two_testable_labels(tracks: Iterable[tuple[str, str, str]]) -> None:
    """Raise TrainingRefused where fewer than two labels have both training and holdout tracks.

    `tracks` are (label, split, group) of each track that may be used for training.
    """
    splits, _ = _by_label(tracks)
    testable = sum(of_label >= NEEDED for of_label in splits.values())
    if testable < 2:
        labels = "label has" if len(splits) == 1 else "labels has" if testable == 1 else "labels have"
        state = f"{testable} of {len(splits)} {labels} them" if splits else "there is no label yet"
        raise TrainingRefused(
            f"Training needs two labels with two separate artists or albums each, and {state}:"
            " add playlists or tracks, then retrain."
        )


def _by_label(
    tracks: Iterable[tuple[str, str, str]],
) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
    """The splits and the groups of each label."""
    splits: dict[str, set[str]] = defaultdict(set)
    groups: dict[str, set[str]] = defaultdict(set)
    for label, split, group in tracks:
        splits[label].add(split)
        groups[label].add(group)
    return splits, groups


def _missing_use(splits: set[str]) -> str:
    return "held out to test it" if "holdout" not in splits else "used to learn from"
