"""Queries of unusable content, and of totals for the status screen."""

from typing import NamedTuple

from sqlalchemy import Connection, text

from db.read.rows import typed_rows


class Counts(NamedTuple):
    """Totals of what playlists hold now.

    `clips_waiting` are new ones; `tracks_predicted` have a prediction of the champion.
    """

    labels: int
    playlists: int
    tracks: int
    clips: int
    clips_ready: int
    clips_waiting: int
    tracks_predicted: int
    models: int


class Problem(NamedTuple):
    """A reason for unusable content. `count` is a number of tracks or records, `example` a sentence with a cure."""

    reason: str
    # It hides tuple.count, which nothing uses.
    count: int  # type: ignore[assignment]
    example: str | None


def problems(connection: Connection) -> list[Problem]:
    """Each reason for unusable content, the most frequent first. Of tracks, those that a playlist holds count."""
    result = connection.execute(
        text("""
            WITH held AS NOT MATERIALIZED (SELECT track_id FROM playlist_tracks WHERE removed_at IS NULL)
            SELECT reason, sum(tracks)::bigint AS count, min(detail) AS example
              FROM (SELECT reason, detail, 1 AS tracks FROM rejected_records WHERE resolved_at IS NULL
                    UNION ALL
                    SELECT c.reason, min(c.detail), count(*)
                      FROM clips c WHERE c.status = 'rejected' AND c.track_id IN (SELECT track_id FROM held)
                     GROUP BY c.reason
                    UNION ALL
                    SELECT status, 'A clip is shorter than one crop; it is kept but not used.', 1
                      FROM clips WHERE status = 'too_short' AND track_id IN (SELECT track_id FROM held)
                    UNION ALL
                    SELECT 'ambiguous', 'The track is in playlists of two labels; it is kept out of training.', tracks
                      FROM track_states_now WHERE ambiguous
                    UNION ALL
                    SELECT split, 'A track is kept out of training: ' || rtrim(reason, '.') || '.', 1
                      FROM track_splits WHERE split = 'excluded' AND track_id IN (SELECT track_id FROM held)
                    UNION ALL
                    SELECT without_audio,
                           (SELECT l.detail FROM lookups l
                             WHERE l.kind = 'audio' AND l.source || ': ' || l.reason = without_audio LIMIT 1),
                           sum(tracks)::bigint
                      FROM track_states_now
                     WHERE clips = 0 AND without_audio <> 'not looked for yet'
                     GROUP BY without_audio) AS problem
             GROUP BY reason HAVING sum(tracks) > 0 ORDER BY count DESC, reason
        """)
    )
    return typed_rows(Problem, result)


def counts(connection: Connection) -> Counts:
    """The totals of the database; of playlists and tracks that have left, none."""
    result = connection.execute(
        text("""
            SELECT (SELECT count(DISTINCT label_id) FROM playlists WHERE removed_at IS NULL) AS labels,
                   (SELECT count(*) FROM playlists WHERE removed_at IS NULL) AS playlists,
                   coalesce(sum(s.tracks), 0)::bigint AS tracks,
                   coalesce(sum(s.tracks * s.clips), 0)::bigint AS clips,
                   coalesce(sum(s.tracks * s.clips_ready), 0)::bigint AS clips_ready,
                   coalesce(sum(s.tracks * s.clips_new), 0)::bigint AS clips_waiting,
                   coalesce(sum(s.tracks) FILTER (
                       WHERE s.scored_by = (SELECT id FROM models WHERE status = 'champion')), 0)::bigint
                       AS tracks_predicted,
                   (SELECT count(*) FROM models WHERE status <> 'baseline') AS models
              FROM track_states_now s WHERE s.origins <> '{}'
        """)
    )
    return typed_rows(Counts, result)[0]
