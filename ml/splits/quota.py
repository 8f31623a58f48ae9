"""Splits for groups of tracks by quota: each group gets the split that its labels lack most.

A quota rather than the bare hash of the group: by hash, one in three labels with five albums would have no holdout.
The hash only orders groups of one size, so that the same tracks get the same splits on every machine.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ml.splits.splits import PREFERENCE, SHARES

Label = str | None


def splits_by_quota(
    new_groups: Mapping[str, Counter[Label]], present: Mapping[tuple[Label, str, str], int]
) -> dict[str, str]:
    """The split of each new group, large groups first.

    `new_groups` has the tracks of each group by label; `present` the tracks that have a split, by label, split and
    group. A split that a label still lacks comes first as soon as only as many groups remain as such splits.
    """
    quotas = _quotas(new_groups, present)
    split_of: dict[str, str] = {}
    for group in sorted(new_groups, key=lambda group: (-new_groups[group].total(), _hash(group))):
        of_group = [quotas[label] for label in sorted(new_groups[group], key=str)]
        split = max(PREFERENCE, key=lambda split: _urgency(of_group, split))
        split_of[group] = split
        for label, tracks in new_groups[group].items():
            quotas[label].in_split[split] += tracks
            quotas[label].groups_left -= 1
    return split_of


@dataclass(slots=True)
class _Quota:
    """The state of one label while groups are distributed."""

    tracks: int  # all of the label
    groups: int  # all of the label
    groups_left: int  # that have no split yet
    in_split: Counter[str]  # tracks

    def shares(self) -> dict[str, float]:
        """The shares that a label with this many groups can have: three splits need three groups."""
        possible = PREFERENCE[: min(self.groups, 3)]
        total = sum(SHARES[split] for split in possible)
        return {split: SHARES[split] / total for split in possible}


def _quotas(
    new_groups: Mapping[str, Counter[Label]], present: Mapping[tuple[Label, str, str], int]
) -> dict[Label, _Quota]:
    tracks: Counter[Label] = Counter()
    in_split: dict[Label, Counter[str]] = defaultdict(Counter)
    groups: dict[Label, set[str]] = defaultdict(set)
    left: Counter[Label] = Counter()
    for (label, split, group), size in present.items():
        tracks[label] += size
        in_split[label][split] += size
        groups[label].add(group)
    for group, by_label in new_groups.items():
        tracks.update(by_label)
        left.update(by_label.keys())
        for label in by_label:
            groups[label].add(group)
    return {
        label: _Quota(tracks[label], len(groups[label]), left[label], in_split[label]) for label in tracks
    }


def _urgency(quotas: list[_Quota], split: str) -> tuple[int, float]:
    """For how many labels this split is the last chance; then how far they are below its share, summed."""
    forced, deficit = 0, 0.0
    for quota in quotas:
        shares = quota.shares()
        empty = [name for name in shares if not quota.in_split[name]]
        forced += split in empty and quota.groups_left <= len(empty)
        deficit += shares.get(split, -1.0) - quota.in_split[split] / quota.tracks
    return forced, deficit


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
