"""Write the state of providers, lookups without a result, and the pace of requests."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert as upsert

from db.models.clips import AudioFeatures
from db.write.rows import Row, arrays


class LookupRow(TypedDict):
    """A lookup of a track without a result: the reason in one word, and whether the next run repeats it."""

    track_id: int
    source: str
    reason: str
    detail: str
    again: bool
    doubtful: bool
    version: str | None
    checked_at: datetime


def note_trouble(
    connection: Connection,
    provider: str,
    capability: str,
    reason: str,
    blocked_until: datetime | None = None,
) -> None:
    """Write that a capability of a provider does not work, with the reason and the end of a pause."""
    connection.execute(
        text("""
            INSERT INTO provider_state (provider, capability, works, reason, blocked_until)
            VALUES (:provider, :capability, false, :reason, :blocked_until)
            ON CONFLICT (provider, capability) DO UPDATE SET
                   works = false, reason = excluded.reason,
                   blocked_until = excluded.blocked_until, checked_at = now()
        """),
        {
            "provider": provider,
            "capability": capability,
            "reason": reason,
            "blocked_until": blocked_until,
        },
    )


def note_works(connection: Connection, provider: str, capability: str) -> None:
    """Write that a capability works again, unless a pause has not ended. One without a failure has no row."""
    connection.execute(
        text("""
            UPDATE provider_state SET works = true, reason = NULL, blocked_until = NULL, checked_at = now()
             WHERE (provider, capability) = (:provider, :capability) AND NOT works
               AND (blocked_until IS NULL OR blocked_until <= now())
        """),
        {"provider": provider, "capability": capability},
    )


def claim_tracks(connection: Connection, track_ids: Sequence[int]) -> list[int]:
    """Lock those of the tracks that no other transaction has locked; returns their ids."""
    query = text("""
        SELECT id FROM tracks WHERE id = ANY(:tracks) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    """)
    return list(connection.scalars(query, {"tracks": list(track_ids)}))


def save_not_found(connection: Connection, kind: str, rows: Sequence[LookupRow]) -> None:
    """Write lookups without a result. A repeated doubtful result keeps the time of the first one."""
    if not rows:
        return
    connection.execute(
        text("""
            INSERT INTO lookups AS l
                   (kind, track_id, source, reason, detail, again, doubted_since, version, checked_at)
            SELECT :kind, track_id, source, reason, detail, again,
                   CASE WHEN doubtful THEN checked_at END, version, checked_at
              FROM unnest(
                   CAST(:track_id AS bigint[]), CAST(:source AS text[]), CAST(:reason AS text[]),
                   CAST(:detail AS text[]), CAST(:again AS boolean[]), CAST(:doubtful AS boolean[]),
                   CAST(:version AS text[]), CAST(:checked_at AS timestamptz[])
                   ) AS lookup (track_id, source, reason, detail, again, doubtful, version, checked_at)
             ORDER BY track_id, source
            ON CONFLICT (track_id, kind, source) DO UPDATE SET
                   tries = CASE WHEN l.again AND excluded.again AND excluded.doubted_since IS NULL
                                THEN least(l.tries + 1, 1000) ELSE 1 END,
                   doubted_since = CASE WHEN excluded.doubted_since IS NOT NULL
                                        THEN coalesce(l.doubted_since, excluded.doubted_since) END,
                   reason = excluded.reason, detail = excluded.detail, again = excluded.again,
                   version = excluded.version, checked_at = excluded.checked_at
        """),
        {
            "kind": kind,
            **arrays(
                rows, "track_id", "source", "reason", "detail", "again", "doubtful", "version", "checked_at"
            ),
        },
    )


def forget_not_found(connection: Connection, kind: str, found: Sequence[tuple[int, str]]) -> None:
    """Delete the lookups of (track, source) pairs that have a result now."""
    connection.execute(
        text("""
            DELETE FROM lookups l
             USING unnest(CAST(:tracks AS bigint[]), CAST(:sources AS text[])) AS found (track_id, source)
             WHERE (l.track_id, l.kind, l.source) = (found.track_id, :kind, found.source)
        """),
        {
            "kind": kind,
            "tracks": [track_id for track_id, _ in found],
            "sources": [source for _, source in found],
        },
    )


def save_track_features(connection: Connection, rows: Sequence[Row]) -> None:
    """Write a provider's audio features of whole tracks, in place of earlier ones."""
    if not rows:
        return
    statement = upsert(AudioFeatures)
    replaced = [name for name in rows[0] if name not in ("track_id", "origin")]
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["track_id", "origin"],
            index_where=text("clip_id IS NULL"),
            set_={name: statement.excluded[name] for name in replaced},
        ),
        list(rows),
    )


def forget_lost_audio(connection: Connection) -> int:
    """Delete clips whose stored audio is missing, so that the next ingest searches again; returns their number."""
    lost = "DELETE FROM clips WHERE uri LIKE 'store:%' AND status = 'rejected' AND reason = 'missing'"
    return connection.execute(text(lost)).rowcount


def take_turn(connection: Connection, service: str, requests: int, window_s: float) -> float:
    """Book the next request to a service; returns the seconds until it may start, by the server's clock.

    At most `requests` start in any `window_s` seconds. It is one statement, so that concurrent calls wait for its row.
    """
    turn = text("""
        INSERT INTO request_pace AS pace (service, starts) VALUES (:service, ARRAY[clock_timestamp()])
        ON CONFLICT (service) DO UPDATE SET starts = CASE
               -- a start that far ahead comes from a clock that was set back
               WHEN pace.starts[cardinality(pace.starts)]
                    > clock_timestamp() + 100 * make_interval(secs => :window)
               THEN ARRAY[clock_timestamp()]
               ELSE (pace.starts || greatest(
                         clock_timestamp(),
                         pace.starts[cardinality(pace.starts)],
                         pace.starts[cardinality(pace.starts) - :requests + 1]
                             + make_interval(secs => :window)))
                    [greatest(1, cardinality(pace.starts) + 2 - :requests) :]
               END
        RETURNING extract(epoch FROM starts[cardinality(starts)] - clock_timestamp())
    """)
    return float(
        connection.execute(turn, {"service": service, "requests": requests, "window": window_s}).scalar_one()
    )
