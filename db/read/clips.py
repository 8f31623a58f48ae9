"""Questions about clips of audio: their files, and what is still to be computed from them."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from db.read.rows import Rows
from db.read.track_state import tracks_in_state

NO_FINGERPRINT = "s.clips_ready > 0 AND s.fingerprint_version IS DISTINCT FROM :version"
UNHEARD = f"s.to_extract OR NOT s.config_ids @> ARRAY[CAST(:recipe AS bigint)] OR {NO_FINGERPRINT}"


def known_files(connection: Connection, provider: str) -> dict[tuple[str, int, int], str]:
    """(uri, bytes, modified_ns) -> sha256 of each audio file that was hashed before. Grows with the clips."""
    rows = connection.execute(
        text("SELECT DISTINCT uri, bytes, modified_ns, sha256 FROM clips WHERE provider = :provider"),
        {"provider": provider},
    )
    return {(row.uri, row.bytes, row.modified_ns): row.sha256 for row in rows}


def crates_beside(connection: Connection, listed_by: str) -> list[str]:
    """The `file:` uris of crates whose playlists are here beside those that `listed_by` names."""
    return list(
        connection.scalars(
            text("""
                SELECT DISTINCT listed_by FROM playlists
                 WHERE provider = 'folder' AND listed_by LIKE 'file:%' AND listed_by <> :listed_by AND status <> 'gone'
                 ORDER BY 1
            """),
            {"listed_by": listed_by},
        )
    )


def clips_to_extract(connection: Connection, config_id: int, fingerprint_version: int) -> list[int]:
    """Ids of clips that wait, or whose mishap may have passed, and of those without all that extraction makes.

    That is a spectrogram by this recipe, and for clips that are ready a fingerprint of this version.
    """
    return list(
        connection.scalars(
            text(f"""
                SELECT id FROM clips c
                 WHERE c.track_id = ANY({tracks_in_state(UNHEARD)})
                   AND (c.status = 'new'
                        OR c.status = 'rejected' AND c.reason IN ('missing', 'unreadable', 'decoder_crashed')
                        OR c.status IN ('ready', 'too_short') AND NOT EXISTS (
                           SELECT FROM spectrograms s WHERE s.clip_id = c.id AND s.config_id = :recipe)
                        OR c.status = 'ready' AND NOT EXISTS (
                           SELECT FROM fingerprints f WHERE f.clip_id = c.id AND f.version = :version))
                 ORDER BY id
            """),
            {"recipe": config_id, "version": fingerprint_version},
        )
    )


def clips_to_fingerprint(connection: Connection, config_id: int, fingerprint_version: int) -> Rows:
    """clip_id and path of the spectrogram of ready clips that have no fingerprint of this version."""
    return connection.execute(
        text(f"""
            SELECT c.id AS clip_id, s.path
              FROM clips c JOIN spectrograms s ON s.clip_id = c.id AND s.config_id = :recipe
             WHERE c.track_id = ANY({tracks_in_state(NO_FINGERPRINT)})
               AND c.status = 'ready' AND NOT EXISTS (
                   SELECT FROM fingerprints f WHERE f.clip_id = c.id AND f.version = :version)
             ORDER BY c.id
        """),
        {"recipe": config_id, "version": fingerprint_version},
    ).all()


def usable_clips(connection: Connection, config_id: int, allowed: Sequence[str]) -> Rows:
    """Each clip that may be learnt from: ready, of a placed track with exactly one label, by `allowed` origins alone.

    Both the clip's audio and a playlist that gives the label must come from one of these. Tracks that were put
    aside are left out. Rows have track_id, label_id, clip_id, path, sha256, frames, origins (whose audio, and whose
    playlists that may count), split, group_key and scheme.
    """
    return connection.execute(
        text("""
            SELECT tl.track_id, tl.label_id, c.id AS clip_id, s.path, s.sha256, s.frames,
                   ARRAY[c.provider]
                       || ARRAY(SELECT o FROM unnest(tl.origins) AS o WHERE o = ANY(:allowed)) AS origins,
                   ts.split, ts.group_key, ts.scheme
              FROM track_labels tl
              JOIN track_splits ts ON ts.track_id = tl.track_id AND ts.split <> 'excluded'
              JOIN clips c ON c.track_id = tl.track_id AND c.status = 'ready'
              JOIN spectrograms s ON s.clip_id = c.id AND s.config_id = :recipe
             WHERE tl.label_id IS NOT NULL AND c.provider = ANY(:allowed) AND tl.origins && :allowed
             ORDER BY tl.track_id, c.id
        """),
        {"recipe": config_id, "allowed": list(allowed)},
    ).all()


def held_back(connection: Connection, config_id: int, allowed: Sequence[str]) -> Rows:
    """The clips that could be learnt from but for their origins: audio, playlists (text) and clips (a count)."""
    return connection.execute(
        text("""
            SELECT c.audio, array_to_string(s.origins, ', ') AS playlists, sum(s.tracks * c.clips)::bigint AS clips
              FROM track_states_now s
             CROSS JOIN LATERAL (
                   SELECT split_part(one, ' ', 1) AS audio, count(*) AS clips
                     FROM unnest(s.audio) AS one
                    WHERE split_part(one, ' ', 2) = CAST(:recipe AS text)
                    GROUP BY 1) AS c
             WHERE s.label_id IS NOT NULL AND NOT (c.audio = ANY(:allowed) AND s.origins && :allowed)
             GROUP BY c.audio, s.origins HAVING sum(s.tracks * c.clips) > 0 ORDER BY clips DESC, 1, 2
        """),
        {"recipe": config_id, "allowed": list(allowed)},
    ).all()


def spectrograms_of(
    connection: Connection, track_ids: Sequence[int], config_id: int, allowed: Sequence[str]
) -> Rows:
    """track_id, clip_id, path and frames of each usable spectrogram of these tracks, from allowed origins."""
    return connection.execute(
        text("""
            SELECT c.track_id, c.id AS clip_id, s.path, s.frames
              FROM clips c JOIN spectrograms s ON s.clip_id = c.id AND s.config_id = :recipe
             WHERE c.status = 'ready' AND c.provider = ANY(:allowed) AND c.track_id = ANY(:tracks)
             ORDER BY c.track_id, c.id
        """),
        {"recipe": config_id, "tracks": list(track_ids), "allowed": list(allowed)},
    ).all()
