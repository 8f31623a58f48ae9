"""What the readers of M3U, Rekordbox XML and Traktor NML return."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

LARGEST_BYTES: Final = 1 << 29
"""Of a library file, 512 MiB: ten times one of 100 000 tracks."""


class TrackEntry(NamedTuple):
    """One entry of a playlist. `location` is as written in the file; empty where the file gives none."""

    location: str
    title: str = ""
    artist: str = ""


@dataclass(frozen=True, slots=True)
class StoredPlaylist:
    """A playlist in a library file. `path`: the names of its folders and its own; `keys` of the collection's tracks."""

    path: tuple[str, ...]
    keys: list[str] = field(default_factory=list)
    smart: bool = False  # a search, whose result the file does not hold


@dataclass(frozen=True, slots=True)
class DjLibrary:
    """The content of one library file. `tracks` are in the order of the file, by the key that playlists use."""

    tracks: dict[str, TrackEntry]
    playlists: list[StoredPlaylist] = field(default_factory=list)
