"""Playlist names and addresses, parsed to (provider, external id)."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

SPOTIFY = re.compile(
    r"(?i:spotify:(?:user:[^:]+:)?(?:playlist:)?"
    r"|(?:https?://)?(?:open|play)\.spotify\.com/(?:intl-[a-z-]+/)?(?:embed/)?(?:user/[^/?#]+/)?playlist/)"
    r"(?P<id>[0-9A-Za-z]{22})(?:/?(?:[?#].*)?)"
)
DEEZER = re.compile(
    r"(?i:deezer:(?:playlist:)?"
    r"|(?:https?://)?(?:www\.)?deezer\.com/(?:[a-z]{2}(?:-[a-z]{2})?/)?playlist/)"
    r"(?P<id>[1-9][0-9]{0,18})(?:/?(?:[?#].*)?)"
)
FOLDER = re.compile(r"(?i:folder:)\s*(?P<path>.+)")
FILE = re.compile(r"(?i:file:)(?://(?:localhost)?)?(?P<path>/.*)")
M3U = re.compile(r"(?i:m3u8?:)\s*(?P<path>.+)", re.DOTALL)
# A path may hold '#', so the playlist begins at the first one behind the file's ending, if it has its usual one.
DJ_LIBRARY = re.compile(
    r"(?P<kind>(?i:rekordbox|traktor)):\s*(?:(?P<path>.+?\.(?i:xml|nml))|(?P<other>[^#]+))(?:#(?P<playlist>.*))?",
    re.DOTALL,
)
SHORT_LINK = re.compile(
    r"(?i:(?:https?://)?(?:spotify\.link|spotify\.app\.link|link\.deezer\.com|deezer\.page\.link)/).*"
)
FORMS = (
    "spotify:ID, deezer:ID, folder:PATH, m3u:PATH, rekordbox:PATH#PLAYLIST, traktor:PATH#PLAYLIST,"
    " or the address of a playlist at open.spotify.com or www.deezer.com"
)


@dataclass(frozen=True, slots=True)
class PlaylistName:
    """A playlist's provider and id: of Spotify and Deezer the bare id, of a folder its `file:` uri.

    A playlist of a DJ program consists of files of the user, so its provider is "folder" as well. Its id is the kind
    and the uri of its file, and where it names one the percent-encoded playlist: `rekordbox:file:///…#Techno`.
    """

    provider: str
    external_id: str


def parse_playlist(text: str, folder: Path) -> PlaylistName:
    """The playlist that `text` names. Relative paths start at `folder`. Raises ValueError: "fault; cure"."""
    text = text.strip()
    if match := SPOTIFY.fullmatch(text):
        return PlaylistName("spotify", match["id"])
    if match := DEEZER.fullmatch(text):
        return PlaylistName("deezer", match["id"])
    if match := FOLDER.fullmatch(text):
        return PlaylistName("folder", absolute(match["path"], folder).as_uri())
    if match := FILE.fullmatch(text):
        path = os.fsdecode(unquote_to_bytes(match["path"]))
        return PlaylistName("folder", absolute(path, folder).as_uri())
    if match := M3U.fullmatch(text):
        return PlaylistName("folder", f"m3u:{absolute(match['path'], folder).as_uri()}")
    if match := DJ_LIBRARY.fullmatch(text):
        return _of_library(match, folder)
    raise ValueError(_explain(text))


def _of_library(match: re.Match[str], folder: Path) -> PlaylistName:
    kind, playlist = match["kind"].lower(), match["playlist"]
    uri = absolute(match["path"] or match["other"], folder).as_uri()
    if playlist is None:
        return PlaylistName("folder", f"{kind}:{uri}")
    if not playlist.strip():
        raise ValueError(f"{show(match[0])} names no playlist after #; without # it is the whole collection")
    return PlaylistName("folder", f"{kind}:{uri}#{quote(playlist.strip(), errors='surrogatepass')}")


def absolute(text: str, folder: Path) -> Path:
    """The path without `~`, `..` and symbolic links. Relative paths start at `folder`. Raises ValueError."""
    path = os.path.expanduser(text)  # noqa: PTH111 (that of pathlib raises for an unknown user)
    if "\0" in path:
        raise ValueError(f"the path {show(text)} holds a NUL character, which no path can; remove it")
    if path.startswith("~"):
        raise ValueError(
            f"{show(text)} begins with ~ but there is no such home folder; write the path out in full"
        )
    return Path(os.path.realpath(folder / path))


def show(text: object) -> str:
    """`text` in quotes on one line, at most 80 characters."""
    shown = repr(text)
    return shown if len(shown) <= 80 else f"{shown[:60]}…{shown[-15:]}"


def _explain(text: str) -> str:
    lower = text.lower()
    if SHORT_LINK.fullmatch(text):
        return f"{show(text)} is a short link; open it in a browser and copy the address that it leads to"
    if kind := re.search(r"\b(album|track|artist|show|episode)[:/]", lower):
        article = "an" if kind[1][0] in "ae" else "a"
        return (
            f"{show(text)} names no playlist but {article} {kind[1]}; put a playlist's address in its place"
        )
    if "spotify" in lower:
        cure = "copy it from the playlist's Share menu (its id has 22 letters and digits)"
        return f"{show(text)} is not the address of a Spotify playlist; {cure}"
    if "deezer" in lower:
        return f"{show(text)} is not the address of a Deezer playlist; copy it from the browser (its id is a number)"
    return f"{show(text)} names no playlist; write {FORMS}"
