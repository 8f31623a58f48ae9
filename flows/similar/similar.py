"""Find what sounds like a track, or like a file; nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from common.errors import LabelscopeError
from common.files import sha256_if_readable
from config.settings import Settings
from db import read
from db.roles import READER
from db.write.embeddings import as_vector
from flows.checks.no_champion import NoModelError
from flows.home.environment import open_database
from sources.files.listing import ENDINGS

OLDEST: Final = "0.8"  # pgvector that goes on searching where a filter has left too few
NAMED: Final = 4  # other tracks that a remark names


class NeighbourError(LabelscopeError):
    """Neighbours cannot be told; the message says why, and what helps."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What sounds like something: rows of track_id, artists, title, label, predicted, distance, nearest first."""

    of: str  # the name of the track or file
    rows: Sequence[Any]
    remark: str | None = None  # where the name was not exactly that of one track, or the file is one


def similar(settings: Settings, name_or_file: str, number: int) -> Neighbours:
    """The tracks that are nearest to a file of this path, or else to the track of this name.

    Raises NeighbourError where there is neither, or nothing to compare with, NoModelError where no model is in use, and
    ModelFileError for a damaged one.
    """
    path = _file_called(name_or_file)
    sha256 = sha256_if_readable(path) if path else None
    with open_database(settings, READER) as engine:
        with engine.connect() as connection:
            require_neighbours(connection)
            if path is None:
                name = name_or_file.encode("utf-8", "backslashreplace").decode()  # a path may be no text
                track, remark = _track_called(connection, name)
                return _like_track(connection, track, remark, number)
            itself = read.embeddings.track_of_file(connection, sha256) if sha256 else None
            if itself is not None:  # else it would be its own nearest neighbour
                return _like_track(connection, itself, f"{path.name} is here as {_named(itself)}.", number)
            _require_sound(connection, path)
        embedding = as_vector(_embedding_of(settings, path))  # some seconds, in which no transaction is open
        with engine.connect() as connection:
            return Neighbours(path.name, read.embeddings.similar_to(connection, embedding, number))


def _file_called(text: str) -> Path | None:
    try:
        path = Path(text).expanduser()
        return path if path.is_file() else None
    # "~scape - Mint", a name too long for a file, one with a zero byte
    except (OSError, RuntimeError, ValueError):
        return None


def require_neighbours(connection: Connection) -> None:
    """Raise NeighbourError where there are no embeddings, with what helps; NoModelError where no model is in use."""
    if not read.embeddings.is_there(connection):
        raise NeighbourError(f"Neighbours need pgvector, {OLDEST} or newer: {_what_lacks(connection)}.")
    champion = read.learning.champion(connection)
    if champion is None:
        raise NoModelError
    if not read.embeddings.has_embeddings(connection, champion.model_id):
        raise NeighbourError(
            f"Model {champion.model_id} has not heard a track for its neighbours yet: run `labelscope predict`."
        )


def _what_lacks(connection: Connection) -> str:
    """What has to be done, from where things stand."""
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
    return f"it is here, so run {then}"


def _require_sound(connection: Connection, path: Path) -> None:
    # Here, as it imports a decoder, which a track does not need.
    from flows.checks.files import UnusableFileError, require_sound, shortest_s

    try:
        require_sound(path, shortest_s(connection))
    except UnusableFileError as problem:
        raise NeighbourError(str(problem)) from problem


def _embedding_of(settings: Settings, path: Path) -> Sequence[float]:
    # Here, as it imports Keras, which a track does not need.
    from flows.checks.files import UnusableFileError
    from flows.scoring.files import embedding_of_file

    try:
        return embedding_of_file(settings, path)
    except UnusableFileError as problem:
        raise NeighbourError(str(problem)) from problem


def _like_track(connection: Connection, track: Any, remark: str | None, number: int) -> Neighbours:
    found = read.embeddings.similar_tracks(connection, track.track_id, number)
    if not found:
        raise NeighbourError(
            f"The model in use has not heard {_named(track)}, or nothing else: run `labelscope predict`;"
            " `labelscope status` says what could not be used."
        )
    return Neighbours(_named(track), found, remark)


def _track_called(connection: Connection, name: str) -> tuple[Any, str | None]:
    """The track that is meant, and a remark where that is a guess."""
    candidates = read.track_names.tracks_called(connection, name, 50)
    if not candidates:
        raise NeighbourError(
            f"There is neither a file nor a track named {name!r}, nor a track with any of these words in its name."
        )
    first = candidates[0]
    if first.exact:
        alike = [track for track in candidates if track.exact]
    elif first.words == first.wanted:
        alike = [track for track in candidates if track.words == track.wanted]
    elif name.lower().endswith(ENDINGS):
        raise NeighbourError(
            f"There is neither a file nor a track named {name!r}; put the file back, or name it in full."
        )
    else:
        names = "; ".join(_named(track) for track in candidates[:NAMED])
        raise NeighbourError(f"There is neither a file nor a track named {name!r}. Near to it are: {names}.")
    if len(alike) == 1:
        return first, None if first.exact else f"No track is named just {name!r}; taken for {_named(first)}."
    others = "; ".join(_named(track) for track in alike[1 : 1 + NAMED])
    return first, (
        f"{len(alike) if len(alike) < 50 else '50 or more'} tracks fit {name!r}; taken for {_named(first)}. Others:"
        f" {others}."
    )


def _named(track: Any) -> str:
    return f"{track.artists} - {track.title}" if track.artists else str(track.title)
