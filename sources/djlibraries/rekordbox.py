"""Rekordbox's "Export Collection in xml format": DJ_PLAYLISTS, version 1.0.0, of Rekordbox 5 to 7."""

from pathlib import Path
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from sources.djlibraries.records import DjLibrary, StoredPlaylist, TrackEntry
from sources.djlibraries.xml import DEEPEST, WrongDocument, parse_xml

FOLDER, PLAYLIST = "0", "1"  # of the attribute Type


def read_rekordbox(path: Path) -> DjLibrary:
    """The collection and playlists of an exported XML file. Raises SourceError."""
    handler = _Handler()
    parse_xml(path, handler)
    by_location = {listed.location: key for key, listed in handler.tracks.items()}
    for playlist in handler.by_location:  # KeyType 1: entries are locations
        playlist.keys[:] = [by_location.get(key, key) for key in playlist.keys]
    return DjLibrary(handler.tracks, handler.playlists)


class _Handler(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.tracks: dict[str, TrackEntry] = {}
        self.playlists: list[StoredPlaylist] = []
        self.by_location: list[StoredPlaylist] = []
        self._names: list[str] = []
        self._open: StoredPlaylist | None = None
        self._depth = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        if not self._depth and name != "DJ_PLAYLISTS":
            raise WrongDocument("is not Rekordbox's XML; in Rekordbox choose Export Collection in xml format")
        self._depth += 1
        if self._depth > DEEPEST:
            raise WrongDocument("has folders deeper than 100; put the playlists into fewer folders")
        if name == "NODE":
            self._start_node(attrs)
        elif name == "TRACK" and "Key" in attrs:
            if self._open is not None:
                self._open.keys.append(attrs["Key"])
        elif name == "TRACK":
            listed = TrackEntry(attrs.get("Location", ""), attrs.get("Name", ""), attrs.get("Artist", ""))
            self.tracks[attrs.get("TrackID", listed.location)] = listed

    def endElement(self, name: str) -> None:  # noqa: N802
        self._depth -= 1
        if name == "NODE":
            self._names.pop()
            self._open = None

    def _start_node(self, attrs: AttributesImpl) -> None:
        self._names.append(attrs.get("Name", ""))
        kind = attrs.get("Type", PLAYLIST)
        if kind == FOLDER:
            return
        path = tuple(self._names[1:] if len(self._names) > 1 else self._names)  # without ROOT
        self._open = StoredPlaylist(path, smart=kind != PLAYLIST)
        self.playlists.append(self._open)
        if attrs.get("KeyType") == "1":
            self.by_location.append(self._open)
