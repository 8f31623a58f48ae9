"""A playlist in a library file, found by its name or its path of names."""

import re
from difflib import get_close_matches
from typing import Final

from sources.djlibraries.records import DjLibrary, StoredPlaylist
from sources.errors import Unavailable
from sources.metadata.tags import clean_text

SHOWN: Final = 5


def choose(library: DjLibrary, wanted: str, file: str) -> StoredPlaylist:
    """The playlist that `wanted` names: its name, or names of folders and its own joined by '/'.

    A '/' in a name is written '//'. Raises Unavailable where there is none, or more than one.
    """
    path = split_path(wanted)
    playlists = library.playlists
    matches = [playlist for playlist in playlists if playlist.path == path] or [
        playlist for playlist in playlists if playlist.path[-len(path) :] == path
    ]
    if len(matches) == 1:
        return _with_list(matches[0], file)
    shown = clean_text(wanted)
    if matches:
        names = ", ".join(f"'{join_path(match.path)}'" for match in matches[:SHOWN])
        cure = (
            f"write the one of {names}"
            if len({match.path for match in matches}) > 1
            else "rename one of them"
        )
        raise Unavailable(f"{file} has {len(matches)} playlists '{shown}'; {cure}.", "gone")
    raise Unavailable(f"{file} has no playlist '{shown}'; {_near(library, wanted)}.", "gone")


def split_path(text: str) -> tuple[str, ...]:
    """The names in a path: "Techno/AC//DC" is ("Techno", "AC/DC")."""
    return tuple(part.replace("\0", "/") for part in re.sub("//", "\0", text).split("/"))


def join_path(path: tuple[str, ...]) -> str:
    """The path of names as it is written in labels.toml."""
    return clean_text("/".join(name.replace("/", "//") for name in path))


def _with_list(playlist: StoredPlaylist, file: str) -> StoredPlaylist:
    if playlist.smart:
        fault = (
            f"The playlist '{join_path(playlist.path)}' of {file} is a smart one, without a list of tracks"
        )
        raise Unavailable(f"{fault}; copy its tracks into a normal playlist.", "gone")
    return playlist


def _near(library: DjLibrary, wanted: str) -> str:
    """What to write instead."""
    by_text: dict[str, str] = {}
    for playlist in library.playlists:
        full = join_path(playlist.path)
        by_text[full.casefold()] = full
        by_text.setdefault(join_path(playlist.path[-1:]).casefold(), full)
    near = get_close_matches(wanted.casefold(), by_text, n=3, cutoff=0.6)
    names = list(dict.fromkeys(by_text[text] for text in near))
    if names:
        return "write " + " or ".join(f"'{name}'" for name in names)
    some = ", ".join(f"'{name}'" for name in list(dict.fromkeys(by_text.values()))[:SHOWN])
    return f"it has {some}" if some else "it has no playlists, so export them too"
