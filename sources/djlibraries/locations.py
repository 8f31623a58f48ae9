"""Locations as DJ programs write them, as files of this machine."""

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from sources.errors import UnusableError

DRIVE: Final = re.compile(r"/?(?P<path>[A-Za-z]:[\\/].*)", re.DOTALL)
FILE_URI: Final = re.compile(r"file:(?://(?P<host>[^/\\]*))?(?P<path>.*)", re.DOTALL | re.IGNORECASE)
STREAMED: Final = re.compile(
    r"(?!file:)[a-z][a-z0-9+.-]*://.*"
    r"|[/:]*(?:localhost)?(?:spotify|tidal|soundcloud|beatport|beatsource|deezer|qobuz|itunes|applemusic|amazon)[a-z-]*:.*"
    r"|/v4/catalog/tracks/.*",  # Beatport in Rekordbox
    re.DOTALL | re.IGNORECASE,
)
NESTED: Final = (".m3u", ".m3u8", ".pls", ".xspf", ".nml", ".cue")
NO_FILE: Final = UnusableError("no_file", "names no file", "leave it out of the playlist")


class Locations:
    """Finds the files of locations in one library file, whose relative paths start at `folder`.

    `mapping`: folders as the library writes them -> folders here. The longest that fits is used; those of Windows
    fit without regard to case. Listings of folders are kept, so use a new object for each reading.
    """

    def __init__(self, folder: Path, mapping: Mapping[str, Path]) -> None:
        self._folder = folder
        prefixes = [(_parts(prefix), target) for prefix, target in mapping.items()]
        self._prefixes = sorted(prefixes, key=lambda pair: -len(pair[0]))
        self._listings: dict[str, dict[str, list[str]]] = {}
        self._folders: dict[str, str | None] = {}

    def find(self, location: str) -> str:
        """The path of the file. Raises UnusableError: streamed, no_file, playlist, not_mapped, missing."""
        texts = _readings(location)
        for text in texts:
            if found := self._existing(self._local(text)):
                return found
        # The first reading is the one that the program meant.
        path = self._local(texts[0])
        if _is_windows(texts[0]) and path is None:
            folder = texts[0].replace("\\", "/").rpartition("/")[0]
            cure = f'add its folder to [paths] in labels.toml, such as "{folder}" = "~/Music"'
            raise UnusableError("not_mapped", "is a path of Windows", cure)
        cure = "put the file back, or add its folder to [paths] in labels.toml"
        raise UnusableError("missing", "is not on this machine", cure)

    def exists(self, location: str) -> bool:
        """Whether the location leads to a file."""
        try:
            return bool(self.find(location))
        except UnusableError:
            return False

    def _local(self, text: str) -> str | None:
        """The path here; None for a path of Windows that is not mapped."""
        parts = _parts(text) if self._prefixes else []
        for prefix, target in self._prefixes:
            if _fits(prefix, parts):
                return os.path.join(target, *parts[len(prefix) :])  # noqa: PTH118 (quick for many)
        if _is_windows(text):
            return None
        return os.path.normpath(os.path.join(self._folder, text))  # noqa: PTH118

    def _existing(self, path: str | None) -> str | None:
        """The path as it is on the disk: exact, or else in other case or Unicode normal form."""
        if path is None or "\0" in path:
            return None
        try:
            if os.path.lexists(path):
                return path
            folder, name = os.path.split(path)
            real = self._existing_folder(folder)
            return self._in_folder(real, name) if real is not None else None
        except (OSError, ValueError):  # ValueError: characters that no name can have
            return None

    def _existing_folder(self, folder: str) -> str | None:
        if folder not in self._folders:
            parent, name = os.path.split(folder)
            if os.path.isdir(folder):  # noqa: PTH112 (quick for many)
                self._folders[folder] = folder
            elif parent == folder:
                self._folders[folder] = None
            else:
                # Names deeper than any real path would exhaust the stack.
                real = self._existing_folder(parent) if folder.count("/") < 200 else None
                self._folders[folder] = self._in_folder(real, name) if real is not None else None
        return self._folders[folder]

    def _in_folder(self, folder: str, name: str) -> str | None:
        """The one file of that name but for case and normal form; of several the one that differs in form alone."""
        if folder not in self._listings:
            listing: dict[str, list[str]] = {}
            try:
                for child in os.listdir(folder):  # noqa: PTH208 (names alone are quicker)
                    listing.setdefault(_folded(child), []).append(child)
            except OSError:
                pass
            self._listings[folder] = listing
        names = self._listings[folder].get(_folded(name), [])
        same = [child for child in names if _composed(child) == _composed(name)]
        chosen = same[:1] or (names if len(names) == 1 else [])
        return os.path.join(folder, chosen[0]) if chosen else None  # noqa: PTH118


def _readings(location: str) -> list[str]:
    """The paths that a location may mean, the likeliest first. Raises UnusableError: streamed, no_file, playlist."""
    uri = FILE_URI.fullmatch(location)
    if uri:
        host, path = uri["host"] or "", uri["path"]
        # Rekordbox puts a service's id right behind the host: file://localhosttidal:tracks:1
        rest = host.removeprefix("localhost") + path if STREAMED.fullmatch(host + path) else path
        _refuse_streamed(rest)
        text = _unquoted(path)
        if host not in ("", "localhost"):
            text = f"//{host}{text}"
        drive = DRIVE.fullmatch(text)
        texts = [drive["path"] if drive else text]
    else:
        _refuse_streamed(location)
        texts = [location]
        if "\\" in location:
            texts.insert(0 if _is_windows(location) else 1, location.replace("\\", "/"))
        if "%" in location:
            texts += [
                os.fsdecode(unquote_to_bytes(text.encode("utf-8", "surrogateescape"))) for text in texts
            ]
    if not texts[0].strip("/\\"):
        raise NO_FILE
    if texts[0].lower().endswith(NESTED):
        raise UnusableError("playlist", "is a playlist itself", "list it in labels.toml, such as m3u:PATH")
    return texts


def _unquoted(text: str) -> str:
    return os.fsdecode(unquote_to_bytes(text.encode("utf-8", "surrogateescape"))) if "%" in text else text


def _refuse_streamed(text: str) -> None:
    if STREAMED.fullmatch(text):
        raise UnusableError("streamed", "is streamed and has no file", "buy the track, or leave it out")


def _is_windows(text: str) -> bool:
    return bool(DRIVE.fullmatch(text)) or text.startswith(("\\\\", "//"))


def _parts(text: str) -> list[str]:
    """The folders and the name of a path; for Windows its drive or "//" and server first, for others "/"."""
    if _is_windows(text):
        text = text.replace("\\", "/")
        network = text.startswith("//")
        names = [part for part in text.split("/") if part not in ("", ".")]
        return ["//", *names] if network else names
    names = [part for part in text.split("/") if part not in ("", ".")]
    return ["/", *names] if text.startswith("/") else names


def _fits(prefix: list[str], parts: list[str]) -> bool:
    if ".." in parts or not prefix or len(prefix) > len(parts):
        return False
    start = parts[: len(prefix)]
    if prefix[0] == "//" or re.fullmatch("[A-Za-z]:", prefix[0]):
        return [_folded(part) for part in start] == [_folded(part) for part in prefix]
    return [_composed(part) for part in start] == [_composed(part) for part in prefix]


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
