"""Views that cover recordings in two playlists, services, and their audio features."""

import importlib

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# In the order of their making; views that rest on another come after it.
VIEWS = {
    "track_labels": """
        WITH members AS (
            SELECT pt.track_id, p.label_id, p.provider,
                   coalesce('isrc ' || t.isrc, 'track ' || t.id) AS recording
              FROM playlist_tracks pt
              JOIN playlists p ON p.id = pt.playlist_id
              JOIN tracks t ON t.id = pt.track_id
             WHERE pt.removed_at IS NULL
        ), recordings AS (
            SELECT recording, count(DISTINCT label_id) AS labels, min(label_id) AS label_id
              FROM members GROUP BY recording
        )
        SELECT m.track_id,
               CASE WHEN r.labels = 1 THEN r.label_id END AS label_id,
               r.labels > 1 AS ambiguous,
               array_agg(DISTINCT m.provider) AS origins
          FROM members m
          JOIN recordings r ON r.recording = m.recording
         GROUP BY m.track_id, r.labels, r.label_id
    """,
    "audio_not_found": """
        SELECT DISTINCT ON (l.track_id) l.track_id, l.source, l.reason, l.detail, l.again, l.checked_at
          FROM lookups l
         WHERE l.kind = 'audio'
           AND NOT EXISTS (SELECT FROM clips c WHERE c.track_id = l.track_id)
           AND EXISTS (SELECT FROM playlist_tracks pt
                        WHERE pt.track_id = l.track_id AND pt.removed_at IS NULL)
         ORDER BY l.track_id, l.checked_at DESC, l.source
    """,
    "playlist_coverage": """
        WITH audio AS (
            SELECT track_id,
                   bool_or(status IN ('new', 'ready')) AS usable,
                   bool_or(status = 'ready') AS ready,
                   min(coalesce(reason, status)) FILTER (WHERE status IN ('rejected', 'too_short')) AS reason
              FROM clips GROUP BY track_id
        ), members AS (
            SELECT pt.playlist_id, tl.ambiguous,
                   coalesce(audio.usable, false) AS usable,
                   coalesce(audio.ready, false) AS ready,
                   CASE WHEN audio.usable THEN NULL
                        ELSE coalesce(audio.reason, n.source || ': ' || n.reason, 'not looked for yet') END AS reason
              FROM playlist_tracks pt
              JOIN track_labels tl ON tl.track_id = pt.track_id
              LEFT JOIN audio ON audio.track_id = pt.track_id
              LEFT JOIN audio_not_found n ON n.track_id = pt.track_id
             WHERE pt.removed_at IS NULL
        ), counted AS (
            SELECT playlist_id, count(*) AS tracks,
                   count(*) FILTER (WHERE usable) AS with_audio,
                   count(*) FILTER (WHERE ready) AS ready,
                   count(*) FILTER (WHERE ambiguous) AS ambiguous
              FROM members GROUP BY playlist_id
        ), reasons AS (
            SELECT playlist_id, string_agg(reason || ' ' || n, ', ' ORDER BY n DESC, reason) AS without_audio
              FROM (SELECT playlist_id, reason, count(*) AS n FROM members
                     WHERE reason IS NOT NULL GROUP BY playlist_id, reason) AS by_reason
             GROUP BY playlist_id
        ), refused AS (
            SELECT playlist_id, sum(n)::bigint AS records,
                   string_agg(reason || ' ' || n, ', ' ORDER BY n DESC, reason) AS reasons
              FROM (SELECT playlist_id, reason, count(*) AS n FROM rejected_records
                     WHERE resolved_at IS NULL GROUP BY playlist_id, reason) AS by_reason
             GROUP BY playlist_id
        )
        SELECT l.name AS label, p.provider, p.name AS playlist,
               coalesce(c.tracks, 0) + coalesce(f.records, 0) AS entries,
               coalesce(c.tracks, 0) AS tracks,
               coalesce(c.with_audio, 0) AS with_audio,
               coalesce(c.ready, 0) AS ready,
               r.without_audio,
               coalesce(c.ambiguous, 0) AS ambiguous,
               f.reasons AS left_out,
               p.status, p.status_reason, p.last_seen_at
          FROM playlists p
          JOIN labels l ON l.id = p.label_id
          LEFT JOIN counted c ON c.playlist_id = p.id
          LEFT JOIN reasons r ON r.playlist_id = p.id
          LEFT JOIN refused f ON f.playlist_id = p.id
         ORDER BY l.id, p.id
    """,
    "best_audio_features": """
        SELECT DISTINCT ON (f.track_id)
               f.track_id, f.origin, f.clip_id, f.extractor_version,
               coalesce(f.licence, c.licence) AS licence,
               f.tempo, f.key, f.mode, f.loudness_lufs, f.loudness_db, f.onset_rate,
               f.danceability, f.energy, f.speechiness, f.acousticness, f.instrumentalness, f.liveness,
               f.valence, f.time_signature, f.spectral_centroid_hz, f.created_at
          FROM audio_features f
          LEFT JOIN clips c ON c.id = f.clip_id
         ORDER BY f.track_id, array_position(ARRAY['spotify', 'reccobeats'], f.origin) NULLS LAST,
                  c.offset_seconds, f.id DESC
    """,
}

COMMENTS = {
    "track_labels": "The label of each track that is in a playlist now, and whose playlists say so. Null and "
    "ambiguous where playlists of two labels hold the recording: the same track, or one of the same ISRC.",
    "audio_not_found": "Tracks in playlists for which no source had audio: the last one asked, and why.",
    "playlist_coverage": "Per playlist: entries, tracks, tracks with audio, those with a spectrogram, why the "
    "rest of the tracks have none (the last source that was asked), and which entries were left out.",
    "best_audio_features": "One row of features per track, and whose: Spotify knows the whole recording, "
    "ReccoBeats likewise, librosa heard a clip here. All of them stand side by side in audio_features.",
}


def upgrade() -> None:
    op.execute("DROP VIEW playlist_coverage")
    op.execute(f"CREATE OR REPLACE VIEW track_labels AS {VIEWS['track_labels']}")
    for name in ("audio_not_found", "playlist_coverage", "best_audio_features"):
        op.execute(f"CREATE VIEW {name} AS {VIEWS[name]}")
    _comment(COMMENTS)


def downgrade() -> None:
    before = importlib.import_module("migrations.versions.0002_views")
    dependent = ("playlist_coverage", "track_predictions", "track_labels")
    for name in ("best_audio_features", "playlist_coverage", "audio_not_found", *dependent[1:]):
        op.execute(f"DROP VIEW {name}")
    for name in reversed(dependent):
        op.execute(f"CREATE VIEW {name} AS {before.VIEWS[name]}")
    _comment({name: before.COMMENTS[name] for name in dependent})


def _comment(comments: dict[str, str]) -> None:
    for name, comment in comments.items():
        op.execute(f"COMMENT ON VIEW {name} IS '{comment}'")
