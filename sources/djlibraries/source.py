"""Playlists of DJ programs as a source."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from common.files import FileState, file_state
from sound.errors import AudioError
from sources.djlibraries.locations import Locations
from sources.djlibraries.m3u import read_m3u
from sources.djlibraries.names import choose
from sources.djlibraries.records import DjLibrary, TrackEntry
from sources.djlibraries.rekordbox import read_rekordbox
from sources.djlibraries.traktor import path_from_key, read_traktor
from sources.errors import ChangedWhileReading, Unavailable, UnusableError
from sources.files.entries import read_entry
from sources.files.listing import Listed, list_file
from sources.metadata.tags import clean_text
from sources.records import Entry, KnownHashes, Playlist, Reference, Rejection, path_of

KINDS: Final = ("m3u", "rekordbox", "traktor")
UNLISTED: Final = UnusableError("unlisted", "is not in the file's collection", "export the whole collection")


class LocalFile(NamedTuple):
    """One entry of a playlist: its track as the library has it, and its file, or why there is none."""

    track: TrackEntry
    file: Listed | None
    problem: UnusableError | None


@dataclass(frozen=True, slots=True)
class DjLibrarySource:
    """Playlists in files of M3U, Rekordbox and Traktor; a playlist's external id is `m3u:file:///…`, and so on.

    The audio is the user's own, and identified as in a folder: the same file in a crate and in a playlist is one
    track, of the provider "folder". `mapping`: the section [paths] of labels.toml. A parsed file is kept until it
    changes, as many labels may have playlists in it.
    """

    mapping: Mapping[str, Path] = field(default_factory=dict)
    windows: int = 3
    provider: str = "folder"
    _parsed: dict[str, tuple[FileState | None, DjLibrary]] = field(default_factory=dict)

    def fetch_playlist(self, reference: Reference) -> Playlist:
        """The playlist as it is now. Parses its file once, and costs one stat for each entry. Raises SourceError."""
        files = self.local_files(reference.external_id)
        if files and all(entry.file is None for entry in files):
            # A disk that is not mounted looks like this, so the tracks of the last reading stay.
            _, path, _ = parse_id(reference.external_id)
            problem = next(entry.problem for entry in files if entry.problem)
            first = f"{clean_text(files[0].track.location)} {problem.fault}; {problem.cure}"
            raise Unavailable(
                f"None of the {len(files)} tracks in {clean_text(path)} has a file here: {first}.", "gone"
            )
        return Playlist(
            provider=self.provider,
            external_id=reference.external_id,
            name=reference.label.name,
            label=reference.label,
            snapshot_id=_snapshot(files, f"windows={self.windows}"),
            raw={"playlist": clean_text(reference.external_id), "entries": len(files)},
        )

    def entries(self, playlist: Playlist, known_hashes: KnownHashes) -> Iterator[Entry | Rejection]:
        """Yield each entry once, in the order of the playlist.

        Reasons for rejection: streamed, no_file, playlist, not_mapped, missing, unlisted, and those of a folder.
        """
        files = self.local_files(playlist.external_id)
        if _snapshot(files, f"windows={self.windows}") != playlist.snapshot_id:
            raise ChangedWhileReading(f"{playlist.name} changed while it was read; run again.")
        seen: set[str] = set()  # locations and contents: a track twice in a playlist is one member
        for track, file, problem in files:
            shown = (
                clean_text(track.location)
                or clean_text(f"{track.artist} - {track.title}".strip(" -"))
                or "An entry"
            )
            payload = _payload(track, file)
            key = file.path if file else shown
            if key in seen:
                continue
            seen.add(key)
            try:
                if problem or file is None:
                    raise problem or UNLISTED
                entry = read_entry(file, payload, known_hashes, self.provider, self.windows)
            except (UnusableError, AudioError) as error:
                yield Rejection(shown, error.reason, error.sentence(shown), payload)
                continue
            if entry.track.external_id not in seen:
                seen.add(entry.track.external_id)
                yield entry

    def local_files(self, external_id: str) -> list[LocalFile]:
        """The files of a playlist, in its order, repeats included. Raises SourceError."""
        kind, path, name = parse_id(external_id)
        locations = Locations(path.parent, self.mapping)
        library = self._library(kind, path, locations)
        tracks: list[TrackEntry | None]
        if name is None:
            tracks = list(library.tracks.values())
        else:
            tracks = [_track(library, kind, key) for key in choose(library, name, clean_text(path)).keys]
        found: dict[TrackEntry | None, LocalFile] = {None: LocalFile(TrackEntry(""), None, UNLISTED)}
        for track in tracks:
            if track is not None and track not in found:
                found[track] = LocalFile(track, *_find(locations, track.location))
        return [found[track] for track in tracks]

    def _library(self, kind: str, path: Path, locations: Locations) -> DjLibrary:
        if kind == "m3u":
            return read_m3u(path, locations.exists)
        state = file_state(path)
        if (kept := self._parsed.get(f"{kind}:{path}")) and state is not None and kept[0] == state:
            return kept[1]
        library = (read_rekordbox if kind == "rekordbox" else read_traktor)(path)
        self._parsed[f"{kind}:{path}"] = state, library
        return library


def is_dj_library(external_id: str) -> bool:
    """Whether an external id is that of a playlist of this source; else it is a folder's."""
    return external_id.partition(":")[0] in KINDS


def parse_id(external_id: str) -> tuple[str, Path, str | None]:
    """(kind, path of the library file, playlist); the playlist is None for the whole collection."""
    kind, _, uri = external_id.partition(":")
    address, mark, playlist = uri.partition("#")
    return kind, path_of(address), unquote(playlist) if mark else None


def _track(library: DjLibrary, kind: str, key: str) -> TrackEntry | None:
    """The track of a playlist's entry. Traktor's key is a path, so it needs no entry in the collection."""
    track = library.tracks.get(key)
    return TrackEntry(path_from_key(key)) if track is None and kind == "traktor" else track


def _find(locations: Locations, location: str) -> tuple[Listed | None, UnusableError | None]:
    try:
        path = locations.find(location)
    except UnusableError as problem:
        return None, problem
    listed = list_file(path)
    if listed.problem and os.path.isdir(path):  # noqa: PTH112 (quick for many)
        return None, UnusableError("not_a_file", "is a folder", "list its files instead")
    return listed, None


def _payload(track: TrackEntry, file: Listed | None) -> dict[str, Any]:
    payload = {"location": track.location, "listed_title": track.title, "listed_artist": track.artist}
    cleaned: dict[str, Any] = {key: clean_text(value) for key, value in payload.items() if value}
    if file is not None:
        cleaned |= {"path": clean_text(file.path), "bytes": file.size, "modified_ns": file.modified_ns}
    return cleaned


def _snapshot(files: list[LocalFile], header: str) -> str:
    """A sha256 (hex) of the entries, and of their files' sizes and times."""
    digest = hashlib.sha256(header.encode())
    for track, file, problem in files:
        state = (
            (file.path, file.size, file.modified_ns, file.changed_ns, file.problem and file.problem.reason)
            if file
            else (problem and problem.reason,)
        )
        digest.update(repr((*track, state)).encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()
