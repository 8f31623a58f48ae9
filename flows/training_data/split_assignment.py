"""Assign each new track to a split for good, together with all tracks that it is tied to."""

from collections.abc import Iterator, Sequence

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Connection, Engine

from db import read
from db.engine import Lock, hold_lock, share_lock
from db.read.splits import ClipPair, TrackWithoutSplit, TrackWithSplit
from db.write.splits import SplitRow, merge_groups, save_splits
from flows.batch.batches import batches
from flows.prefect_tools.progress import progress_bar
from ml.features.fingerprint import same_recording
from ml.splits.assign import EXCLUDED, AssignedTrack, SplitAssignment, TrackInfo, assign_splits

TRACKS_PER_QUERY = 16  # each track has candidates in about one of a hundred clips
PAIRS_IN_MEMORY = 2_000  # of clips, with landmarks of 9 KiB a clip


@task(task_run_name="splits of new tracks", cache_policy=NO_CACHE)
def assign_new_tracks(engine: Engine, config_id: int, allowed: Sequence[str]) -> int:
    """Assign usable tracks without a split to one, in one transaction; returns how many.

    Without new tracks it takes one query. Otherwise the time grows with the new tracks, each of which queries an index
    of fingerprints, plus one pass over all assigned tracks. Waits for another run that assigns splits, and for one that
    removes content.
    """
    with share_lock(engine, Lock.CONTENT), hold_lock(engine, Lock.SPLIT_ASSIGNMENT):
        return _assign(engine, config_id, allowed)


def _assign(engine: Engine, config_id: int, allowed: Sequence[str]) -> int:
    with engine.connect() as connection:
        new = read.splits.tracks_without_split(connection, config_id, allowed)
        if not new:
            return 0
        assigned = read.splits.tracks_with_split(connection)
    pairs = same_recordings(engine, [row.track_id for row in new], [row.track_id for row in assigned])
    assignment = assign_splits(
        [_track_info(row) for row in new],
        [_assigned_track(row) for row in assigned],
        pairs,
        {row.track_id: row.former_split for row in new if row.former_split},
    )
    rows = [_row(track_id, split) for track_id, split in assignment.by_track.items()]
    with engine.begin() as connection:
        number = save_splits(connection, rows)
        merge_groups(connection, assignment.merged_groups)
    excluded = sum(row["split"] == EXCLUDED for row in rows)
    get_run_logger().info(
        "Assigned %d new tracks to splits, %d of them excluded; %d pairs of tracks have the same recording.",
        number,
        excluded,
        len(pairs),
    )
    return number


def _row(track_id: int, assignment: SplitAssignment) -> SplitRow:
    """A row of track_splits."""
    return {
        "track_id": track_id,
        "group_key": assignment.group,
        "scheme": assignment.scheme,
        "split": assignment.split,
        "reason": assignment.reason,
    }


def same_recordings(engine: Engine, new: Sequence[int], assigned: Sequence[int]) -> set[tuple[int, int]]:
    """Pairs of track ids of which some clips have the same recording. At least one track of a pair is new.

    Other tracks than the `new` and `assigned` ones have no split, so they are not compared.
    """
    new_ids = set(new)
    compared = new_ids.union(assigned)
    pairs: set[tuple[int, int]] = set()
    with engine.connect() as connection, progress_bar("Comparing recordings", len(new)) as advance:
        for track_ids in batches(new, TRACKS_PER_QUERY):
            candidates = [
                row
                for row in read.splits.fingerprint_candidates(connection, track_ids)
                # A pair of two new tracks is found from both of them.
                if row.other_track_id in compared
                and not (row.other_track_id in new_ids and row.other_track_id < row.track_id)
            ]
            for rows in batches(candidates, PAIRS_IN_MEMORY):
                pairs.update(_matches(connection, rows, pairs))
            advance(len(track_ids))
    return pairs


def _matches(
    connection: Connection, rows: Sequence[ClipPair], found: set[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """The pairs of tracks whose clips have the same recording, without those that are `found` already."""
    clip_ids = {clip for row in rows for clip in (row.clip_id, row.other_clip_id)}
    fingerprints = read.splits.fingerprints(connection, sorted(clip_ids))
    landmarks = {row.clip_id: row.landmarks for row in fingerprints}
    for row in rows:
        pair = (row.track_id, row.other_track_id)
        if pair not in found and same_recording(
            landmarks.get(row.clip_id, b""), landmarks.get(row.other_clip_id, b"")
        ):
            yield pair


def _track_info(row: TrackWithoutSplit | TrackWithSplit) -> TrackInfo:
    return TrackInfo(row.track_id, row.label, tuple(row.artists), row.album, row.title)


def _assigned_track(row: TrackWithSplit) -> AssignedTrack:
    return AssignedTrack(
        _track_info(row), SplitAssignment(row.split, row.group_key, row.scheme, "assigned before")
    )
