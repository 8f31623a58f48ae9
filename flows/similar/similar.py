"""Find the tracks that sound most like a track or a file. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import Connection

from common.errors import LabelscopeError
from common.files import sha256_if_readable
from config.settings import Settings
from db import read
from db.read.embeddings import SimilarTrack, TrackOfFile
from db.read.track_names import TrackMatch
from db.roles import READER
from db.write.embeddings import as_vector
from flows.checks.no_champion import NoModelError
from flows.home.environment import open_database
from sources.files.names import has_audio_ending

OLDEST: Final = "0.8"  # pgvector with iterative scans, which go on where a filter leaves too few rows
NAMED: Final = 4  # other tracks in a remark
MOST_CANDIDATES: Final = 50

NamedTrack: TypeAlias = TrackMatch | TrackOfFile


class NeighbourError(LabelscopeError):
    """The search for similar tracks is not possible. The message has the reason and the cure."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest tracks, nearest first."""

    of: str  # the name of the track or file
    rows: Sequence[SimilarTrack]
    remark: str | None = None  # which track was taken for an inexact name, or that the file is a track
    is_guess: bool = False  # the remark is about an inexact name


def similar(settings: Settings, name_or_file: str, number: int) -> Neighbours:
    """The `number` nearest tracks to the file of this path, or else to the track of this name.

    Raises NeighbourError where there is neither, or no embedding to compare with; NoModelError where no model is in
    use; and ModelFileError for a damaged model file.
    """
    path = _file_called(name_or_file)
    sha256 = sha256_if_readable(path) if path else None
    with open_database(settings, READER) as engine:
        with engine.connect() as connection:
            require_neighbours(connection)
            if path is None:
                # A path may have bytes that are not UTF-8.
                name = name_or_file.encode("utf-8", "backslashreplace").decode()
                track, remark = _track_called(connection, name)
                neighbours = _like_track(connection, track, remark, number)
                return replace(neighbours, is_guess=remark is not None)
            # The file may be one of the tracks, and would be its own nearest neighbour.
            same_track = read.embeddings.track_of_file(connection, sha256) if sha256 else None
            if same_track is not None:
                remark = f"{path.name} is in the database as {_named(same_track)}."
                return _like_track(connection, same_track, remark, number)
            _require_sound(connection, path)
        # This takes some seconds, so no transaction is open meanwhile.
        embedding = as_vector(_embedding_of(settings, path))
        with engine.connect() as connection:
            return Neighbours(path.name, read.embeddings.similar_to(connection, embedding, number))


def _file_called(text: str) -> Path | None:
    try:
        path = Path(text).expanduser()
        return path if path.is_file() else None
    # Names of tracks such as "~scape - Mint", too long for a file, or with a zero byte.
    except (OSError, RuntimeError, ValueError):
        return None


def require_neighbours(connection: Connection) -> None:
    """Raises NeighbourError where there are no embeddings, and NoModelError where no model is in use."""
    if not read.embeddings.is_there(connection):
        raise NeighbourError(f"Neighbours need pgvector, {OLDEST} or newer: {_cure(connection)}.")
    champion = read.learning.champion(connection)
    if champion is None:
        raise NoModelError
    if not read.embeddings.has_embeddings(connection, champion.model_id):
        raise NeighbourError(
            f"Model {champion.model_id} has no embedding of a track yet: run `labelscope predict`."
        )


def _cure(connection: Connection) -> str:
    """The steps to usable embeddings, depending on the state of the extension."""
    then = "`labelscope db upgrade`, then `labelscope predict`"
    version = read.embeddings.installed_version(connection)
    if version is None and not read.embeddings.is_available(connection):
        return f"install it in this PostgreSQL (a package such as postgresql-18-pgvector), then run {then}"
    if version is None:
        how = "`labelscope db psql -- -c 'CREATE EXTENSION vector'`"
        return f"as a superuser run {how}, then as the owner {then}"
    if [int(number) for number in version.split(".")[:2]] < [int(number) for number in OLDEST.split(".")]:
        how = "`labelscope db psql -- -c 'ALTER EXTENSION vector UPDATE'`"
        return f"this database has {version}; install a newer one, as a superuser run {how}, then as the owner {then}"
    return f"it is installed, so run {then}"


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
        raise NeighbourError(
            f"The model in use has no embedding of {_named(track)}, or of no other track: run `labelscope predict`;"
            " `labelscope status` lists what could not be used."
        )
    return Neighbours(_named(track), rows, remark)


def _track_called(connection: Connection, name: str) -> tuple[TrackMatch, str | None]:
    """The track of this name, or the best guess with a remark. Raises NeighbourError where no track fits."""
    candidates = read.track_names.tracks_called(connection, name, MOST_CANDIDATES)
    if not candidates:
        raise NeighbourError(
            f"There is neither a file nor a track named {name!r}, nor a track with any of these words in its name."
        )
    first = candidates[0]
    if first.exact:
        fitting = [track for track in candidates if track.exact]
    elif first.words == first.wanted:
        fitting = [track for track in candidates if track.words == track.wanted]
    else:
        raise _no_track(name, candidates)
    if len(fitting) > 1:
        return first, _ambiguous(name, fitting)
    return first, None if first.exact else f"No track is named exactly {name!r}; taken for {_named(first)}."


def _no_track(name: str, candidates: Sequence[TrackMatch]) -> NeighbourError:
    """The error for a name of which no track has all words."""
    if has_audio_ending(name):
        return NeighbourError(
            f"There is neither a file nor a track named {name!r}; put the file back, or give its full path."
        )
    names = "; ".join(_named(track) for track in candidates[:NAMED])
    return NeighbourError(
        f"There is neither a file nor a track named {name!r}. The closest names are: {names}."
    )


def _ambiguous(name: str, fitting: Sequence[TrackMatch]) -> str:
    """The remark where several tracks fit a name, of which the first is taken."""
    number = str(len(fitting)) if len(fitting) < MOST_CANDIDATES else f"{MOST_CANDIDATES} or more"
    others = "; ".join(_named(track) for track in fitting[1 : 1 + NAMED])
    return f"{number} tracks fit {name!r}; taken for {_named(fitting[0])}. Others: {others}."


def _named(track: NamedTrack) -> str:
    return f"{track.artists} - {track.title}" if track.artists else track.title
