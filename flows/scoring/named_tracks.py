"""Find the track or the audio file that somebody named. Nothing is stored."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process
from sqlalchemy import Connection

from common.errors import LabelscopeError
from db import read
from db.read.tracks.names import TrackMatch, TrackName
from sources.files.names import has_audio_ending

NAMED: Final = 4  # other tracks in a remark
MOST_CANDIDATES: Final = 50
MOST_COMPARED: Final = 200_000  # names, the newest: 0.3 s
ALIKE: Final = 70.0  # of 100: rapidfuzz.fuzz.WRatio, which also finds a part of a name
MOST_DIGITS: Final = 18  # of an id: more do not fit into the database's bigint

NamedTrack: TypeAlias = TrackMatch | TrackName


class TrackNameError(LabelscopeError):
    """No track or file has the given name. The message has the closest names."""


def file_called(text: str) -> Path | None:
    """The file of this path; None where there is none."""
    try:
        path = Path(text).expanduser()
        return path if path.is_file() else None
    # Names of tracks such as "~scape - Mint", too long for a file, or with a zero byte.
    except (OSError, RuntimeError, ValueError):
        return None


def track_called(connection: Connection, given: str) -> tuple[NamedTrack, str | None]:
    """The track of this name or id, or the best guess with a remark. Raises TrackNameError where no track fits."""
    name = given.encode("utf-8", "backslashreplace").decode()  # a path may have bytes that are not UTF-8
    candidates = read.tracks.names.tracks_called(connection, name, MOST_CANDIDATES)
    if not (candidates and candidates[0].exact) and (track := _track_of_id(connection, name)):
        return track, None
    if not candidates:
        raise _no_track(name, _alike(connection, name))
    first = candidates[0]
    if first.exact:
        fitting = [track for track in candidates if track.exact]
    elif first.words == first.wanted:
        fitting = [track for track in candidates if track.words == track.wanted]
    else:
        raise _no_track(name, [name_of(track) for track in candidates[:NAMED]])
    if len(fitting) > 1:
        return first, _ambiguous(name, fitting)
    return first, None if first.exact else f"No track is named exactly {name!r}; taken for {name_of(first)}."


def name_of(track: NamedTrack) -> str:
    """The track as "artists - title"."""
    return f"{track.artists} - {track.title}" if track.artists else track.title


def _track_of_id(connection: Connection, text: str) -> TrackName | None:
    is_id = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return read.tracks.names.track_of_id(connection, int(text)) if is_id else None


def _alike(connection: Connection, name: str) -> list[str]:
    """The names that are most like a misspelt one, the most similar first; linear in the names that are compared."""
    names = read.tracks.names.newest_names(connection, MOST_COMPARED)
    found = process.extract(
        name, names, scorer=fuzz.WRatio, processor=default_process, limit=NAMED, score_cutoff=ALIKE
    )
    return [found_name for found_name, *_ in found]


def _no_track(name: str, closest: Sequence[str]) -> TrackNameError:
    """The error for a name of which no track has all words, with the names of the closest tracks."""
    if has_audio_ending(name):
        return TrackNameError(
            f"There is neither a file nor a track named {name!r}; put the file back, or give its full path."
        )
    if not closest:
        return TrackNameError(
            f"There is neither a file nor a track named {name!r}, nor a track with a name like it:"
            " `labelscope tracks --search WORD` finds names."
        )
    return TrackNameError(
        f"There is neither a file nor a track named {name!r}. The closest names are: {'; '.join(closest)}."
    )


def _ambiguous(name: str, fitting: Sequence[TrackMatch]) -> str:
    """The remark where several tracks fit a name, of which the first is taken."""
    number = str(len(fitting)) if len(fitting) < MOST_CANDIDATES else f"{MOST_CANDIDATES} or more"
    others = "; ".join(name_of(track) for track in fitting[1 : 1 + NAMED])
    return f"{number} tracks fit {name!r}; taken for {name_of(fitting[0])}. Others: {others}."
