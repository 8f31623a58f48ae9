"""Give each new track its place: on one side of the split for good, together with whatever it is tied to."""

from collections.abc import Sequence
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from db import read
from db.engine import Lock, hold_lock, share_lock
from db.write.splits import merge_groups, save_splits
from flows.batch.batches import batches
from flows.prefect_tools.progress import progress_bar
from ml.features.fingerprint import same_recording
from ml.splits.assign import ASIDE, Placed, Placement, TrackInfo, assign_splits

TRACKS_AT_ONCE = 16  # whose candidates are asked for together: of each about one in a hundred clips
PAIRS_AT_ONCE = 2_000  # of clips, whose landmarks are in memory together: 9 KiB a clip


@task(name="place new tracks", cache_policy=NO_CACHE)
def place_new_tracks(engine: Engine, config_id: int, allowed: Sequence[str]) -> int:
    """Place the tracks that may be learnt from and have no place yet, in one transaction; returns how many.

    Nothing but one query where there are none. Else grows with the new tracks, each of which asks an index for
    candidates by its fingerprint, and one pass over the placed ones. Waits for another run that is placing, and for one
    that removes content.
    """
    with share_lock(engine, Lock.CONTENT), hold_lock(engine, Lock.SPLIT_ASSIGNMENT):
        return _place(engine, config_id, allowed)


def _place(engine: Engine, config_id: int, allowed: Sequence[str]) -> int:
    with engine.connect() as connection:
        unplaced = read.splits.tracks_without_split(connection, config_id, allowed)
        if not unplaced:
            return 0
        standing = read.splits.tracks_with_split(connection)
    placed = [
        Placed(_track(row), Placement(row.split, row.group_key, row.scheme, "placed before"))
        for row in standing
    ]
    new = [_track(row) for row in unplaced]
    pairs = same_recordings(engine, [row.track_id for row in unplaced], [row.track_id for row in standing])
    former = {row.track_id: row.former_split for row in unplaced if row.former_split}
    assignment = assign_splits(new, placed, pairs, former)
    placements = assignment.placements
    rows = [
        {
            "track_id": track_id,
            "group_key": placement.group,
            "scheme": placement.scheme,
            "split": placement.split,
            "reason": placement.reason,
        }
        for track_id, placement in placements.items()
    ]
    with engine.begin() as connection:
        number = save_splits(connection, rows)
        merge_groups(connection, assignment.merged)
    aside = sum(placement.split == ASIDE for placement in placements.values())
    get_run_logger().info(
        "Placed %d new tracks, %d of them aside; %d pairs hold one recording.", number, aside, len(pairs)
    )
    return number


def same_recordings(engine: Engine, new: Sequence[int], placed: Sequence[int]) -> set[tuple[int, int]]:
    """Pairs of track ids, one of them new, of which some clips hold the same recording.

    Only tracks that are placed or about to be are compared: no other one has a side. Landmarks of some pairs are in
    memory at a time.
    """
    fresh = set(new)
    known = fresh.union(placed)
    found: set[tuple[int, int]] = set()
    with engine.connect() as connection, progress_bar("Comparing recordings", len(new)) as advance:
        for some in batches(new, TRACKS_AT_ONCE):
            candidates = [
                row
                for row in read.splits.fingerprint_candidates(connection, some)
                # A pair of two new tracks comes both ways round.
                if row.other_track_id in known
                and not (row.other_track_id in fresh and row.other_track_id < row.track_id)
            ]
            for rows in batches(candidates, PAIRS_AT_ONCE):
                clip_ids = {clip for row in rows for clip in (row.clip_id, row.other_clip_id)}
                landmarks = {
                    row.clip_id: row.landmarks
                    for row in read.splits.fingerprints(connection, sorted(clip_ids))
                }
                for row in rows:
                    pair = (row.track_id, row.other_track_id)
                    one, other = landmarks.get(row.clip_id, b""), landmarks.get(row.other_clip_id, b"")
                    if pair not in found and same_recording(one, other):
                        found.add(pair)
            advance(len(some))
    return found


def _track(row: Any) -> TrackInfo:
    return TrackInfo(row.track_id, row.label, tuple(row.artists), row.album, row.title)
