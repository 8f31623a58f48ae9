"""The files of a playlist, such as of what was played lately."""

from pathlib import Path

from sources.djlibraries.locations import Locations
from sources.djlibraries.m3u import read_m3u
from sources.errors import UnusableError


def files_of(playlist: Path) -> set[Path]:
    """The local files of an M3U or M3U8 playlist of any encoding. Raises Unavailable where it cannot be read."""
    locations = Locations(playlist.absolute().parent, {})
    files: set[Path] = set()
    for entry in read_m3u(playlist, locations.exists).tracks.values():
        try:
            file = Path(locations.find(entry.location))
        except UnusableError:
            continue  # missing or streamed: no track of ours
        files |= {file, file.resolve()}
    return files
