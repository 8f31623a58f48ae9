"""Work out how changed tracks stand, and count them: what triggers have noted becomes part of the counts."""

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


# What a standing consists of: all columns of its row but for the counts.
FACTS: Final = [name for name in _columns(TrackState) if name not in ("id", "tracks", *SUMS)]
OF_TRACK: Final = [name for name in _columns(TrackStateMember) if name != "track_id"]
# One statement, so that whoever reads meanwhile sees a track either among the changed ones or in the counts.
SETTLE: Final = f"""
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
    ), standing AS (
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
# The entries of each model are added up to one for each pair of labels.
ADD_UP: Final = """
    WITH entries AS (DELETE FROM holdout_predictions RETURNING *)
    INSERT INTO holdout_predictions (model_id, true_label_id, nearest_id, tracks, unknown, confidence)
    SELECT model_id, true_label_id, nearest_id, sum(tracks), sum(unknown), sum(confidence)
      FROM entries GROUP BY model_id, true_label_id, nearest_id HAVING sum(tracks) <> 0
"""


def lock_track_states(connection: Connection) -> None:
    """Keep others from counting until the transaction ends; waits for whoever is at it."""
    lock_until_commit(connection, Lock.TRACK_STATES)


def refresh_track_states(connection: Connection, changes: int) -> int:
    """Work out how the tracks of so many changes stand, oldest first; returns how many changes there were.

    Grows with these, not with the tracks. Whoever settles does so alone, until the transaction ends.
    """
    if not connection.scalar(text("SELECT EXISTS (SELECT FROM changed_tracks)")):
        return 0  # to plan the statement alone would take some milliseconds
    lock_track_states(connection)
    settled: int = connection.execute(text(SETTLE), {"changes": changes}).scalar_one()
    return settled


def compact_track_states(connection: Connection) -> None:
    """Drop counts that have come to nothing, and add up the entries of answers. Grows with the counts."""
    lock_track_states(connection)
    connection.execute(text("DELETE FROM track_states WHERE tracks = 0"))
    connection.execute(text("DELETE FROM playlist_track_states WHERE tracks = 0"))
    connection.execute(text(ADD_UP))
