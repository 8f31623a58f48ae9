"""Statements that read which tracks can be learnt from, and on which side of the split they stand."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from db.read.track_state import LEARNABLE, learnable, tracks_in_state

Rows = Sequence[Row[Any]]

# Labels with tracks that may be learnt from (see `db.read.track_state.LEARNABLE`) on both sides.
TRAINABLE: Final = f"""
    trainable AS (
        SELECT label_id
          FROM (SELECT s.label_id, s.split FROM track_states_now s
                 WHERE {LEARNABLE} AND s.split IN ('train', 'holdout')
                 GROUP BY s.label_id, s.split HAVING sum(s.tracks) > 0) AS side
         GROUP BY label_id HAVING count(*) = 2
    )
"""
# The names of a track's artists in order of credit, the track being `t`.
ARTISTS: Final = """
    ARRAY(SELECT a.name FROM track_artists ta JOIN artists a ON a.id = ta.artist_id
           WHERE ta.track_id = t.id ORDER BY ta.position)
"""
# What a track `t` is remembered by once it is removed: not its name, which may not be kept.
TRACK_KEY: Final = "encode(sha256(convert_to(t.provider || ':' || t.external_id, 'UTF8')), 'hex')"


def tracks_without_split(connection: Connection, config_id: int, allowed: Sequence[str]) -> Rows:
    """Tracks that may be learnt from and have no place yet: track_id, label (name), title, album, artists (names).

    `former_split` is where a track stood before it was removed, if it was.

    A track of which not all clips have been extracted waits: once placed, it could not join its near-duplicates.
    """
    return connection.execute(
        text(f"""
            WITH waiting AS (SELECT {tracks_in_state(f"{LEARNABLE} AND s.split IS NULL AND s.clips_new = 0")} AS tracks)
            SELECT t.id AS track_id, l.name AS label, t.title, t.album, {ARTISTS} AS artists,
                   fp.split AS former_split
              FROM track_labels tl
              JOIN tracks t ON t.id = tl.track_id
              JOIN labels l ON l.id = tl.label_id
              LEFT JOIN former_splits fp ON fp.track_key = {TRACK_KEY}
             WHERE tl.track_id = ANY((SELECT tracks FROM waiting)::bigint[])
               AND tl.origins && :allowed
               AND EXISTS (SELECT FROM clips c JOIN spectrograms s ON s.clip_id = c.id AND s.config_id = :recipe
                            WHERE c.track_id = t.id AND c.status = 'ready' AND c.provider = ANY(:allowed))
               AND NOT EXISTS (SELECT FROM track_splits ts WHERE ts.track_id = t.id)
               AND EXISTS (SELECT FROM clips c JOIN fingerprints f ON f.clip_id = c.id WHERE c.track_id = t.id)
               AND NOT EXISTS (SELECT FROM clips c WHERE c.track_id = t.id AND c.status = 'new')
             ORDER BY t.id
        """),
        {"recipe": config_id, **learnable(config_id, allowed)},
    ).all()


def count_tracks_without_split(connection: Connection, allowed: Sequence[str]) -> int:
    """How many tracks may be learnt from, with the newest spectrograms, and have no place on a side yet.

    The next training gives them one. A few sums over the standings of tracks.
    """
    config_id = connection.scalar(text("SELECT max(id) FROM spectrogram_configs"))
    if config_id is None:
        return 0
    number = connection.scalar(
        text(f"""
            SELECT coalesce(sum(s.tracks), 0)::bigint FROM track_states_now s
             WHERE {LEARNABLE} AND s.split IS NULL AND s.clips_new = 0
        """),
        learnable(config_id, allowed),
    )
    return int(number or 0)


def tracks_with_split(connection: Connection) -> Rows:
    """All tracks that have a place, those put aside too, whatever may be learnt from now.

    Rows have track_id, label (name; None where it has none now), title, album, artists (names), split, group_key
    and scheme.
    """
    return connection.execute(
        text(f"""
            SELECT t.id AS track_id, l.name AS label, t.title, t.album, {ARTISTS} AS artists,
                   ts.split, ts.group_key, ts.scheme
              FROM track_splits ts
              JOIN tracks t ON t.id = ts.track_id
              LEFT JOIN track_labels tl ON tl.track_id = t.id
              LEFT JOIN labels l ON l.id = tl.label_id
             ORDER BY t.id
        """)
    ).all()


def fingerprint_candidates(connection: Connection, track_ids: Sequence[int]) -> Rows:
    """Clips of these tracks beside clips of other tracks that may be the same recording, by their sketches.

    Rows have track_id, clip_id, other_track_id and other_clip_id. A pair whose tracks are both among these comes
    both ways round. One search of an index for each clip.
    """
    return connection.execute(
        text("""
            SELECT * FROM (
                SELECT c.track_id, c.id AS clip_id,
                       -- One by one: PostgreSQL expects far too many overlaps, and would read all clips for a join.
                       (SELECT track_id FROM clips WHERE id = o.clip_id) AS other_track_id,
                       o.clip_id AS other_clip_id
                  FROM clips c
                  JOIN fingerprints f ON f.clip_id = c.id
                  JOIN fingerprints o ON o.sketch && f.sketch AND o.version = f.version AND o.clip_id <> c.id
                 WHERE c.track_id = ANY(:tracks)
            ) AS pair
             WHERE other_track_id <> track_id
             ORDER BY clip_id, other_clip_id
        """),
        {"tracks": list(track_ids)},
    ).all()


def fingerprints(connection: Connection, clip_ids: Sequence[int]) -> Rows:
    """clip_id and landmarks (bytes) of those of the clips that have a fingerprint."""
    return connection.execute(
        text("SELECT clip_id, landmarks FROM fingerprints WHERE clip_id = ANY(:clips) ORDER BY clip_id"),
        {"clips": list(clip_ids)},
    ).all()


def trainable_labels(connection: Connection, config_id: int, allowed: Sequence[str]) -> list[int]:
    """Ids of the labels that a training now would have: with usable tracks both to learn from and held out."""
    return list(
        connection.scalars(
            text(f"WITH {TRAINABLE} SELECT label_id FROM trainable ORDER BY label_id"),
            learnable(config_id, allowed),
        )
    )
