"""Refresh the states of tracks that triggers have recorded as changed, and the counts of these states."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, text

from db.engine import Lock, lock_until_commit
from db.models.base import Base
from db.models.track_state import TrackState, TrackStateMember

SUMS: Final = (
    "features",
    "tempo_count",
    "tempo_sum",
    "loudness_count",
    "loudness_sum",
    "onset_count",
    "onset_sum",
)


def _columns(model: type[Base]) -> list[str]:
    return [column.name for column in model.__table__.columns]


def _listed(pattern: str, names: Sequence[str]) -> str:
    return ", ".join(pattern.format(name) for name in names)


# A state is the combination of these columns: all but its id and its counts.
FACTS: Final = [name for name in _columns(TrackState) if name not in ("id", "tracks", *SUMS)]
OF_TRACK: Final = [name for name in _columns(TrackStateMember) if name != "track_id"]
# One statement: a concurrent reader sees a track either as changed or in the counts.
REFRESH: Final = f"""
    WITH taken AS (
        DELETE FROM changed_tracks WHERE id IN (SELECT id FROM changed_tracks ORDER BY id LIMIT :changes)
        RETURNING track_id
    ), changed AS MATERIALIZED (
        SELECT DISTINCT track_id FROM taken
    ), fresh AS MATERIALIZED (
        SELECT f.* FROM changed JOIN track_facts f ON f.track_id = changed.track_id
    ), stale AS MATERIALIZED (
        SELECT ts.* FROM changed JOIN track_state_members ts ON ts.track_id = changed.track_id
    ), difference AS (
        SELECT state_id, sum(tracks)::bigint AS tracks, {_listed("sum({0}) AS {0}", SUMS)}
          FROM (SELECT state_id, 1 AS tracks, {_listed("{0}", SUMS)} FROM fresh
                UNION ALL
                SELECT state_id, -1, {_listed("-{0}", SUMS)} FROM stale) AS entry
         GROUP BY state_id
    ), entered AS (
        INSERT INTO track_states AS s (id, {_listed("{0}", FACTS)}, tracks, {_listed("{0}", SUMS)})
        SELECT DISTINCT ON (f.state_id) f.state_id, {_listed("f.{0}", FACTS)},
               d.tracks, {_listed("d.{0}", SUMS)}
          FROM fresh f JOIN difference d ON d.state_id = f.state_id
        ON CONFLICT (id) DO UPDATE SET
               {_listed("{0} = s.{0} + excluded.{0}", ("tracks", *SUMS))}
    ), left_behind AS (
        UPDATE track_states s SET {_listed("{0} = s.{0} + d.{0}", ("tracks", *SUMS))}
          FROM difference d
         WHERE d.state_id = s.id AND NOT EXISTS (SELECT FROM fresh f WHERE f.state_id = s.id)
    ), gone AS (
        DELETE FROM track_state_members ts USING stale
         WHERE ts.track_id = stale.track_id AND NOT EXISTS (SELECT FROM fresh f WHERE f.track_id = ts.track_id)
    ), placed AS (
        INSERT INTO track_state_members AS ts (track_id, {_listed("{0}", OF_TRACK)})
        SELECT track_id, {_listed("{0}", OF_TRACK)} FROM fresh ORDER BY track_id
        ON CONFLICT (track_id) DO UPDATE SET {_listed("{0} = excluded.{0}", OF_TRACK)}
         WHERE ({_listed("ts.{0}", OF_TRACK)}) IS DISTINCT FROM ({_listed("excluded.{0}", OF_TRACK)})
    ), members AS (
        INSERT INTO playlist_track_states AS ps (playlist_id, state_id, tracks)
        SELECT playlist_id, state_id, sum(tracks)
          FROM (SELECT unnest(playlists) AS playlist_id, state_id, 1 AS tracks FROM fresh
                UNION ALL
                SELECT unnest(playlists), state_id, -1 FROM stale) AS entry
         GROUP BY playlist_id, state_id HAVING sum(tracks) <> 0
        ON CONFLICT (playlist_id, state_id) DO UPDATE SET tracks = ps.tracks + excluded.tracks
    )
    SELECT count(*) FROM taken
"""
# Sums the rows of each model to one row for each pair of labels.
SUM_PREDICTIONS: Final = """
    WITH entries AS (DELETE FROM holdout_predictions
                      RETURNING model_id, true_label_id, nearest_id, tracks, unknown, confidence)
    INSERT INTO holdout_predictions (model_id, true_label_id, nearest_id, tracks, unknown, confidence)
    SELECT model_id, true_label_id, nearest_id, sum(tracks), sum(unknown), sum(confidence)
      FROM entries GROUP BY model_id, true_label_id, nearest_id HAVING sum(tracks) <> 0
"""


def lock_track_states(connection: Connection) -> None:
    """Keep other refreshes out until the transaction ends, after waiting for a running one."""
    lock_until_commit(connection, Lock.TRACK_STATES)


def refresh_track_states(connection: Connection, changes: int) -> int:
    """Refresh the states of the tracks of the oldest `changes` changes; returns the number of changes.

    The cost grows with the changes, not with the tracks. Only one refresh runs at a time, until its transaction ends.
    """
    if not connection.scalar(text("SELECT EXISTS (SELECT FROM changed_tracks)")):
        return 0  # the plan of the statement alone takes some milliseconds
    lock_track_states(connection)
    refreshed: int = connection.execute(text(REFRESH), {"changes": changes}).scalar_one()
    return refreshed


def compact_track_states(connection: Connection) -> None:
    """Delete counts of zero and sum the counts of holdout predictions. The cost grows with the number of counts."""
    lock_track_states(connection)
    connection.execute(text("DELETE FROM track_states WHERE tracks = 0"))
    connection.execute(text("DELETE FROM playlist_track_states WHERE tracks = 0"))
    connection.execute(text(SUM_PREDICTIONS))
