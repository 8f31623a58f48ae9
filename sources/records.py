"""The records that every source yields: labels, playlists, tracks and their audio.

All text can be stored in PostgreSQL: it is valid UTF-8 without NUL. `raw` and `payload` are plain JSON.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

# In a playlist of a service: ten times what Spotify allows. A longer one is taken for endless.
MAX_ENTRIES = 100_000

KnownHashes = Mapping[tuple[str, int, int], str]
"""(uri, bytes, modified_ns) of a file -> its sha256. With it only new and changed files are hashed."""


@dataclass(frozen=True, slots=True)
class Label:
    """A record label: the class that a model learns. `synthetic`: the label and its music are made up."""

    slug: str  # unique: lower-case words joined by hyphens
    name: str
    description: str = ""
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist in one provider's catalogue, identified by (provider, external_id)."""

    provider: str
    external_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Track:
    """A recording in one provider's catalogue, identified by (provider, external_id). None: not known."""

    provider: str
    external_id: str
    title: str
    artists: tuple[Artist, ...]  # in order of credit, without repeats; empty where not known
    album: str | None
    isrc: str | None  # 12 characters, no hyphens
    duration_s: float | None  # of the whole recording, in seconds
    release_date: str | None  # "2021", "2021-03" or "2021-03-04"
    raw: dict[str, Any]  # the provider's own record


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A whole file of audio that can be read now."""

    provider: str
    uri: str
    sha256: str  # of the content, hex
    bytes: int
    modified_ns: int  # since 1970
    duration_s: float  # of the content, as `sound.probe` finds it
    licence: str | None  # in the words of the file or the provider


@dataclass(frozen=True, slots=True)
class AudioClip:
    """`duration_s` seconds of a file, from `offset_s` on."""

    file: AudioFile
    offset_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Reference:
    """A playlist to be read, and the label of its tracks."""

    provider: str
    external_id: str
    label: Label


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist whose tracks get a label. Its content is unchanged while `snapshot_id` is equal."""

    provider: str
    external_id: str
    name: str
    label: Label
    snapshot_id: str
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def reference(self) -> Reference:
        """The reference to this playlist."""
        return Reference(self.provider, self.external_id, self.label)


@dataclass(frozen=True, slots=True)
class Entry:
    """One track of a playlist, with its audio where the source has audio."""

    track: Track
    clips: tuple[AudioClip, ...]
    added_at: datetime | None = None  # when the track was added to the playlist


@dataclass(frozen=True, slots=True)
class Rejection:
    """One record of a playlist that cannot be used. The rest of the playlist is read."""

    reference: str  # to the record: a uri or an external id
    reason: str  # snake_case code
    detail: str  # one sentence: what is wrong, and the cure
    payload: dict[str, Any]  # the record itself


class Source(Protocol):
    """A service or folder with playlists."""

    @property
    def provider(self) -> str:
        """The name that is stored with everything from this source: "folder", "synth", …"""
        ...

    def fetch_playlist(self, reference: Reference) -> Playlist:
        """The playlist in its current state. Costs one request, or one stat a file. Raises SourceError."""
        ...

    def entries(self, playlist: Playlist, known_hashes: KnownHashes) -> Iterator[Entry | Rejection]:
        """Yield the playlist's records in order. A bad record is a Rejection, never an exception.

        Raises SourceError where the rest cannot be read. The records before it are then not the whole playlist.
        """
        ...


def path_of(uri: str) -> Path:
    """The path of a `file:` uri: the inverse of `Path.as_uri`, for every possible file name.

    Raises ValueError for any other uri.
    """
    if not uri.startswith("file:///"):
        raise ValueError(f"{uri!r} is not the uri of a local file; expected file:///…")
    return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))))
