"""Queries of tracks with and without a split, and of clips that may hold the same recording."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from db.read.rows import typed_rows
from db.read.tracks.state import LEARNABLE, learnable, tracks_in_state


class TrackWithoutSplit(NamedTuple):
    """A track to assign; `former_split` is its split before a removal, `artists` are names in order of the credit."""

    track_id: int
    label: str
    title: str
    album: str | None
    artists: list[str]
    former_split: str | None


class TrackWithSplit(NamedTuple):
    """A track with its split and group; its label is None unless it has exactly one now."""

    track_id: int
    label: str | None
    title: str
    album: str | None
    artists: list[str]
    split: str
    group_key: str
    scheme: str


class ClipPair(NamedTuple):
    """A clip, and a clip of another track that may hold the same recording."""

    track_id: int
    clip_id: int
    other_track_id: int
    other_clip_id: int


class ClipFingerprint(NamedTuple):
    """The landmarks of a clip, as bytes."""

    clip_id: int
    landmarks: bytes


class TrackFingerprint(NamedTuple):
    """The landmarks of a clip of a track, as bytes."""

    track_id: int
    landmarks: bytes


# Labels with learnable tracks (see `db.read.tracks.state.LEARNABLE`) both to train on and to hold out.
TRAINABLE: Final = f"""
    trainable AS (
        SELECT label_id
          FROM (SELECT s.label_id, s.split FROM track_states_now s
                 WHERE {LEARNABLE} AND s.split IN ('train', 'holdout')
                 GROUP BY s.label_id, s.split HAVING sum(s.tracks) > 0) AS split
         GROUP BY label_id HAVING count(*) = 2
    )
"""
# The names of a track's artists in order of credit, the track being `t`.
ARTISTS: Final = """
    ARRAY(SELECT a.name FROM track_artists ta JOIN artists a ON a.id = ta.artist_id
           WHERE ta.track_id = t.id ORDER BY ta.position)
"""
# The key of a track `t` after its removal: a hash, as its name must not be kept.
TRACK_KEY: Final = "encode(sha256(convert_to(t.provider || ':' || t.external_id, 'UTF8')), 'hex')"


def tracks_without_split(
    connection: Connection, config_id: int, allowed: Sequence[str]
) -> list[TrackWithoutSplit]:
    """Learnable tracks without a split.

    A track with a new clip waits for its extraction: once assigned, it could not join its near-duplicates.
    """
    result = connection.execute(
        text(f"""
            WITH waiting AS (SELECT {tracks_in_state(f"{LEARNABLE} AND s.split IS NULL AND s.clips_new = 0")} AS tracks)
            SELECT t.id AS track_id, l.name AS label, t.title, t.album, {ARTISTS} AS artists,
                   fs.split AS former_split
              FROM track_labels tl
              JOIN tracks t ON t.id = tl.track_id
              JOIN labels l ON l.id = tl.label_id
              LEFT JOIN former_splits fs ON fs.track_key = {TRACK_KEY}
             WHERE tl.track_id = ANY((SELECT tracks FROM waiting)::bigint[])
               AND tl.origins && :allowed
               AND EXISTS (SELECT FROM clips c JOIN spectrograms s ON s.clip_id = c.id AND s.config_id = :config
                            WHERE c.track_id = t.id AND c.status = 'ready' AND c.provider = ANY(:allowed))
               AND NOT EXISTS (SELECT FROM track_splits ts WHERE ts.track_id = t.id)
               AND EXISTS (SELECT FROM clips c JOIN fingerprints f ON f.clip_id = c.id WHERE c.track_id = t.id)
               AND NOT EXISTS (SELECT FROM clips c WHERE c.track_id = t.id AND c.status = 'new')
             ORDER BY t.id
        """),
        {"config": config_id, **learnable(config_id, allowed)},
    )
    return typed_rows(TrackWithoutSplit, result)


def count_tracks_without_split(connection: Connection, allowed: Sequence[str]) -> int:
    """Number of learnable tracks of the newest spectrogram config without a split.

    The next training assigns them. The query sums over track states.
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


def tracks_with_split(connection: Connection) -> list[TrackWithSplit]:
    """All tracks with a split, with the excluded ones, learnable now or not."""
    result = connection.execute(
        text(f"""
            SELECT t.id AS track_id, l.name AS label, t.title, t.album, {ARTISTS} AS artists,
                   ts.split, ts.group_key, ts.scheme
              FROM track_splits ts
              JOIN tracks t ON t.id = ts.track_id
              LEFT JOIN track_labels tl ON tl.track_id = t.id
              LEFT JOIN labels l ON l.id = tl.label_id
             ORDER BY t.id
        """)
    )
    return typed_rows(TrackWithSplit, result)


def fingerprint_candidates(connection: Connection, track_ids: Sequence[int]) -> list[ClipPair]:
    """Clips of these tracks, each with the clips of other tracks whose sketches overlap.

    A pair of two of these tracks comes in both orders. Each clip costs one search of an index.
    """
    result = connection.execute(
        text("""
            SELECT track_id, clip_id, other_track_id, other_clip_id FROM (
                SELECT c.track_id, c.id AS clip_id,
                       -- No join: PostgreSQL overestimates the overlaps, and would read all clips.
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
    )
    return typed_rows(ClipPair, result)


def fingerprints(connection: Connection, clip_ids: Sequence[int]) -> list[ClipFingerprint]:
    """The fingerprints of those of these clips that have one."""
    result = connection.execute(
        text("SELECT clip_id, landmarks FROM fingerprints WHERE clip_id = ANY(:clips) ORDER BY clip_id"),
        {"clips": list(clip_ids)},
    )
    return typed_rows(ClipFingerprint, result)


def fingerprints_of_tracks(
    connection: Connection, track_ids: Sequence[int], version: int
) -> list[TrackFingerprint]:
    """The fingerprints of this version of all clips of these tracks."""
    result = connection.execute(
        text("""
            SELECT c.track_id, f.landmarks FROM clips c JOIN fingerprints f ON f.clip_id = c.id
             WHERE c.track_id = ANY(:tracks) AND f.version = :version ORDER BY c.track_id, c.id
        """),
        {"tracks": list(track_ids), "version": version},
    )
    return typed_rows(TrackFingerprint, result)


def trainable_labels(connection: Connection, config_id: int, allowed: Sequence[str]) -> list[int]:
    """Ids of the labels with learnable tracks both to train on and to hold out."""
    return list(
        connection.scalars(
            text(f"WITH {TRAINABLE} SELECT label_id FROM trainable ORDER BY label_id"),
            learnable(config_id, allowed),
        )
    )
