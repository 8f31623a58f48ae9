"""Rekordbox XML: a collection with one playlist, for "Import" in Rekordbox and other DJ programs."""

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final
from xml.etree import ElementTree

from flows.export.entries import PlaylistTrack

MARK: Final = '<PRODUCT Name="Labelscope"'
# Characters that XML 1.0 cannot hold, not even escaped.
NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def rekordbox_xml(tracks: Sequence[PlaylistTrack], name: str) -> bytes:
    """The XML document; `name` is that of the playlist. A character that XML cannot hold is U+FFFD."""
    root = ElementTree.Element("DJ_PLAYLISTS", Version="1.0.0")
    ElementTree.SubElement(root, "PRODUCT", Name="Labelscope", Version=version("labelscope"), Company="")
    distinct = {track.track_id: track for track in tracks}
    collection = ElementTree.SubElement(root, "COLLECTION", Entries=str(len(distinct)))
    for track in distinct.values():
        ElementTree.SubElement(collection, "TRACK", _attributes(track))
    playlists = ElementTree.SubElement(root, "PLAYLISTS")
    top = ElementTree.SubElement(playlists, "NODE", Type="0", Name="ROOT", Count="1")
    playlist = ElementTree.SubElement(
        top, "NODE", Name=_text(name), Type="1", KeyType="0", Entries=str(len(tracks))
    )
    for track in tracks:
        ElementTree.SubElement(playlist, "TRACK", Key=str(track.track_id))
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + document + b"\n"


def _attributes(track: PlaylistTrack) -> dict[str, str]:
    location = track.path.as_uri().replace("file:///", "file://localhost/", 1)
    values = {
        "TrackID": str(track.track_id),
        "Name": track.title,
        "Artist": track.artists or "",
        "Album": track.album or "",
        "TotalTime": None if track.duration_s is None else str(round(track.duration_s)),
        "AverageBpm": None if track.tempo_bpm is None else f"{track.tempo_bpm:.2f}",
        "Tonality": track.key,
        "Location": location,
    }
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: str) -> str:
    return NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", value)
