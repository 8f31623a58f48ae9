"""On which side of the split each track stands: decided once, when the track is new, and never changed.

A model's figures mean something only while no track that it learnt from tests it, nor one that will test its successor.
So a track that was placed never moves. A new track joins the side of those that it is tied to
(`ml/splits/grouping.py`); one that ties two sides together is put aside, and is in no training. What is tied to
nothing yet is dealt out in groups.

Dealing goes by quota, not by the bare hash of the group: of each third label with five albums, a hash would hold
nothing out. The hash decides the order among groups of one size, so that the same tracks are dealt alike on every
machine.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from common.errors import LabelscopeError
from ml.splits.grouping import TrackInfo, components, keys, schemes

__all__ = [
    "EXCLUDED",
    "SHARES",
    "SplitAssignments",
    "AssignedTrack",
    "SplitAssignment",
    "TrackInfo",
    "TrainingRefused",
    "assign_splits",
    "require_two_testable_labels",
    "untested_labels",
]

# Share of each label's tracks.
SHARES: Final[Mapping[str, float]] = {"train": 0.6, "validation": 0.2, "holdout": 0.2}
# Ties go to holdout before validation: better untuned than untested.
PREFERENCE: Final = ("train", "holdout", "validation")
EXCLUDED: Final = "excluded"

Label = str | None


class TrainingRefused(LabelscopeError):  # noqa: N818  (an outcome that is reported, rather than a bug)
    """The crate cannot be split so that a result would mean anything; the message says what to add."""


@dataclass(frozen=True, slots=True)
class SplitAssignment:
    """Where a track stands: its split, its group's key, the scheme by which it was grouped, and why."""

    split: str  # "train", "validation", "holdout" or "excluded"
    group: str
    scheme: str  # "artist", "album" or "title"
    reason: str  # a phrase, which names other tracks by their ids


@dataclass(frozen=True, slots=True)
class AssignedTrack:
    """A track that was placed before, described as it is now."""

    track: TrackInfo
    placement: SplitAssignment


