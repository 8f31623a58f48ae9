"""The split of each track: assigned once, when the track is new, and never changed.

A model's metrics mean something only while no track that it learnt from tests it, nor one that will test its successor.
So a track keeps its split for good. A new track joins the split of the tracks that it is tied to
(`ml/splits/grouping.py`). One that ties two splits together is excluded: it is in no training. Groups without ties to
assigned tracks get a split by quota (`ml/splits/quota.py`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ml.splits.grouping import TrackInfo, components, keys, schemes
from ml.splits.quota import splits_by_quota
from ml.splits.splits import EXCLUDED, SHARES, AssignedTrack, SplitAssignment
from ml.splits.ties import Ties, merge_ties, name_tracks, ties_of_new_tracks

__all__ = [
    "EXCLUDED",
    "SHARES",
    "AssignedTrack",
    "SplitAssignment",
    "SplitAssignments",
    "TrackInfo",
    "assign_splits",
]


@dataclass(frozen=True, slots=True)
class SplitAssignments:
    """The splits of new tracks, and the groups that they have merged: old key to new key."""

    by_track: dict[int, SplitAssignment]
    merged_groups: dict[str, str]


def assign_splits(
    new: Sequence[TrackInfo],
    assigned: Sequence[AssignedTrack] = (),
    same_recording: Iterable[tuple[int, int]] = (),
    former: Mapping[int, str] = MappingProxyType({}),
) -> SplitAssignments:
    """Assign splits to new tracks; the same tracks get the same splits in any order, process and machine.

    `same_recording` are pairs of ids of tracks with the same sound, whatever their labels and names. They are ties like
    a common artist; pairs of two assigned tracks, or with an unknown id, change nothing. `former` is the split of new
    tracks that had one before they were removed: they take it again, and count as assigned.

    1. A new track whose own ties lead to assigned tracks of two splits is excluded, and ties nothing.
    2. The others form groups. A group that is tied to assigned tracks of one split joins them; if they were several
       groups, these become one. A group that is tied to two splits, by different members, is excluded as a whole.
    3. Groups without such ties get the split that their labels lack most, large groups first. A label with three groups
       or more then has something in every split, one with two has training and holdout tracks, one with a single
       group is only trained on. Groups that span labels can bend this.

    Excluded tracks tie nothing later. Time grows with the new tracks, and one pass over the assigned ones.
    """
    if not new:
        return SplitAssignments({}, {})
    batch = _new_batch(new, assigned)
    batch.restore(former)
    pairs = sorted({(min(pair), max(pair)) for pair in same_recording})
    in_splits = [track for track in (*assigned, *batch.decided()) if track.assignment.split != EXCLUDED]
    ties_of = ties_of_new_tracks(batch.undecided(), in_splits, pairs)
    _exclude_tied_to_two_splits(batch, ties_of)
    untied, joined = _join_groups(batch, ties_of, pairs)
    _assign_by_quota(batch, untied, assigned)
    return _with_merged_groups(batch.by_track, joined)


@dataclass(frozen=True, slots=True)
class _Batch:
    """The new tracks, and what has been decided for them so far."""

    tracks: dict[int, TrackInfo]
    schemes: dict[int, str]
    keys: dict[int, set[str]]
    by_track: dict[int, SplitAssignment] = field(default_factory=dict)

    def decide(self, track_id: int, split: str, group: str, reason: str) -> None:
        self.by_track[track_id] = SplitAssignment(split, group, self.schemes[track_id], reason)

    def restore(self, former: Mapping[int, str]) -> None:
        for track_id, split in former.items():
            if track_id in self.tracks:
                group = min(self.keys[track_id])
                self.decide(track_id, split, group, "it had this split before it was removed")

    def decided(self) -> list[AssignedTrack]:
        return [
            AssignedTrack(self.tracks[track_id], assignment) for track_id, assignment in self.by_track.items()
        ]

    def undecided(self) -> dict[int, set[str]]:
        """The keys of the tracks that have no split yet."""
        return {track_id: own for track_id, own in self.keys.items() if track_id not in self.by_track}


def _new_batch(new: Sequence[TrackInfo], assigned: Sequence[AssignedTrack]) -> _Batch:
    scheme_of = schemes(new, ((track.track, track.assignment.scheme) for track in assigned))
    return _Batch(
        tracks={track.track_id: track for track in new},
        schemes=scheme_of,
        keys={track.track_id: keys(track, scheme_of[track.track_id]) for track in new},
    )


def _exclude_tied_to_two_splits(batch: _Batch, ties_of: Mapping[int, Ties]) -> None:
    for track_id, ties in ties_of.items():
        if len(ties) > 1:
            reason = f"it ties {name_tracks(ties)}, whose splits never change"
            batch.decide(track_id, EXCLUDED, min(batch.keys[track_id]), reason)


def _join_groups(
    batch: _Batch, ties_of: Mapping[int, Ties], pairs: Sequence[tuple[int, int]]
) -> tuple[dict[str, list[int]], dict[int, frozenset[str]]]:
    """Decide for all groups that are tied to assigned tracks.

    Returns the other groups (key to track ids), and which groups of assigned tracks a new track has joined into one.
    """
    untied: dict[str, list[int]] = {}
    joined: dict[int, frozenset[str]] = {}
    for key, track_ids in components(batch.undecided(), pairs).items():
        ties = merge_ties(ties_of[track_id] for track_id in track_ids)
        if not ties:
            untied[key] = track_ids
        elif len(ties) > 1:
            for track_id in track_ids:
                reason = f"its group ties {name_tracks(ties)}, whose splits never change"
                batch.decide(track_id, EXCLUDED, key, reason)
        else:
            (tie,) = ties.values()
            joined[track_ids[0]] = tie.groups
            for track_id in track_ids:
                own = ties_of[track_id].get(tie.split)
                reason = own.phrase if own else f"tied to track {tie.track_id} through other new tracks"
                batch.decide(track_id, tie.split, tie.group, reason)
    return untied, joined


def _assign_by_quota(
    batch: _Batch, groups: Mapping[str, list[int]], assigned: Sequence[AssignedTrack]
) -> None:
    present = Counter(
        (track.track.label, track.assignment.split, track.assignment.group)
        for track in (*assigned, *batch.decided())
        if track.assignment.split != EXCLUDED
    )
    labels = {
        key: Counter(batch.tracks[track_id].label for track_id in track_ids)
        for key, track_ids in groups.items()
    }
    for key, split in splits_by_quota(labels, present).items():
        for track_id in groups[key]:
            batch.decide(track_id, split, key, "its group was assigned by quota")


def _with_merged_groups(
    by_track: Mapping[int, SplitAssignment], joined: Mapping[int, frozenset[str]]
) -> SplitAssignments:
    """The assignments with one key for groups that new tracks have joined into one."""
    new_key = {
        group: key
        for key, track_ids in components(joined).items()
        for track_id in track_ids
        for group in joined[track_id]
    }
    renamed = {
        track_id: replace(assignment, group=new_key.get(assignment.group, assignment.group))
        for track_id, assignment in by_track.items()
    }
    return SplitAssignments(renamed, {old: new for old, new in new_key.items() if old != new})
