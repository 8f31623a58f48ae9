"""From rows of usable clips to what a training needs: labels in order, examples on their sides, a fingerprint."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from db import read
from ml.data.crops import Example, fingerprint
from ml.data.dataset import Crate
from ml.evaluation.calibration import limit
from ml.features.spectrogram import Recipe
from ml.splits.assign import TrainingRefused, refuse_if_hopeless, untested_labels

SIDES = ("train", "validation", "holdout")


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """All tracks that may be learnt from, each on the side on which it was placed once and for all."""

    labels: tuple[Any, ...]  # rows with id, slug and name, in the order of the network's outputs
    clips: tuple[Any, ...]  # rows of db.read.clips.usable_clips, of these labels only
    fingerprint: str
    remarks: tuple[
        str, ...
    ]  # what is left out and why, and what the model cannot do therefore, a sentence each
    refusal: str | None  # why there can be no training

    def examples(self, folder: Path, side: str | None = None) -> list[Example]:
        """The clips of one side, or of all, their spectrograms below `folder`."""
        position = {label.id: index for index, label in enumerate(self.labels)}
        return [
            Example(clip.track_id, clip.clip_id, position[clip.label_id], folder / clip.path, clip.frames)
            for clip in self.clips
            if side is None or clip.split == side
        ]

    @property
    def label_rows(self) -> list[dict[str, Any]]:
        """Ids and slugs of the labels, as rows of trainings and evaluations hold them."""
        return [{"id": label.id, "slug": label.slug} for label in self.labels]

    @property
    def group_of(self) -> dict[int, str]:
        """The group of each track."""
        return {clip.track_id: clip.group_key for clip in self.clips}

    def crate(self, folder: Path, recipe: Recipe) -> Crate:
        """All clips, whichever side they stand on, for a cross-validation that divides them anew."""
        slugs = tuple(label.slug for label in self.labels)
        return Crate(tuple(self.examples(folder)), slugs, self.group_of, recipe.to_dict())

    @property
    def origins(self) -> list[str]:
        """Whose content these clips are, and whose playlists give their labels."""
        return sorted({origin for clip in self.clips for origin in clip.origins})

    def track_rows(self) -> list[dict[str, Any]]:
        """Rows for the table training_run_tracks."""
        names = ("track_id", "label_id", "split", "group_key", "scheme")
        return [{name: getattr(clip, name) for name in names} for clip in _first_of_each_track(self.clips)]


def read_training_set(
    connection: Connection, config_id: int, recipe: Recipe, allowed: Sequence[str]
) -> TrainingSet:
    """What could be learnt from now. Grows with the number of usable clips: one query and one pass over them.

    `allowed` are the origins that may go into a model. Labels of which nothing is held out are left out, since
    nobody could tell how well they are known.
    """
    clips = read.clips.usable_clips(connection, config_id, allowed)
    name_of = {label.id: label.name for label in read.learning.labels(connection)}
    tracks = [(name_of[clip.label_id], clip.split, clip.group_key) for clip in _first_of_each_track(clips)]
    try:
        refuse_if_hopeless(tracks)
    except TrainingRefused as refusal:
        untested: dict[str, str] = {}
        refused: str | None = str(refusal)
    else:
        untested, refused = untested_labels(tracks), None
    clips = [clip for clip in clips if name_of[clip.label_id] not in untested]
    present = {clip.label_id for clip in clips}
    limited = (
        None if refused else limit(sum(clip.split == "validation" for clip in _first_of_each_track(clips)))
    )
    rows = ((clip.sha256, str(clip.label_id), clip.split, clip.group_key) for clip in clips)
    return TrainingSet(
        labels=tuple(label for label in read.learning.labels(connection) if label.id in present),
        clips=tuple(clips),
        fingerprint=fingerprint(rows, recipe.fingerprint()),
        remarks=(*untested.values(), *([limited] if limited else [])),
        refusal=refused,
    )


def _first_of_each_track(clips: Sequence[Any]) -> Iterable[Any]:
    return {clip.track_id: clip for clip in reversed(clips)}.values()


def held_back(connection: Connection, config_id: int, allowed: Sequence[str]) -> str | None:
    """How many clips could be learnt from if their origins were allowed to, and why they are not; None if none."""
    rows = read.clips.held_back(connection, config_id, allowed)
    if not rows:
        return None
    origins = {row.audio for row in rows} | {name for row in rows for name in row.playlists.split(", ")}
    refused = sorted(origins - set(allowed))
    parts = ", ".join(
        f"{row.clips} with audio from {row.audio} in playlists of {row.playlists}" for row in rows
    )
    clips = sum(row.clips for row in rows)
    return (
        f"{clips} clips are held back from training ({parts}): training.allow in labels.toml does not list "
        f"{' or '.join(refused)}; read the terms there before you add it."
    )
