"""M3U8: a playlist in UTF-8 with lengths and names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from common.text import LINE_BREAKING, SURROGATE, one_line
from flows.export.entries import MARK, PlaylistTrack
from sources.records import path_of

MARK_LINE: Final = f"# {MARK}"


def m3u(tracks: Sequence[PlaylistTrack]) -> bytes:
    """The playlist. A path that a line cannot hold as it is (a line break, spaces at an end, no text) is a file URI."""
    lines = ["#EXTM3U", MARK_LINE]
    for track in tracks:
        seconds = -1 if track.duration_s is None else round(track.duration_s)
        lines += [f"#EXTINF:{seconds},{one_line(track.name)}", _location(track.path)]
    return ("\n".join(lines) + "\n").encode()


def m3u_paths(content: bytes, folder: Path) -> set[Path]:
    """The local paths of a playlist in UTF-8, or else in Latin-1; relative ones begin in `folder`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = (line.strip() for line in text.splitlines())
    return {path for line in lines if line and not line.startswith("#") for path in _path(line, folder)}


def _location(path: Path) -> str:
    name = str(path)
    is_plain = name == name.strip() and not LINE_BREAKING.search(name) and not SURROGATE.search(name)
    return name if is_plain else path.as_uri()


def _path(line: str, folder: Path) -> list[Path]:
    if line.startswith("file:///"):
        return [path_of(line)]
    return [] if "://" in line and urlsplit(line).scheme else [folder / line]
