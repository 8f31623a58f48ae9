"""Traktor's collection.nml and exported playlists: NML, versions 14 to 20."""

import re
from pathlib import Path
from typing import Final
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from sources.djlibraries.records import DjLibrary, StoredPlaylist, TrackEntry
from sources.djlibraries.xml import DEEPEST, WrongDocument, parse_xml

SEPARATOR: Final = "/:"
OF_BOOT_VOLUME: Final = frozenset(
    {"Users", "Volumes", "Library", "Applications", "private", "System", "home"}
)
"""First folders of the disk that macOS starts from, whose name, such as "Macintosh HD", is no part of a path."""


def read_traktor(path: Path) -> DjLibrary:
    """The collection and playlists of an NML file. Raises SourceError."""
    handler = _Handler()
    parse_xml(path, handler)
    return DjLibrary(handler.tracks, handler.playlists)


def path_from_key(key: str) -> str:
    """The path that "Macintosh HD/:Users/:me/:a.mp3" stands for: "/Users/me/a.mp3". On Windows "C:/…".

    Other volumes of macOS are in /Volumes. A key without volume is returned as it is.
    """
    volume, *parts = key.split(SEPARATOR)
    parts = [part for part in parts if part]
    if not parts:
        return key
    if re.fullmatch("[A-Za-z]:", volume) or volume.startswith("\\\\"):
        return "/".join([volume.replace("\\", "/"), *parts])
    if not volume or parts[0] in OF_BOOT_VOLUME:
        return "/" + "/".join(parts)
    return "/".join(["/Volumes", volume, *parts])


class _Handler(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.tracks: dict[str, TrackEntry] = {}
        self.playlists: list[StoredPlaylist] = []
        self._title = self._artist = self._key = ""
        self._in_collection = False
        self._names: list[str] = []
        self._open: StoredPlaylist | None = None
        self._depth = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        if not self._depth and name != "NML":
            raise WrongDocument("is not Traktor's NML; name Traktor's collection.nml")
        self._depth += 1
        if self._depth > DEEPEST:
            raise WrongDocument("has folders deeper than 100; put the playlists into fewer folders")
        if name == "COLLECTION":
            self._in_collection = True
        elif name == "ENTRY" and self._in_collection:
            self._title, self._artist, self._key = attrs.get("TITLE", ""), attrs.get("ARTIST", ""), ""
        elif name == "LOCATION" and self._in_collection:
            self._key = attrs.get("VOLUME", "") + attrs.get("DIR", SEPARATOR) + attrs.get("FILE", "")
        elif name == "PRIMARYKEY" and self._open is not None:
            self._open.keys.append(attrs.get("KEY", ""))
        elif name == "NODE":
            self._start_node(attrs)

    def endElement(self, name: str) -> None:  # noqa: N802
        self._depth -= 1
        if name == "COLLECTION":
            self._in_collection = False
        elif name == "ENTRY" and self._in_collection:
            key = self._key or f"\0{len(self.tracks)}"  # no playlist can name it
            self.tracks[key] = TrackEntry(path_from_key(self._key), self._title, self._artist)
        elif name == "NODE":
            self._names.pop()
            self._open = None

    def _start_node(self, attrs: AttributesImpl) -> None:
        self._names.append(attrs.get("NAME", ""))
        kind = attrs.get("TYPE", "")
        if kind == "FOLDER":
            return
        path = tuple(self._names[1:] if self._names[0] == "$ROOT" else self._names)
        self._open = StoredPlaylist(path, smart=kind != "PLAYLIST")
        self.playlists.append(self._open)
