"""Which tracks the network trains on, is tuned on and is tested on: no group of tracks is ever on two sides.

A network that has heard an artist recognises the artist, not the label, so tracks are dealt out in groups:

* label with at least five distinct artists: all tracks that share an artist (`artist`);
* label with fewer: all tracks that share artist and album (`album`), or artist and title where there is no
  album (`title`).

Tracks with the same artist and title share a group whatever their label: a single and its compilation copy,
or the same recording in two playlists, would leak as well. Groups are the connected components of these
ties. An artist with tracks in labels of both kinds is whole in the first kind, split by album in the other.
"""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Share of each label's tracks, the split that teaches the network most first.
SHARES: Final[Mapping[str, float]] = {"train": 0.6, "validation": 0.2, "holdout": 0.2}
# Ties go to holdout before validation: better untuned than untested.
PREFERENCE: Final = ("train", "holdout", "validation")
# With fewer distinct artists than this, whole artists are too coarse to fill three splits.
MIN_ARTISTS: Final = 5
# What catalogues write where they know no artist; as an artist it would tie unrelated tracks together.
NOBODY: Final = frozenset({"", "unknown", "unknown artist", "various", "various artists", "va", "v/a", "n/a"})
BRACKETS: Final = re.compile(r"\s*[(\[].*$")
VERSION: Final = re.compile(r"\s+-\s+[^-]*\b(remaster(ed)?|(re)?mix|edit|version|live|mono|stereo)\b.*$")


class TrainingRefused(Exception):  # noqa: N818  (an outcome that is reported, rather than a bug)
    """The crate cannot be split so that a result would mean anything; the message says what to add."""


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """What the split needs to know of one track of the crate; each track comes once, with one label."""

    track_id: int
    label: str
    artists: tuple[str, ...]
    album: str | None
    title: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a track stands: its split, its group's key, and the scheme by which it was grouped."""

    split: str  # "train", "validation" or "holdout"
    group: str
    scheme: str  # "artist", "album" or "title"


def assign_splits(
    tracks: Sequence[TrackInfo], previous: Mapping[int, Placement] | None = None
) -> dict[int, Placement]:
    """Place every track; the same tracks give the same placements in any order, process and machine.

    A label with three groups or more has something in every split, one with two has training and holdout
    tracks, one with a single group is only trained on (`untested_labels` names those). Groups that span
    labels can bend this.

    `previous` holds earlier placements by track id, of tracks that are gone too. A label keeps the scheme
    that it was first grouped by, and a group that was placed keeps its split, so that a new arrival never
    moves an old track. The one exception: a new track that ties together groups of different splits (a
    collaboration, say) moves all of them to the most exposed of these splits, because tracks that a model
    has learned from must never test a later one. Leave placements out of `previous` to draw them anew.

    Raises TrainingRefused where fewer than two labels have two groups.
    """
    previous = previous or {}
    schemes = _schemes(tracks, previous)
    groups = _groups(tracks, schemes)
    counts = {key: Counter(track.label for track in members) for key, members in groups.items()}
    _refuse_if_hopeless(counts)
    split_of = _deal(counts, _kept(groups, previous))
    return {
        track.track_id: Placement(split_of[key], key, schemes[track.track_id])
        for key, members in groups.items()
        for track in members
    }


def untested_labels(tracks: Iterable[TrackInfo], placements: Mapping[int, Placement]) -> dict[str, str]:
    """Labels without a holdout track, each with one sentence that says why and what to add."""
    groups: dict[str, set[str]] = defaultdict(set)
    tested: set[str] = set()
    for track in tracks:
        placement = placements[track.track_id]
        groups[track.label].add(placement.group)
        if placement.split == "holdout":
            tested.add(track.label)
    return {
        label: f"Label '{label}' is left out of the training, since none of its {len(keys)} group(s) of artists or"
        " albums could be held out to test it: add tracks of other artists or albums."
        for label, keys in sorted(groups.items())
        if label not in tested
    }


def _schemes(tracks: Sequence[TrackInfo], previous: Mapping[int, Placement]) -> dict[int, str]:
    """The scheme of each track: its label's earlier one, else by the label's number of distinct artists."""
    artists: dict[str, set[str]] = defaultdict(set)
    before: dict[str, set[str]] = defaultdict(set)
    for track in tracks:
        artists[track.label].update(_artists(track))
        if track.track_id in previous:
            before[track.label].add(previous[track.track_id].scheme)
    schemes = {}
    for track in tracks:
        by_artist = len(artists[track.label]) >= MIN_ARTISTS
        if before[track.label]:  # an 'album' label may hold 'title' tracks and the other way round
            by_artist = "artist" in before[track.label]
        if by_artist and _artists(track):
            schemes[track.track_id] = "artist"
        else:
            schemes[track.track_id] = "album" if track.album else "title"
    return schemes


