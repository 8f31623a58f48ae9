"""What could not be used, how much of everything there is, and any view whole."""

from typing import Any

from sqlalchemy import Connection, Row, text

from db.read.rows import Rows


def problems(connection: Connection) -> Rows:
    """Each reason for which something could not be used: reason, count, and one example with its cure."""
    return connection.execute(
        text("""
            SELECT reason, sum(tracks)::bigint AS count, min(detail) AS example
              FROM (SELECT reason, detail, 1 AS tracks FROM rejected_records WHERE resolved_at IS NULL
                    UNION ALL
                    SELECT c.reason, (SELECT o.detail FROM clips o
                                       WHERE o.status = 'rejected' AND o.reason = c.reason LIMIT 1), count(*)
                      FROM clips c WHERE c.status = 'rejected' GROUP BY c.reason
                    UNION ALL
                    SELECT status, 'A clip is shorter than one crop; it is kept but not used.', 1
                      FROM clips WHERE status = 'too_short'
                    UNION ALL
                    SELECT 'ambiguous', 'The track is in playlists of two labels; it is kept out of training.', tracks
                      FROM track_states_now WHERE ambiguous
                    UNION ALL
                    SELECT split, 'A track is kept out of training: ' || rtrim(reason, '.') || '.', 1
                      FROM track_splits WHERE split = 'excluded'
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
    ).all()


def counts(connection: Connection) -> Row[Any]:
    """How much there is of everything, for a screen of status."""
    return connection.execute(
        text("""
            SELECT (SELECT count(DISTINCT label_id) FROM playlists) AS labels,
                   (SELECT count(*) FROM playlists) AS playlists,
                   coalesce(sum(s.tracks), 0)::bigint AS tracks,
                   coalesce(sum(s.tracks * s.clips), 0)::bigint AS clips,
                   coalesce(sum(s.tracks * s.clips_ready), 0)::bigint AS clips_ready,
                   coalesce(sum(s.tracks * s.clips_new), 0)::bigint AS clips_waiting,
                   coalesce(sum(s.tracks) FILTER (
                       WHERE s.scored_by = (SELECT id FROM models WHERE status = 'champion')), 0)::bigint
                       AS tracks_predicted,
                   (SELECT count(*) FROM models WHERE status <> 'baseline') AS models
              FROM track_states_now s
        """)
    ).one()


def view(connection: Connection, name: str) -> Rows:
    """All rows of one of our own views."""
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no name of a view.")
    return connection.execute(text(f"SELECT * FROM {name}")).all()
