"""Which tracks must stay together: by artist, by album, by title, or because they are one recording.

A network that was trained on an artist recognises the artist, not the label. So tracks get their split in groups:

* label with at least five distinct artists: all tracks that share an artist (`artist`);
* label with fewer: all tracks that share artist and album (`album`), or artist and title where there is no
  album (`title`). When such a label grows, new artists are grouped as a whole; the others stay grouped by album.

Tracks with the same artist and title share a group whatever their label: otherwise a single and its copy on a
compilation, or one recording in two playlists, would leak. Groups are the connected components of these ties. An
artist with tracks in labels of both kinds is one group in the first kind, and divided by album in the other.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from common.text import NO_ARTIST

# With fewer distinct artists than this, whole artists are too coarse to fill three splits.
MIN_ARTISTS: Final = 5
BRACKETS: Final = re.compile(r"\s*[(\[].*$")
VERSION: Final = re.compile(r"\s+-\s+[^-]*\b(remaster(ed)?|(re)?mix|edit|version|live|mono|stereo)\b.*$")


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """What the split depends on, of one track. Each track comes once, with one label."""

    track_id: int
    label: str | None  # None: no single label now, which only happens to tracks with an earlier split
    artists: tuple[str, ...]
    album: str | None
    title: str


def schemes(tracks: Iterable[TrackInfo], earlier: Iterable[tuple[TrackInfo, str]] = ()) -> dict[int, str]:
    """The grouping scheme of each track, by its id: "artist", "album" or "title".

    `earlier` are other tracks with the schemes that they were grouped by; their artists count, too. An artist of whom a
    label has tracks grouped by album or title stays so in that label, since these tracks may be in two splits.
    """
    tracks = list(tracks)
    artists: dict[str | None, set[str]] = defaultdict(set)
    # Artists whose tracks are grouped by album or title.
    divided: dict[str | None, set[str]] = defaultdict(set)
    for track in tracks:
        artists[track.label].update(artist_names(track))
    for track, scheme in earlier:
        artists[track.label].update(artist_names(track))
        if scheme != "artist":
            divided[track.label].update(artist_names(track))
    scheme_of = {}
    for track in tracks:
        names = artist_names(track)
        if names and len(artists[track.label]) >= MIN_ARTISTS and not names & divided[track.label]:
            scheme_of[track.track_id] = "artist"
        else:
            scheme_of[track.track_id] = "album" if track.album else "title"
    return scheme_of


def keys(track: TrackInfo, scheme: str) -> set[str]:
    """The keys of one track: every other track with one of these keys belongs to the same group."""
    names = artist_names(track) or {"?"}
    ties = {f"title:{name}|{_plain_title(track.title)}" for name in names}
    if scheme == "artist":
        ties |= {f"artist:{name}" for name in names}
    elif scheme == "album":
        ties |= {f"album:{name}|{_plain(track.album or '')}" for name in names}
    return ties


def components(
    ties: Mapping[int, Iterable[str]], pairs: Iterable[tuple[int, int]] = ()
) -> dict[str, list[int]]:
    """Connected components of tracks: by name, the track ids, ascending.

    `ties` has the keys of each track, at least one; `pairs` are tied, too, and ignored where an id is not in `ties`.
    A component's name is its first key in alphabetical order. Time is linear in keys and pairs.
    """
    tracks = sorted(ties)
    names = sorted({key for track in tracks for key in ties[track]})
    node_of_track = {track: node for node, track in enumerate(tracks)}
    node_of_key = {key: len(tracks) + node for node, key in enumerate(names)}
    edges = [(node_of_track[track], node_of_key[key]) for track in tracks for key in ties[track]]
    edges += [
        (node_of_track[first], node_of_track[second])
        for first, second in pairs
        if first in node_of_track and second in node_of_track
    ]
    if not edges:
        return {}
    component = _components(edges, len(tracks) + len(names))
    first_key: dict[int, str] = {}
    for key in names:
        first_key.setdefault(component[node_of_key[key]], key)
    groups: dict[str, list[int]] = defaultdict(list)
    for track in tracks:
        groups[first_key[component[node_of_track[track]]]].append(track)
    return dict(groups)


def _components(edges: Sequence[tuple[int, int]], nodes: int) -> list[int]:
    """The number of the component of each node."""
    rows, columns = np.array(edges).T
    graph = coo_array((np.ones(len(edges)), (rows, columns)), shape=(nodes, nodes))
    numbers: list[int] = connected_components(graph, directed=False)[1].tolist()
    return numbers


def artist_names(track: TrackInfo) -> set[str]:
    """The artists' names in the form that is compared, without placeholders such as "Various Artists"."""
    return {name for name in map(_plain, track.artists) if name not in NO_ARTIST}


def _plain(text: str) -> str:
    """A name without differences of case, width and spacing, which vary between catalogues."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _plain_title(title: str) -> str:
    """The title without "(Live)", "[30s]", "- Remastered 2011": versions of a recording belong together."""
    plain = _plain(title)
    return VERSION.sub("", BRACKETS.sub("", plain)) or plain
