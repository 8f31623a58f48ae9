"""The words in which every source speaks: labels, playlists, tracks and their audio.

A source (a folder, a streaming service) yields these records; what becomes of them is decided elsewhere.
All text can be stored in PostgreSQL as it stands: valid UTF-8, no NUL. `raw` and `payload` are plain JSON.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

MAX_ENTRIES = 100_000  # of a playlist of a service: ten times what Spotify allows; a longer one has no end

KnownHashes = Mapping[tuple[str, int, int], str]
"""(uri, bytes, modified_ns) of a file -> the sha256 it had: a grown folder only hashes what is new."""


@dataclass(frozen=True, slots=True)
class Label:
    """A record label: the class that is learned. `synthetic` marks one that was made up, music included."""

    slug: str  # lower-case words joined by hyphens, unique
    name: str  # as a person would write it
    description: str = ""
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist as one provider knows them; (provider, external_id) identifies."""

    provider: str
    external_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Track:
    """A recording as one provider knows it; (provider, external_id) identifies. None is "not known"."""

    provider: str
    external_id: str
    title: str
    artists: tuple[Artist, ...]  # in order of credit, each once; empty where the artist is not known
    album: str | None
    isrc: str | None  # 12 characters, no hyphens
    duration_s: float | None  # of the whole recording, in seconds
    release_date: str | None  # "2021", "2021-03" or "2021-03-04"
    raw: dict[str, Any]  # what the provider said, before any reading of it


@dataclass(frozen=True, slots=True)
class AudioClip:
    """A stretch of sound that can be read now: `duration_s` seconds of the file at `uri`, from `offset_s` on.

    `sha256` (hex), `bytes` and `modified_ns` (nanoseconds since 1970) are of the whole file.
    """

    provider: str
    uri: str
    sha256: str
    bytes: int
    modified_ns: int
    offset_s: float
    duration_s: float
    licence: str | None  # as the file or the provider words it


@dataclass(frozen=True, slots=True)
class Reference:
    """A playlist as somebody names it who wants it watched, before anything is known of it."""

    provider: str
    external_id: str
    label: Label


@dataclass(frozen=True, slots=True)
class Playlist:
    """A list of tracks that stands for a label. An equal `snapshot_id` means: nothing in it has changed."""

    provider: str
    external_id: str
    name: str
    label: Label
    snapshot_id: str
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def reference(self) -> Reference:
        """What names it."""
        return Reference(self.provider, self.external_id, self.label)


@dataclass(frozen=True, slots=True)
class Entry:
    """One track of a playlist, with its audio where the playlist itself holds any."""

    track: Track
    clips: tuple[AudioClip, ...]
    added_at: datetime | None = None  # when the provider says that it came into the playlist


@dataclass(frozen=True, slots=True)
class Rejection:
    """One record of a playlist that could not be used; the rest of the playlist goes on."""

    reference: str  # what it was: a uri, an external id
    reason: str  # short snake_case code, to count by
    detail: str  # one sentence: what is wrong, and the cure
    payload: dict[str, Any]  # the record as it came


class Source(Protocol):
    """Somewhere that labels' music comes from."""

    @property
    def provider(self) -> str:
        """Short name that marks everything from this source: "folder", "synth", …"""
        ...

    def fetch_playlist(self, reference: Reference) -> Playlist:
        """The playlist as it is now, for one request (of a folder: one stat a file). Raises SourceError."""
        ...

    def entries(self, playlist: Playlist, known: KnownHashes) -> Iterator[Entry | Rejection]:
        """The playlist's records one by one, in order. A bad record is a Rejection, never an exception.

        Raises SourceError where the rest is not to be had: what was yielded before is then no whole playlist.
        """
        ...


def path_of(uri: str) -> Path:
    """The local file behind a `file:` uri: the inverse of `Path.as_uri`, for every name that a file can have.

    Raises ValueError for any other uri.
    """
    if not uri.startswith("file:///"):
        raise ValueError(f"{uri!r} is not the uri of a local file; expected file:///…")
    return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))))
