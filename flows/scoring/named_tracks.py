"""Find the track or the audio file that somebody named. Nothing is stored."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import Connection

from common.errors import LabelscopeError
from db import read
from db.read.tracks.names import TrackMatch, TrackName
from sources.files.names import has_audio_ending

NAMED: Final = 4  # other tracks in a remark
MOST_CANDIDATES: Final = 50
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
        raise _no_track(name, candidates)
    first = candidates[0]
    if first.exact:
        fitting = [track for track in candidates if track.exact]
    elif first.words == first.wanted:
        fitting = [track for track in candidates if track.words == track.wanted]
    else:
        raise _no_track(name, candidates)
    if len(fitting) > 1:
        return first, _ambiguous(name, fitting)
    return first, None if first.exact else f"No track is named exactly {name!r}; taken for {name_of(first)}."


def name_of(track: NamedTrack) -> str:
    """The track as "artists - title"."""
    return f"{track.artists} - {track.title}" if track.artists else track.title


def _track_of_id(connection: Connection, text: str) -> TrackName | None:
    is_id = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return read.tracks.names.track_of_id(connection, int(text)) if is_id else None


def _no_track(name: str, candidates: Sequence[TrackMatch]) -> TrackNameError:
    """The error for a name of which no track has all words."""
    if has_audio_ending(name):
        return TrackNameError(
            f"There is neither a file nor a track named {name!r}; put the file back, or give its full path."
        )
    if not candidates:
        return TrackNameError(
            f"There is neither a file nor a track named {name!r}, nor a track with any of these words in its name:"
            " `labelscope tracks --search WORD` finds names."
        )
    names = "; ".join(name_of(track) for track in candidates[:NAMED])
    return TrackNameError(
        f"There is neither a file nor a track named {name!r}. The closest names are: {names}."
    )


def _ambiguous(name: str, fitting: Sequence[TrackMatch]) -> str:
    """The remark where several tracks fit a name, of which the first is taken."""
    number = str(len(fitting)) if len(fitting) < MOST_CANDIDATES else f"{MOST_CANDIDATES} or more"
    others = "; ".join(name_of(track) for track in fitting[1 : 1 + NAMED])
    return f"{number} tracks fit {name!r}; taken for {name_of(fitting[0])}. Others: {others}."