def _keys(track: TrackInfo, scheme: str) -> set[str]:
    """The ties of one track: every other track with one of these keys belongs to the same group."""
    names = _artists(track) or {"?"}
    keys = {f"title:{name}|{_plain_title(track.title)}" for name in names}
    if scheme == "artist":
        keys |= {f"artist:{name}" for name in names}
    elif scheme == "album":
        keys |= {f"album:{name}|{_plain(track.album or '')}" for name in names}
    return keys


def _groups(tracks: Sequence[TrackInfo], schemes: Mapping[int, str]) -> dict[str, list[TrackInfo]]:
    """Connected components of tracks and keys, each named by its first key in alphabetical order."""
    keys_of = [sorted(_keys(track, schemes[track.track_id])) for track in tracks]
    names = sorted({key for keys in keys_of for key in keys})
    node = {key: len(tracks) + position for position, key in enumerate(names)}
    pairs = [(row, node[key]) for row, keys in enumerate(keys_of) for key in keys]
    if not pairs:
        return {}
    rows, columns = np.array(pairs).T
    size = len(tracks) + len(names)
    _, component = connected_components(
        coo_array((np.ones(len(pairs)), (rows, columns)), shape=(size, size)), directed=False
    )
    first_key: dict[int, str] = {}
    for key in names:
        first_key.setdefault(int(component[node[key]]), key)
    groups: dict[str, list[TrackInfo]] = defaultdict(list)
    for row, track in enumerate(tracks):
        groups[first_key[int(component[row])]].append(track)
    return dict(groups)


def _kept(groups: Mapping[str, list[TrackInfo]], previous: Mapping[int, Placement]) -> dict[str, str]:
    """The groups that were placed before, by a member or by their key, in the most exposed split of those."""
    by_key: dict[str, set[str]] = defaultdict(set)
    for placement in previous.values():
        by_key[placement.group].add(placement.split)
    kept = {}
    for key, members in groups.items():
        before = by_key[key] | {previous[t.track_id].split for t in members if t.track_id in previous}
        if before:
            kept[key] = min(before, key=list(SHARES).index)
    return kept


def _refuse_if_hopeless(counts: Mapping[str, Counter[str]]) -> None:
    groups = Counter(label for count in counts.values() for label in count)
    splittable = [label for label, number in groups.items() if number >= 2]
    if len(splittable) < 2:
        raise TrainingRefused(
            f"Training needs two labels with two separate artists or albums each, and {len(splittable)} of"
            f" {len(groups)} label(s) has them: add playlists or tracks, then retrain."
        )


def _deal(counts: Mapping[str, Counter[str]], kept: Mapping[str, str]) -> dict[str, str]:
    """Give each group the split that its labels lack most, large groups first, kept ones unmoved.

    A split that a label still must have comes first once only as many groups are left as such splits.
    """
    total: Counter[str] = Counter()
    number: Counter[str] = Counter()
    for count in counts.values():
        total.update(count)
        number.update(count.keys())
    have: dict[str, Counter[str]] = {label: Counter() for label in total}
    left = Counter(number)
    split_of: dict[str, str] = {}

    def place(key: str, split: str) -> None:
        split_of[key] = split
        for label, size in counts[key].items():
            have[label][split] += size
            left[label] -= 1

    def gain(key: str, split: str) -> tuple[int, float]:
        forced, deficit = 0, 0.0
        for label in counts[key]:
            shares = _shares(number[label])
            missing = [name for name in shares if not have[label][name]]
            forced += split in missing and left[label] <= len(missing)
            deficit += shares.get(split, -1.0) - have[label][split] / total[label]
        return forced, deficit

    for key in sorted(kept):
        place(key, kept[key])
    for key in sorted(counts.keys() - kept.keys(), key=lambda key: (-counts[key].total(), _hash(key))):
        place(key, max(PREFERENCE, key=lambda split: gain(key, split)))
    return split_of


def _shares(groups: int) -> dict[str, float]:
    """The shares that a label with this many groups can have: three splits need three groups."""
    wanted = PREFERENCE[: min(groups, 3)]
    whole = sum(SHARES[split] for split in wanted)
    return {split: SHARES[split] / whole for split in wanted}


def _artists(track: TrackInfo) -> set[str]:
    return {name for name in map(_plain, track.artists) if name not in NOBODY}


def _plain(text: str) -> str:
    """Case, width and spacing differ between catalogues; the name does not."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _plain_title(title: str) -> str:
    """The title without "(Live)", "[30s]", "- Remastered 2011": versions of a recording belong together."""
    plain = _plain(title)
    return VERSION.sub("", BRACKETS.sub("", plain)) or plain


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
