"""Queries of the state of providers, and of tracks that lack audio or audio features."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from db.read.rows import typed_row, typed_rows
from db.read.tracks.state import tracks_in_state

# A lookup of audio that is final for a while: a plain "no", or the fifth transient fault in a row with one preview.
# An unreachable service or folder is never final, nor is a doubtful result.
FINAL = """
    l.kind = 'audio' AND l.checked_at > now() - make_interval(days => :days)
    AND (NOT l.again OR (l.tries >= 5 AND l.reason NOT IN ('unreachable', 'no_folder')))
    AND (l.source <> 'library' OR l.version IS NOT DISTINCT FROM :version)
"""
# Conditions on track states: some source has no lookup yet, or an old one.
WITHOUT_CLIPS = "s.clips = 0 AND s.origins <> '{}'"
NOT_SEARCHED = f"""
    {WITHOUT_CLIPS} AND (NOT s.asked @> CAST(:sources AS text[]) OR s.ask_again
                  OR 'library' = ANY(:sources) AND s.library_version IS DISTINCT FROM :version)
"""
UNMEASURED = "s.provider = ANY(:providers) AND s.origins <> '{}' AND NOT :origin = ANY(s.measured)"
# Least time between two lookups of a preview; below a day, since nightly runs do not start at the same minute.
ANOTHER_DAY = "20 hours"
LONG_AGO = "<= now() - make_interval(days => :days)"


class Pause(NamedTuple):
    """A provider accepts no request until this time, for a reason in a sentence."""

    reason: str
    blocked_until: datetime


class Trouble(NamedTuple):
    """A capability of a provider that does not work now; `blocked_until` is the end of a pause."""

    provider: str
    capability: str
    reason: str | None
    blocked_until: datetime | None
    checked_at: datetime


class WantedTrack(NamedTuple):
    """A track without a clip, with everything that a search for audio needs.

    `settled` are the sources with a final lookup, `doubted` those whose doubtful result is final once repeated.
    """

    track_id: int
    provider: str
    external_id: str
    title: str
    isrc: str | None
    duration_s: float | None
    preview_url: str | None
    artists: list[str]
    settled: list[str]
    doubted: list[str]


class TrackId(NamedTuple):
    """A track: its id, and that at its provider."""

    id: int
    external_id: str


def blocked(connection: Connection, provider: str) -> Pause | None:
    """The current pause of a provider, or None."""
    result = connection.execute(
        text("""
            SELECT reason, blocked_until FROM provider_state
             WHERE provider = :provider AND capability = 'api' AND blocked_until > now()
        """),
        {"provider": provider},
    )
    return typed_row(Pause, result)


def is_closed(connection: Connection, provider: str, capability: str, ask_again_days: int) -> bool:
    """Whether the provider denied this capability within the last `ask_again_days` days."""
    closed = text("""
        SELECT EXISTS (SELECT FROM provider_state
                        WHERE provider = :provider AND capability = :capability AND NOT works
                          AND checked_at > now() - make_interval(days => :days))
    """)
    names = {"provider": provider, "capability": capability, "days": ask_again_days}
    return bool(connection.scalar(closed, names))


def troubles(connection: Connection) -> list[Trouble]:
    """Each capability that does not work now."""
    result = connection.execute(
        text("""
            SELECT provider, capability, reason, blocked_until, checked_at FROM provider_state
             WHERE NOT works AND (blocked_until IS NULL OR blocked_until > now())
             ORDER BY provider, capability
        """)
    )
    return typed_rows(Trouble, result)


def tracks_without_audio(
    connection: Connection, sources: Sequence[str], ask_again_days: int, library_version: str | None
) -> list[int]:
    """Ids of tracks in playlists without a clip, for which some source has no final lookup."""
    return list(
        connection.scalars(
            text(f"""
                SELECT t.id FROM tracks t
                 WHERE t.id = ANY({tracks_in_state(NOT_SEARCHED)}
                               || {tracks_in_state(WITHOUT_CLIPS, f"ts.asked_at {LONG_AGO}")})
                   AND EXISTS (SELECT FROM playlist_tracks pt
                                WHERE pt.track_id = t.id AND pt.removed_at IS NULL)
                   AND NOT EXISTS (SELECT FROM clips c WHERE c.track_id = t.id)
                   AND (SELECT count(*) FROM lookups l
                         WHERE l.track_id = t.id AND l.source = ANY(:sources) AND {FINAL}
                       ) < cardinality(CAST(:sources AS text[]))
                 ORDER BY (SELECT max(l.checked_at) FROM lookups l WHERE l.track_id = t.id AND l.kind = 'audio')
                          NULLS FIRST, t.id  -- repeated failures come last
            """),
            {"sources": list(sources), "days": ask_again_days, "version": library_version},
        )
    )


def wanted_audio(
    connection: Connection, track_ids: Sequence[int], ask_again_days: int, library_version: str | None
) -> list[WantedTrack]:
    """Those of the tracks that have no clip."""
    result = connection.execute(
        text(f"""
            SELECT t.id AS track_id, t.provider, t.external_id, t.title, t.isrc,
                   CAST(t.duration_s AS float8) AS duration_s,
                   t.raw ->> 'preview_url' AS preview_url,
                   ARRAY(SELECT a.name FROM track_artists ta JOIN artists a ON a.id = ta.artist_id
                          WHERE ta.track_id = t.id ORDER BY ta.position) AS artists,
                   ARRAY(SELECT l.source FROM lookups l
                          WHERE l.track_id = t.id AND {FINAL}) AS settled,
                   ARRAY(SELECT l.source FROM lookups l
                          WHERE l.track_id = t.id AND l.kind = 'audio'
                            AND l.doubted_since <= now() - interval '{ANOTHER_DAY}') AS doubted
              FROM tracks t
             WHERE t.id = ANY(:tracks) AND NOT EXISTS (SELECT FROM clips c WHERE c.track_id = t.id)
             ORDER BY t.id
        """),
        {"tracks": list(track_ids), "days": ask_again_days, "version": library_version},
    )
    return typed_rows(WantedTrack, result)


def tracks_without_features(
    connection: Connection, origin: str, providers: Sequence[str], ask_again_days: int
) -> list[TrackId]:
    """Tracks in playlists without features of `origin`, and without a recent lookup there."""
    result = connection.execute(
        text(f"""
            SELECT t.id, t.external_id FROM tracks t
             WHERE t.id = ANY({tracks_in_state(f"{UNMEASURED} AND NOT :origin = ANY(s.features_asked)")}
                           || {tracks_in_state(UNMEASURED, f"ts.features_asked_at {LONG_AGO}")})
               AND t.provider = ANY(:providers)
               AND EXISTS (SELECT FROM playlist_tracks pt WHERE pt.track_id = t.id AND pt.removed_at IS NULL)
               AND NOT EXISTS (SELECT FROM audio_features f
                                WHERE f.track_id = t.id AND f.origin = :origin AND f.clip_id IS NULL)
               AND NOT EXISTS (SELECT FROM lookups l
                                WHERE l.track_id = t.id AND l.kind = 'features' AND l.source = :origin
                                  AND l.checked_at > now() - make_interval(days => :days))
             ORDER BY t.id
        """),
        {"origin": origin, "providers": list(providers), "days": ask_again_days},
    )
    return typed_rows(TrackId, result)


def stored_clips(connection: Connection, sha256s: Sequence[str]) -> set[str]:
    """Those of the SHA-256 hashes that belong to audio below LABELSCOPE_HOME."""
    known = text("SELECT sha256 FROM clips WHERE sha256 = ANY(:hashes) AND uri LIKE 'store:%'")
    return set(connection.scalars(known, {"hashes": list(sha256s)}))