@dataclass(frozen=True, slots=True)
class SplitAssignments:
    """The places of new tracks, and which groups they have tied together: old key to new one."""

    by_track: dict[int, SplitAssignment]
    merged_groups: dict[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Anchor:
    """A placed track that a new one is tied to, and by what; the one with the lowest id speaks for its split."""

    track_id: int
    tie: str  # a phrase
    group: str
    split: str
    groups: frozenset[str] = field(compare=False)  # of all placed tracks of this split that it speaks for


Anchors = dict[str, Anchor]  # by split


def assign_splits(
    new: Sequence[TrackInfo],
    placed: Sequence[AssignedTrack] = (),
    same_recording: Iterable[tuple[int, int]] = (),
    former: Mapping[int, str] = MappingProxyType({}),
) -> SplitAssignments:
    """Place the new tracks; the same tracks give the same placements in any order, process and machine.

    `same_recording` are pairs of track ids that hold the same sound, whatever their labels and names say. They are
    ties like a common artist; pairs of two placed tracks, or with a track unknown here, change nothing. `former` is the
    split of new tracks that had one before they were removed: they take it again, and count as placed.

    1. A new track whose own ties lead to placed tracks of two splits is put aside, and ties nothing.
    2. The others form groups. A group that is tied to placed tracks of one split joins them, and makes one group of
       them if they were several; one that is tied to two splits, by different members, is put aside as a whole.
    3. Groups without such ties are dealt out, large ones first, to the split that their labels lack most. A label with
       three groups or more then has something in every split, one with two has training and holdout tracks, one
       with a single group is only trained on. Groups that span labels can bend this.

    Tracks that were put aside tie nothing later. Grows with the new tracks, and one pass over the placed ones.
    """
    if not new:
        return SplitAssignments({}, {})
    scheme_of = schemes(new, ((one.track, one.placement.scheme) for one in placed))
    keys_of = {track.track_id: keys(track, scheme_of[track.track_id]) for track in new}
    pairs = sorted({(min(pair), max(pair)) for pair in same_recording})
    back = {
        track.track_id: AssignedTrack(
            track,
            SplitAssignment(
                former[track.track_id],
                min(keys_of.pop(track.track_id)),
                scheme_of[track.track_id],
                "it stood there before it was removed",
            ),
        )
        for track in new
        if track.track_id in former
    }
    standing = [one for one in (*placed, *back.values()) if one.placement.split != EXCLUDED]
    anchors_of = _anchors(keys_of, standing, pairs)
    result = {track_id: one.placement for track_id, one in back.items()}
    joined: dict[int, frozenset[str]] = {}  # groups that are one from now on, by a new track that ties them

    def place(track_id: int, split: str, group: str, reason: str) -> None:
        result[track_id] = SplitAssignment(split, group, scheme_of[track_id], reason)

    for track_id, anchors in anchors_of.items():
        if len(anchors) > 1:
            place(
                track_id,
                EXCLUDED,
                min(keys_of[track_id]),
                f"it ties {_both(anchors)}, which stay where they are",
            )
    free = {track_id: ties for track_id, ties in keys_of.items() if track_id not in result}
    untied: dict[str, list[int]] = {}
    for key, members in components(free, pairs).items():
        anchors = _together(anchors_of[member] for member in members)
        if not anchors:
            untied[key] = members
        elif len(anchors) > 1:
            for member in members:
                place(member, EXCLUDED, key, f"its group ties {_both(anchors)}, which stay where they are")
        else:
            (anchor,) = anchors.values()
            joined[members[0]] = anchor.groups
            for member in members:
                own = anchors_of[member].get(anchor.split)
                through = f"tied to track {anchor.track_id} through other new tracks"
                place(member, anchor.split, anchor.group, own.tie if own else through)
    label_of = {track.track_id: track.label for track in new}
    there = Counter((one.track.label, one.placement.split, one.placement.group) for one in standing)
    there.update(
        (label_of[track_id], found.split, found.group)
        for track_id, found in result.items()
        if found.split != EXCLUDED and track_id not in back
    )
    counts = {key: Counter(label_of[member] for member in members) for key, members in untied.items()}
    for key, split in _deal(counts, there).items():
        for member in untied[key]:
            place(member, split, key, "its group was dealt")
    name_of = {
        group: name for name, members in components(joined).items() for by in members for group in joined[by]
    }
    for track_id, placement in result.items():
        result[track_id] = replace(placement, group=name_of.get(placement.group, placement.group))
    return SplitAssignments(result, {group: name for group, name in name_of.items() if group != name})


def untested_labels(tracks: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Labels that nothing can be learnt of, or that nothing is held out of, each with a sentence why and the cure.

    `tracks` are the label, split and group of each track that may be learnt from.
    """
    splits, groups = _by_label(tracks)
    return {
        label: f"Label '{label}' is left out of the training, since none of its {len(groups[label])} group(s) of"
        f" artists or albums could be {_missing(splits[label])}: add tracks of other artists or albums."
        for label in sorted(splits)
        if not {"train", "holdout"} <= splits[label]
    }


def require_two_testable_labels(tracks: Iterable[tuple[str, str, str]]) -> None:
    """Raise TrainingRefused where fewer than two labels have both training and holdout tracks.

    `tracks` are the label, split and group of each track that may be learnt from.
    """
    splits, _ = _by_label(tracks)
    number = sum({"train", "holdout"} <= own for own in splits.values())
    if number < 2:
        labels = "label has" if len(splits) == 1 else "labels has" if number == 1 else "labels have"
        found = f"{number} of {len(splits)} {labels} them" if splits else "there is no label yet"
        raise TrainingRefused(
            f"Training needs two labels with two separate artists or albums each, and {found}:"
            " add playlists or tracks, then retrain."
        )


def _by_label(
    tracks: Iterable[tuple[str, str, str]],
) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
    """The splits and the groups of each label."""
    splits: dict[str, set[str]] = defaultdict(set)
    groups: dict[str, set[str]] = defaultdict(set)
    for label, split, group in tracks:
        splits[label].add(split)
        groups[label].add(group)
    return splits, groups


def _missing(splits: set[str]) -> str:
    return "held out to test it" if "holdout" not in splits else "used to learn from"


def _anchors(
    keys_of: Mapping[int, set[str]], standing: Iterable[AssignedTrack], pairs: Iterable[tuple[int, int]]
) -> dict[int, Anchors]:
    """The placed tracks that each new one is tied to by itself, one for each split."""
    wanted: set[str] = set().union(*keys_of.values())
    by_key: dict[str, Anchors] = defaultdict(dict)
    placed: dict[int, SplitAssignment] = {}
    for one in standing:
        number, where = one.track.track_id, one.placement
        placed[number] = where
        # The key of its group ties, too: by that key it may have come here, through a track that is gone.
        for key in wanted & (keys(one.track, where.scheme) | {where.group}):
            tie = f"in the group of track {number} by {key.partition(':')[0]}"
            _add(by_key[key], Anchor(number, tie, where.group, where.split, frozenset({where.group})))
    found: dict[int, Anchors] = {}
    for track_id, own in keys_of.items():
        found[track_id] = _together(by_key[key] for key in own if key in by_key)
    for track_id, other in (both for one, two in pairs for both in ((one, two), (two, one))):
        if track_id in keys_of and other in placed:
            where = placed[other]
            tie = f"same recording as track {other} by fingerprint"
            _add(found[track_id], Anchor(other, tie, where.group, where.split, frozenset({where.group})))
    return found


def _add(anchors: Anchors, anchor: Anchor) -> None:
    other = anchors.get(anchor.split, anchor)
    anchors[anchor.split] = replace(min(other, anchor), groups=other.groups | anchor.groups)


def _together(several: Iterable[Anchors]) -> Anchors:
    total: Anchors = {}
    for anchors in several:
        for anchor in anchors.values():
            _add(total, anchor)
    return total


def _both(anchors: Anchors) -> str:
    """The tracks that are tied, with their splits: "track 1 (train) and track 7 (holdout)"."""
    return " and ".join(
        f"track {anchors[split].track_id} ({split})" for split in PREFERENCE if split in anchors
    )


def _deal(
    counts: Mapping[str, Counter[Label]], there: Mapping[tuple[Label, str, str], int]
) -> dict[str, str]:
    """Give each group the split that its labels lack most, large groups first.

    `counts` are the tracks of each new group by label, `there` those that have a place by label, split and group. A
    split that a label still must have comes first once only as many groups are left as such splits.
    """
    total: Counter[Label] = Counter()
    have: dict[Label, Counter[str]] = defaultdict(Counter)
    groups: dict[Label, set[str]] = defaultdict(set)
    for (label, split, group), size in there.items():
        total[label] += size
        have[label][split] += size
        groups[label].add(group)
    left: Counter[Label] = Counter()
    for key, count in counts.items():
        total.update(count)
        left.update(count.keys())
        for label in count:
            groups[label].add(key)
    split_of: dict[str, str] = {}

    def gain(key: str, split: str) -> tuple[int, float]:
        forced, deficit = 0, 0.0
        for label in sorted(counts[key], key=str):
            shares = _shares(len(groups[label]))
            missing = [name for name in shares if not have[label][name]]
            forced += split in missing and left[label] <= len(missing)
            deficit += shares.get(split, -1.0) - have[label][split] / total[label]
        return forced, deficit

    for key in sorted(counts, key=lambda key: (-counts[key].total(), _hash(key))):
        split = max(PREFERENCE, key=lambda split: gain(key, split))
        split_of[key] = split
        for label, size in counts[key].items():
            have[label][split] += size
            left[label] -= 1
    return split_of


def _shares(groups: int) -> dict[str, float]:
    """The shares that a label with this many groups can have: three splits need three groups."""
    wanted = PREFERENCE[: min(groups, 3)]
    whole = sum(SHARES[split] for split in wanted)
    return {split: SHARES[split] / whole for split in wanted}


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
