"""Write a playlist of chosen tracks, or a mix's timeline."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from common.files import sha256_if_readable
from db import read
from db.read.exports import PlaylistRow
from flows.export import m3u, rekordbox_xml, timelines
from flows.export.entries import PlaylistTrack, Segment, Timeline
from flows.export.errors import ExportError
from flows.scoring.camelot import camelot
from sources.records import path_of

PLAYLISTS: Final = (".m3u8", ".m3u", ".xml")
TIMELINES: Final[dict[str, Callable[[Timeline], bytes]]] = {
    ".cue": timelines.cue,
    ".txt": timelines.audacity,
    ".json": timelines.chapters,
    ".md": timelines.markdown,
}


def playlist_tracks(rows: Sequence[PlaylistRow]) -> list[PlaylistTrack]:
    """The rows that have a local file, as tracks of a playlist."""
    return [
        PlaylistTrack(
            row.track_id,
            row.artists,
            row.title,
            row.album,
            path_of(row.uri),
            row.duration_s,
            row.tempo_bpm,
            camelot(row.key, row.mode),
        )
        for row in rows
        if row.uri is not None
    ]


def playlist(tracks: Sequence[PlaylistTrack], file: Path) -> bytes:
    """The content of a playlist in the format of the file's ending, one of PLAYLISTS."""
    if file.suffix.lower() == ".xml":
        return rekordbox_xml.rekordbox_xml(tracks, file.stem)
    return m3u.m3u(tracks)


def timeline_of(connection: Connection, mix: str) -> Timeline:
    """The timeline of the mix with this id, or of this file as analysed last. Raises ExportError for no such mix."""
    try:
        if mix.isascii() and mix.isdecimal() and len(mix) < 19:
            mix_id: int | None = int(mix)
        else:
            sha256 = sha256_if_readable(Path(mix).expanduser())
            mix_id = None if sha256 is None else read.exports.latest_mix_of(connection, sha256)
        if mix_id is None:
            raise LookupError
        analysed = read.mixes.analysed_mix(connection, mix_id)
    except LookupError as error:
        raise ExportError(
            f"There is no analysed mix {mix!r}: run `labelscope mix FILE` first, or give an id of the table `mixes`."
        ) from error
    segments = read.mixes.segments(connection, mix_id)
    return Timeline(
        analysed.title,
        analysed.path,
        tuple(Segment(row.start_s, row.end_s, row.label, row.confidence) for row in segments),
    )
