"""Ties between new tracks and tracks that have a split already, one for each split."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ml.splits.grouping import keys
from ml.splits.splits import PREFERENCE, AssignedTrack


@dataclass(frozen=True, slots=True, order=True)
class Tie:
    """An assigned track that a new one is tied to, and by what. Of several in one split, the lowest id is named."""

    track_id: int  # of the assigned track
    phrase: str
    group: str
    split: str
    groups: frozenset[str] = field(compare=False)  # of all tied tracks in this split


Ties = dict[str, Tie]  # by split


def ties_of_new_tracks(
    keys_of: Mapping[int, set[str]], assigned: Iterable[AssignedTrack], pairs: Iterable[tuple[int, int]]
) -> dict[int, Ties]:
    """The ties of each new track to `assigned`: by common keys, or by `pairs` of ids that hold one recording.

    `keys_of` has the keys of each new track, by its id. Ties through other new tracks are not followed.
    """
    assigned_by_id = {track.track.track_id: track for track in assigned}
    ties_by_key = _ties_by_key(set().union(*keys_of.values()), assigned_by_id.values())
    ties_of = {
        track_id: merge_ties(ties_by_key[key] for key in own_keys if key in ties_by_key)
        for track_id, own_keys in keys_of.items()
    }
    for track_id, other in (pair for first, second in pairs for pair in ((first, second), (second, first))):
        if track_id in keys_of and other in assigned_by_id:
            _add(
                ties_of[track_id],
                _tie(assigned_by_id[other], f"same recording as track {other} by fingerprint"),
            )
    return ties_of


def _ties_by_key(wanted: set[str], assigned: Iterable[AssignedTrack]) -> Mapping[str, Ties]:
    ties: dict[str, Ties] = defaultdict(dict)
    for track in assigned:
        track_id, assignment = track.track.track_id, track.assignment
        # The group's key ties, too: the track may have joined the group by it, through a track that is gone.
        for key in wanted & (keys(track.track, assignment.scheme) | {assignment.group}):
            phrase = f"in the group of track {track_id} by {key.partition(':')[0]}"
            _add(ties[key], _tie(track, phrase))
    return ties


def _tie(track: AssignedTrack, phrase: str) -> Tie:
    group, split = track.assignment.group, track.assignment.split
    return Tie(track.track.track_id, phrase, group, split, frozenset({group}))


def _add(ties: Ties, tie: Tie) -> None:
    present = ties.get(tie.split, tie)
    ties[tie.split] = replace(min(present, tie), groups=present.groups | tie.groups)


def merge_ties(several: Iterable[Ties]) -> Ties:
    """The ties of several tracks as those of one: in each split the lowest id, and all groups."""
    merged: Ties = {}
    for ties in several:
        for tie in ties.values():
            _add(merged, tie)
    return merged


def name_tracks(ties: Ties) -> str:
    """The tied tracks with their splits: "track 1 (train) and track 7 (holdout)"."""
    return " and ".join(f"track {ties[split].track_id} ({split})" for split in PREFERENCE if split in ties)
