"""Find the tracks that sound most like a track or a file. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from common.files import sha256_if_readable
from config.settings import Settings
from db import read
from db.read.embeddings import SimilarTrack
from db.roles import READER
from db.write.embeddings import as_vector
from flows.checks.neighbours import NeighbourError, require_neighbours
from flows.home.environment import open_database
from flows.scoring.choice import Filters, filtered, keys_of
from flows.scoring.named_tracks import NamedTrack, file_called, name_of, track_called

WITHOUT_EMBEDDING: Final = (
    "The model in use has no embedding of {}, or of no other track: run `labelscope predict`; `labelscope status` lists"
    " what could not be used."
)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest tracks, nearest first."""

    of: str  # the name of the track or file
    rows: Sequence[SimilarTrack]
    remark: str | None = None  # which track was taken for an inexact name, or that the file is a track
    is_guess: bool = False  # the remark is about an inexact name


@dataclass(frozen=True, slots=True)
class Wishes:
    """Which neighbours are wanted; what is None wants all."""

    tempo_bpm: tuple[float, float] | None = None
    key: str | None = None  # in Camelot's notation, or "compatible" with the seeds
    per_artist: int | None = None
    without: frozenset[Path] = frozenset()  # files


def similar_to_all(settings: Settings, names: Sequence[str], number: int, wishes: Wishes) -> Neighbours:
    """The `number` tracks nearest to the mean of several, of those that fit the wishes. Seeds are not among them.

    `names`: names, ids, or files that are tracks of the database. The cost grows with the neighbours that do not fit.

    Raises TrackNameError, ChoiceError and NeighbourError.
    """
    with open_database(settings, READER) as engine, engine.connect() as connection:
        require_neighbours(connection)
        called = [_seed(connection, name) for name in names]
        seeds = [track.track_id for track, _ in called]
        mean = read.exports.mean_embedding(connection, seeds)
        if mean is None:
            raise NeighbourError(
                WITHOUT_EMBEDDING.format(" and ".join(name_of(track) for track, _ in called))
            )
        keys = keys_of(wishes.key, filtered(connection, seeds, Filters(), len(seeds))) if wishes.key else None
        filters = Filters(wishes.tempo_bpm, keys, wishes.per_artist, wishes.without)
        fitting = filtered(
            connection, read.exports.nearest_track_ids(connection, mean, seeds), filters, number
        )
        rows = read.embeddings.described(connection, [row.track_id for row in fitting], mean)
    remarks = [remark for _, remark in called if remark]
    return Neighbours(
        " and ".join(name_of(track) for track, _ in called), rows, " ".join(remarks) or None, bool(remarks)
    )


def _seed(connection: Connection, name: str) -> tuple[NamedTrack, str | None]:
    """The track of this name, id or file, and a remark on an inexact name."""
    path = file_called(name)
    if path is None:
        return track_called(connection, name)
    sha256 = sha256_if_readable(path)
    track = read.tracks.names.track_of_file(connection, sha256) if sha256 else None
    if track is None:
        raise NeighbourError(
            f"{path} is no track of this home: search by it alone, without other tracks or wishes."
        )
    return track, None


def similar(settings: Settings, name_or_file: str, number: int) -> Neighbours:
    """The `number` nearest tracks to the file of this path, or else to the track of this name or id.

    Raises TrackNameError where there is neither; NeighbourError where there is no embedding to compare with, or the
    file is unusable; NoModelError where no model is in use; and ModelFileError for a damaged model file.
    """
    path = file_called(name_or_file)
    sha256 = sha256_if_readable(path) if path else None
    with open_database(settings, READER) as engine:
        with engine.connect() as connection:
            require_neighbours(connection)
            if path is None:
                track, remark = track_called(connection, name_or_file)
                neighbours = _like_track(connection, track, remark, number)
                return replace(neighbours, is_guess=remark is not None)
            # The file may be one of the tracks, and would be its own nearest neighbour.
            same_track = read.tracks.names.track_of_file(connection, sha256) if sha256 else None
            if same_track is not None:
                remark = f"{path.name} is in the database as {name_of(same_track)}."
                return _like_track(connection, same_track, remark, number)
            _require_sound(connection, path)
        # This takes some seconds, so no transaction is open meanwhile.
        embedding = as_vector(_embedding_of(settings, path))
        with engine.connect() as connection:
            return Neighbours(path.name, read.embeddings.similar_to(connection, embedding, number))


def _require_sound(connection: Connection, path: Path) -> None:
    # Imported here, since it needs an audio decoder and the search by name does not.
    from flows.checks.files import UnusableFileError, require_sound, shortest_s

    try:
        require_sound(path, shortest_s(connection))
    except UnusableFileError as problem:
        raise NeighbourError(str(problem)) from problem


def _embedding_of(settings: Settings, path: Path) -> Sequence[float]:
    # Imported here, since it needs Keras and the search by name does not.
    from flows.checks.files import UnusableFileError
    from flows.scoring.files import embedding_of_file

    try:
        return embedding_of_file(settings, path)
    except UnusableFileError as problem:
        raise NeighbourError(str(problem)) from problem


def _like_track(connection: Connection, track: NamedTrack, remark: str | None, number: int) -> Neighbours:
    rows = read.embeddings.similar_tracks(connection, track.track_id, number)
    if not rows:
        raise NeighbourError(WITHOUT_EMBEDDING.format(name_of(track)))
    return Neighbours(name_of(track), rows, remark)
