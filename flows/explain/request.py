"""The track or file to explain: found, and checked before the model is loaded. This module does not import Keras."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from common.errors import LabelscopeError
from common.files import sha256_if_readable
from config.labels import read_labels
from config.settings import Settings
from db import read
from db.read.clips import SpectrogramFile, TrackFeatures
from db.read.learning import Champion
from flows.checks.files import require_sound, shortest_s
from flows.scoring.named_tracks import NamedTrack, file_called, name_of, track_called


class ExplanationError(LabelscopeError):
    """A track cannot be explained. The message has the reason and the cure."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to explain: a stored track with its spectrogram files, or a file."""

    name: str
    label: str | None  # that the track is filed under
    learnt: bool  # the model was trained on it
    remark: str | None  # which track was taken for an inexact name, or that the file is a track
    track_id: int | None = None
    artists: str | None = None
    title: str | None = None
    spectrograms: Sequence[SpectrogramFile] = ()
    features: TrackFeatures | None = None
    path: Path | None = None


def find(connection: Connection, settings: Settings, champion: Champion, name_or_file: str) -> Request:
    """The file of this path, or else the track of this name or id; a file that is a track counts as the track.

    Raises TrackNameError where there is neither, UnusableFileError for a file that cannot be scored, and
    ExplanationError for a track without usable audio.
    """
    path = file_called(name_or_file)
    if path is None:
        track, remark = track_called(connection, name_or_file)
        return _stored(connection, settings, champion, track, remark)
    sha256 = sha256_if_readable(path)
    if sha256 and (same_track := read.tracks.names.track_of_file(connection, sha256)):
        remark = f"{path.name} is in the database as {name_of(same_track)}."
        return _stored(connection, settings, champion, same_track, remark)
    require_sound(path, shortest_s(connection))
    learnt = bool(sha256 and read.learning.files_learnt(connection, [sha256]))
    return Request(path.name, label=None, learnt=learnt, remark=None, path=path)


def _stored(
    connection: Connection, settings: Settings, champion: Champion, track: NamedTrack, remark: str | None
) -> Request:
    allowed = read_labels(settings.labels).training.allow
    rows = read.clips.spectrograms_of(connection, [track.track_id], champion.config_id, allowed)
    if not rows:
        raise ExplanationError(
            f"{name_of(track)} has no clip that can be scored: run `labelscope run`;"
            " `labelscope status` lists what could not be used."
        )
    of_track = read.tracks.predictions.label_of(connection, track.track_id)
    assert of_track is not None  # it was found in the same transaction
    return Request(
        name_of(track),
        of_track.label,
        of_track.learnt,
        remark,
        track.track_id,
        track.artists,
        track.title,
        sorted(rows, key=lambda row: row.offset_s),
        read.clips.features_of_track(connection, track.track_id),
    )
