"""What the writers of playlists and timelines write."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

# In every file whose format has a place for it: a file with this mark may be replaced.
MARK: Final = "Written by Labelscope"


@dataclass(frozen=True, slots=True)
class PlaylistTrack:
    """A track with a local file; `key` is its name in Camelot's notation, such as 8A."""

    track_id: int
    artists: str | None
    title: str
    album: str | None
    path: Path
    duration_s: float | None
    tempo_bpm: float | None
    key: str | None

    @property
    def name(self) -> str:
        """The track as "artists - title"."""
        return f"{self.artists} - {self.title}" if self.artists else self.title


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a mix in seconds, with the name of its label or "unknown"."""

    start_s: float
    end_s: float
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The segments of a mix in the order of time."""

    title: str
    path: str
    segments: tuple[Segment, ...]
