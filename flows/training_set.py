"""From rows of usable clips to what a training needs: labels in order, splits, examples, a fingerprint."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from db import queries
from ml.dataset import Example, fingerprint
from ml.spectrogram import Recipe
from ml.split import Placement, TrackInfo, TrainingRefused, assign_splits, untested_labels


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """All tracks that may be learnt from, each on its side."""

    labels: tuple[Any, ...]  # rows with id, slug and name, in the order of the network's outputs
    clips: tuple[Any, ...]  # rows of db.queries.usable_clips, of these labels only
    placements: dict[int, Placement]  # by track id
    fingerprint: str
    remarks: tuple[str, ...]  # what was left out and why, a sentence each
    refusal: str | None  # why there can be no training; then there are no placements

    def examples(self, split: str, folder: Path) -> list[Example]:
        """The clips of one side, their spectrograms below `folder`."""
        position = {label.id: index for index, label in enumerate(self.labels)}
        return [
            Example(clip.track_id, clip.clip_id, position[clip.label_id], folder / clip.path, clip.frames)
            for clip in self.clips
            if self.placements[clip.track_id].split == split
        ]

    @property
    def origins(self) -> list[str]:
        """Whose content these clips are, and whose playlists give their labels."""
        return sorted({origin for clip in self.clips for origin in clip.origins})

    def track_rows(self) -> list[dict[str, Any]]:
        """Rows for the table training_run_tracks."""
        label_of = {clip.track_id: clip.label_id for clip in self.clips}
        return [
            {
                "track_id": track_id,
                "label_id": label_of[track_id],
                "split": placement.split,
                "group_key": placement.group,
                "scheme": placement.scheme,
            }
            for track_id, placement in self.placements.items()
        ]


def read_training_set(
    connection: Connection, recipe_id: int, recipe: Recipe, allowed: Sequence[str]
) -> TrainingSet:
    """What could be learnt from now. Grows with the number of usable clips: one query and one pass over them.

    `allowed` are the origins that may go into a model. Labels of which nothing could be held out are left out, since
    nobody could tell how well they are known.
    """
    clips = queries.usable_clips(connection, recipe_id, allowed)
    present = {clip.label_id for clip in clips}
    labels = [label for label in queries.labels(connection) if label.id in present]
    name_of = {label.id: label.name for label in labels}
    tracks = [
        TrackInfo(clip.track_id, name_of[clip.label_id], tuple(clip.artists), clip.album, clip.title)
        for clip in _first_of_each_track(clips)
    ]
    previous = {
        row.track_id: Placement(row.split, row.group_key, row.scheme)
        for row in queries.earlier_splits(connection)
    }
    try:
        placements = assign_splits(tracks, previous)
    except TrainingRefused as refusal:
        return TrainingSet(tuple(labels), tuple(clips), {}, _fingerprint(clips, {}, recipe), (), str(refusal))
    untested = untested_labels(tracks, placements)
    clips = [clip for clip in clips if name_of[clip.label_id] not in untested]
    kept = {clip.track_id for clip in clips}
    placements = {track_id: placement for track_id, placement in placements.items() if track_id in kept}
    return TrainingSet(
        labels=tuple(label for label in labels if label.name not in untested),
        clips=tuple(clips),
        placements=placements,
        fingerprint=_fingerprint(clips, placements, recipe),
        remarks=tuple(untested.values()),
        refusal=None,
    )


def _first_of_each_track(clips: Sequence[Any]) -> Iterable[Any]:
    return {clip.track_id: clip for clip in reversed(clips)}.values()


def _fingerprint(clips: Sequence[Any], placements: dict[int, Placement], recipe: Recipe) -> str:
    nowhere = Placement("", "", "")
    placed = ((clip, placements.get(clip.track_id, nowhere)) for clip in clips)
    rows = ((clip.sha256, str(clip.label_id), placement.split, placement.group) for clip, placement in placed)
    return fingerprint(rows, recipe.fingerprint())


def held_back(connection: Connection, recipe_id: int, allowed: Sequence[str]) -> str | None:
    """How many clips could be learnt from if their origins were allowed to, and why they are not; None if none."""
    rows = queries.held_back(connection, recipe_id, allowed)
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
