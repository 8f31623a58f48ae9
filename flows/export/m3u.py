"""M3U8: a playlist in UTF-8 with lengths and names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from common.text import LINE_BREAKING, SURROGATE, one_line
from flows.export.entries import MARK, PlaylistTrack

MARK_LINE: Final = f"# {MARK}"


def m3u(tracks: Sequence[PlaylistTrack]) -> bytes:
    """The playlist. A path that a line cannot hold as it is (a line break, spaces at an end, no text) is a file URI."""
    lines = ["#EXTM3U", MARK_LINE]
    for track in tracks:
        seconds = -1 if track.duration_s is None else round(track.duration_s)
        lines += [f"#EXTINF:{seconds},{one_line(track.name)}", _location(track.path)]
    return ("\n".join(lines) + "\n").encode()


def _location(path: Path) -> str:
    name = str(path)
    is_plain = name == name.strip() and not LINE_BREAKING.search(name) and not SURROGATE.search(name)
    return name if is_plain else path.as_uri()
