"""The training set: rows of usable clips, their labels and splits, and a fingerprint of all of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from db import read
from db.read.clips import UsableClip
from db.read.learning import LabelName, TrainedLabel
from db.write.learning import TrainedTrackRow
from ml.data.crops import Example, fingerprint
from ml.data.dataset import Dataset
from ml.evaluation.calibration import calibration_remark
from ml.features.spectrogram import SpectrogramConfig
from ml.splits.requirements import TrainingRefused, require_two_testable_labels, untested_labels

SPLITS = ("train", "validation", "holdout")


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """All tracks that may be used for training, each with its assigned split."""

    labels: tuple[LabelName, ...]  # in the order of the network's outputs
    clips: tuple[UsableClip, ...]  # of these labels only
    fingerprint: str
    remarks: tuple[str, ...]  # sentences: what is left out and why, and how that limits the model
    refusal: str | None  # why no training is possible

    def examples(self, folder: Path, split: str | None = None) -> list[Example]:
        """The clips of one split, or of all; their spectrograms are below `folder`."""
        position = {label.id: index for index, label in enumerate(self.labels)}
        return [
            Example(clip.track_id, clip.clip_id, position[clip.label_id], folder / clip.path, clip.frames)
            for clip in self.clips
            if split is None or clip.split == split
        ]

    @property
    def slugs(self) -> list[str]:
        """Slugs of the labels, in the order of the network's outputs."""
        return [label.slug for label in self.labels]

    @property
    def label_rows(self) -> list[TrainedLabel]:
        """Ids and slugs of the labels, as the rows of trainings and evaluations store them."""
        return [{"id": label.id, "slug": label.slug} for label in self.labels]

    @property
    def group_of(self) -> dict[int, str]:
        """The group of each track id."""
        return {clip.track_id: clip.group_key for clip in self.clips}

    def dataset(self, folder: Path, config: SpectrogramConfig) -> Dataset:
        """All clips of all splits, for a cross-validation with splits of its own."""
        return Dataset(tuple(self.examples(folder)), tuple(self.slugs), self.group_of, config.to_dict())

    @property
    def origins(self) -> list[str]:
        """The origins of the audio of these clips, and of the playlists that give their labels."""
        return sorted({origin for clip in self.clips for origin in clip.origins})

    def track_rows(self) -> list[TrainedTrackRow]:
        """Rows for the table training_run_tracks."""
        return [
            {
                "track_id": clip.track_id,
                "label_id": clip.label_id,
                "split": clip.split,
                "group_key": clip.group_key,
                "scheme": clip.scheme,
            }
            for clip in _first_of_each_track(self.clips)
        ]


def read_training_set(
    connection: Connection, config_id: int, config: SpectrogramConfig, allowed: Sequence[str]
) -> TrainingSet:
    """The training set of now, or one with a refusal. Takes one query and one pass over all usable clips.

    `allowed` are the origins that may be used for training. Labels without a held-out track are left out, since their
    accuracy could not be measured.
    """
    clips = read.clips.usable_clips(connection, config_id, allowed)
    labels = read.learning.labels(connection)
    name_of = {label.id: label.name for label in labels}
    untested, refusal = _testability(clips, name_of)
    clips = [clip for clip in clips if name_of[clip.label_id] not in untested]
    remarks = list(untested.values())
    if refusal is None:
        validation_tracks = sum(clip.split == "validation" for clip in _first_of_each_track(clips))
        remarks += [remark for remark in [calibration_remark(validation_tracks)] if remark]
    label_ids = {clip.label_id for clip in clips}
    rows = ((clip.sha256, str(clip.label_id), clip.split, clip.group_key) for clip in clips)
    return TrainingSet(
        labels=tuple(label for label in labels if label.id in label_ids),
        clips=tuple(clips),
        fingerprint=fingerprint(rows, config.fingerprint()),
        remarks=tuple(remarks),
        refusal=refusal,
    )


def _testability(clips: Sequence[UsableClip], name_of: dict[int, str]) -> tuple[dict[str, str], str | None]:
    """Labels without a held-out track, each with a sentence; and why no training is possible, or None."""
    tracks = [(name_of[clip.label_id], clip.split, clip.group_key) for clip in _first_of_each_track(clips)]
    try:
        require_two_testable_labels(tracks)
    except TrainingRefused as refusal:
        return {}, str(refusal)
    return untested_labels(tracks), None


def _first_of_each_track(clips: Sequence[UsableClip]) -> Iterable[UsableClip]:
    """One clip of each track, the first one in the order of `clips`."""
    return {clip.track_id: clip for clip in reversed(clips)}.values()


def held_back(connection: Connection, config_id: int, allowed: Sequence[str]) -> str | None:
    """A sentence on clips that only training.allow keeps out of the training; None if there are none."""
    rows = read.clips.held_back(connection, config_id, allowed)
    if not rows:
        return None
    origins = {row.audio for row in rows} | {name for row in rows for name in row.playlists.split(", ")}
    missing = sorted(origins - set(allowed))
    parts = ", ".join(
        f"{row.clips} with audio from {row.audio} in playlists of {row.playlists}" for row in rows
    )
    clips = sum(row.clips for row in rows)
    return (
        f"{clips} clips are held back from training ({parts}): training.allow in labels.toml does not list"
        f" {' or '.join(missing)}; read the terms there before you add it."
    )
