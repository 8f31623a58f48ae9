"""The user's own music files, searched for tracks of streaming services."""

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.files import has_changed, sha256_of
from sound.containers import container_of
from sound.errors import AudioError
from sound.probe import probe
from sources.errors import UnusableError
from sources.files.listing import Listed, explain, list_audio, snapshot_of
from sources.files.names import stem_of
from sources.metadata.matching import artist_keys, same_duration, title_key
from sources.metadata.tags import Tags, clean_text, completed, description_of, read_tags

ALL_TAGS_READ: Final = frozenset({"MP3", "Ogg", "FLAC"})
"""Containers in which a decoder finds no more tags, and which `probe` reads whole."""


class UnreadableMatchError(Exception):
    """A file matches but cannot be read. The message is one sentence. `again`: this may pass by itself."""

    def __init__(self, reason: str, sentence: str, again: bool) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.again = again


@dataclass(frozen=True, slots=True)
class LibraryFile:
    """A file with the recording. `sha256` (hex), `bytes` and `modified_ns` describe the whole file."""

    path: Path
    sha256: str
    bytes: int
    modified_ns: int
    duration_s: float
    licence: str | None  # in the words of its tags


@dataclass(frozen=True, slots=True)
class _Tagged:
    listed: Listed
    licence: str | None


@dataclass(slots=True)
class _Index:
    by_isrc: dict[str, list[_Tagged]]
    by_name: dict[tuple[str, str], list[_Tagged]]  # (artist, title), both folded by `matching`


class Library:
    """All audio files below `folder`, listed at the first call. Any number of threads may share one.

    The first search reads the tags of every file. Only matching files are decoded and hashed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.realpath(folder.expanduser()))
        self._lock = threading.RLock()
        self._listing: list[Listed] | None = None
        self._index: _Index | None = None

    @property
    def version(self) -> str:
        """A hash that is equal while no file is added, removed or changed. Costs one stat a file, once."""
        return snapshot_of(self.folder, self._listed(), header="library")

    def find(
        self, isrc: str | None, title: str, artists: Iterable[str], duration_s: float | None
    ) -> LibraryFile | None:
        """The file with this ISRC, else with this title, artist and length; of several the closest in length.

        None without one. Raises UnreadableMatchError where files match and none can be read.
        """
        problems: list[UnreadableMatchError] = []
        best = self._best(self._indexed().by_isrc.get(isrc or "", []), duration_s, problems)
        if best is None and duration_s is not None:
            best = self._best(self._named(title, artists), duration_s, problems)
            if best is not None and not same_duration(best[0], duration_s):
                best = None
        if best is None and problems:
            raise problems[0]
        return self._read(*best) if best else None

    def _named(self, title: str, artists: Iterable[str]) -> list[_Tagged]:
        """The files with this title and one of these artists, in the order of the paths' bytes."""
        by_name = self._indexed().by_name
        matches = (by_name.get((artist, title_key(title)), []) for artist in artist_keys(artists))
        by_path = {tagged.listed.path: tagged for files in matches for tagged in files}
        return [by_path[path] for path in sorted(by_path, key=os.fsencode)]

    def _best(
        self, candidates: list[_Tagged], duration_s: float | None, problems: list[UnreadableMatchError]
    ) -> tuple[float, _Tagged] | None:
        """(length in seconds, candidate) of the candidate closest in length, the first of several; None without one.

        Adds to `problems` for each candidate that cannot be read.
        """
        readable = []
        for tagged in candidates:
            path = Path(tagged.listed.path)
            try:
                path.stat()  # `explain` names the errors that may pass by themselves
                readable.append((probe(path).duration_s, tagged))
            except OSError as error:
                problems.append(self._problem(path, explain(error)))
            except AudioError as error:
                problems.append(self._problem(path, error))
        if duration_s is None:
            return next(iter(readable), None)
        return min(readable, key=lambda pair: abs(pair[0] - duration_s), default=None)

    def _read(self, duration_s: float, tagged: _Tagged) -> LibraryFile:
        listed, path = tagged.listed, Path(tagged.listed.path)
        try:
            with path.open("rb") as file:
                sha256 = sha256_of(file)
        except OSError as error:
            raise self._problem(path, explain(error)) from error
        if has_changed(path, listed.state):
            raise self._problem(path, UnusableError("changed", "changed while it was read", "run again"))
        return LibraryFile(path, sha256, listed.size, listed.modified_ns, duration_s, tagged.licence)

    def _problem(self, path: Path, problem: UnusableError | AudioError) -> UnreadableMatchError:
        again = problem.reason in ("changed", "vanished", "unreadable")
        sentence = problem.sentence(clean_text(os.path.relpath(path, self.folder)))
        return UnreadableMatchError(problem.reason, sentence, again)

    def _listed(self) -> list[Listed]:
        with self._lock:
            if self._listing is None:
                self._listing = list_audio(self.folder)
            return self._listing

    def _indexed(self) -> _Index:
        with self._lock:
            if self._index is None:
                self._index = _Index({}, {})
                for listed in self._listed():
                    if not listed.problem and listed.size:
                        self._add(self._index, listed)
            return self._index

    def _add(self, index: _Index, listed: Listed) -> None:
        path = Path(listed.path)
        description = description_of(_tags_of(path), stem_of(path.name))
        tagged = _Tagged(listed, description.licence)
        if description.isrc:
            index.by_isrc.setdefault(description.isrc, []).append(tagged)
        for artist in artist_keys(description.artists):
            index.by_name.setdefault((artist, title_key(description.title)), []).append(tagged)


def _tags_of(path: Path) -> Tags:
    try:
        with path.open("rb") as file:
            tags = read_tags(file)
            if tags or container_of(file.fileno()) in ALL_TAGS_READ:
                return tags
        return completed(tags, probe(path).tags)
    except (OSError, AudioError):
        return {}  # its name may still match, and then `find` reports the error
