"""Files in the shapes that DJ programs write, made afresh, and what the source yields of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from config.playlist_names import parse_playlist
from sources.djlibraries.source import DjLibrarySource
from sources.records import Entry, Label, Playlist, Reference, Rejection, path_of


def rekordbox_uri(path: str) -> str:
    return "file://localhost/" + quote(path.lstrip("/"), safe="/:()!,'")


def rekordbox(locations: Sequence[str], playlists: str) -> str:
    """A file of Rekordbox 6; the tracks' ids count from 1."""
    tracks = "\n".join(
        f'    <TRACK TrackID="{n}" Name="Title {n}" Artist="Artist" Composer="" Album="" Kind="MP3 File" Size="1"'
        f' TotalTime="300" AverageBpm="128.00" Location={quoteattr(location)} Tonality="8A">\n'
        f'      <TEMPO Inizio="0.025" Bpm="128.00" Metro="4/4" Battito="1"/>\n'
        f'      <POSITION_MARK Name="" Type="0" Start="0.025" Num="-1"/>\n    </TRACK>'
        for n, location in enumerate(locations, 1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n\n<DJ_PLAYLISTS Version="1.0.0">\n'
        '  <PRODUCT Name="rekordbox" Version="6.7.7" Company="AlphaTheta"/>\n'
        f'  <COLLECTION Entries="{len(locations)}">\n{tracks}\n  </COLLECTION>\n'
        f'  <PLAYLISTS>\n    <NODE Type="0" Name="ROOT" Count="1">{playlists}</NODE>\n'
        "  </PLAYLISTS>\n</DJ_PLAYLISTS>\n"
    )


def folder(name: str, *children: str) -> str:
    return f'<NODE Name={quoteattr(name)} Type="0" Count="{len(children)}">{"".join(children)}</NODE>'


def playlist(name: str, *keys: str | int, key_type: int = 0) -> str:
    tracks = "".join(f"<TRACK Key={quoteattr(str(key))}/>" for key in keys)
    return f'<NODE Name={quoteattr(name)} Type="1" KeyType="{key_type}" Entries="{len(keys)}">{tracks}</NODE>'


def traktor(entries: Sequence[tuple[str, str, str]], playlists: str) -> str:
    """A file of Traktor Pro 3; an entry is (VOLUME, DIR, FILE)."""
    tracks = "".join(
        f'<ENTRY MODIFIED_DATE="2022/1/1" TITLE="Title" ARTIST="Artist"><LOCATION DIR={quoteattr(place)} FILE='
        f'{quoteattr(name)} VOLUME={quoteattr(volume)} VOLUMEID="x"></LOCATION><ALBUM TITLE="A"></ALBUM>'
        '<CUE_V2 NAME="AutoGrid" TYPE="4" START="51.8"></CUE_V2></ENTRY>\n'
        for volume, place, name in entries
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n<NML VERSION="19"><HEAD COMPANY='
        '"www.native-instruments.com" PROGRAM="Traktor"></HEAD><MUSICFOLDERS></MUSICFOLDERS>\n'
        f'<COLLECTION ENTRIES="{len(entries)}">{tracks}</COLLECTION><SETS ENTRIES="0"></SETS>\n'
        f'<PLAYLISTS><NODE TYPE="FOLDER" NAME="$ROOT"><SUBNODES COUNT="1">{playlists}</SUBNODES></NODE>'
        "</PLAYLISTS><INDEXING></INDEXING></NML>\n"
    )


def traktor_playlist(name: str, *keys: str) -> str:
    entries = "".join(
        f'<ENTRY><PRIMARYKEY TYPE="TRACK" KEY={quoteattr(key)}></PRIMARYKEY></ENTRY>' for key in keys
    )
    return (
        f'<NODE TYPE="PLAYLIST" NAME={quoteattr(name)}><PLAYLIST ENTRIES="{len(keys)}" TYPE="LIST" UUID="0">'
        f"{entries}</PLAYLIST></NODE>"
    )


def reference(name: str) -> Reference:
    """The reference to the playlist that labels.toml names so."""
    parsed = parse_playlist(name, Path("/"))
    return Reference(parsed.provider, parsed.external_id, Label("label", "Label"))


def fetch(name: str, mapping: Mapping[str, Path] | None = None) -> Playlist:
    return DjLibrarySource(mapping or {}).fetch_playlist(reference(name))


def read(name: str, mapping: Mapping[str, Path] | None = None) -> tuple[list[str], dict[str, Rejection]]:
    """(names of the files in order, rejections by reason) of a playlist."""
    source = DjLibrarySource(mapping or {})
    records = list(source.entries(source.fetch_playlist(reference(name)), {}))
    files = [path_of(record.clips[0].file.uri).name for record in records if isinstance(record, Entry)]
    return files, {record.reason: record for record in records if isinstance(record, Rejection)}
