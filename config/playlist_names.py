"""Playlist names and addresses, parsed to (provider, external id)."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

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
SHORT_LINK = re.compile(
    r"(?i:(?:https?://)?(?:spotify\.link|spotify\.app\.link|link\.deezer\.com|deezer\.page\.link)/).*"
)
FORMS = (
    "spotify:ID, deezer:ID, folder:PATH, or the address of a playlist at open.spotify.com or www.deezer.com"
)


@dataclass(frozen=True, slots=True)
class PlaylistName:
    """A playlist's provider and id: of Spotify and Deezer the bare id, of a folder its `file:` uri."""

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
    raise ValueError(_explain(text))


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
