"""Queries of clips of audio: their files, their spectrograms, and what is still to be computed."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from db.read.report import OURS
from db.read.rows import typed_rows
from db.read.tracks.state import tracks_in_state

NO_FINGERPRINT = "s.clips_ready > 0 AND s.fingerprint_version IS DISTINCT FROM :version"
UNEXTRACTED = f"""
    s.origins <> '{{}}' AND (s.to_extract OR NOT s.config_ids @> ARRAY[CAST(:config AS bigint)] OR {NO_FINGERPRINT})
"""
HELD = "EXISTS (SELECT FROM playlist_tracks pt WHERE pt.track_id = c.track_id AND pt.removed_at IS NULL)"
# The features of a track, from rows `f` of its clips.
MEDIANS: Final = ", ".join(
    f"percentile_cont(0.5) WITHIN GROUP (ORDER BY f.{name}) AS {name}" for name in OURS
)


class ClipSpectrogram(NamedTuple):
    """A clip, and the path of its spectrogram below the folder of its config."""

    clip_id: int
    path: str


class UsableClip(NamedTuple):
    """A clip to train on. `origins` are the provider of its audio, then the allowed ones of its playlists."""

    track_id: int
    label_id: int
    clip_id: int
    path: str
    sha256: str
    frames: int
    origins: list[str]
    split: str
    group_key: str
    scheme: str


class HeldBackClips(NamedTuple):
    """A number of clips, by the provider of their audio and the providers of their playlists (joined by commas)."""

    audio: str
    playlists: str
    clips: int


class SpectrogramFile(NamedTuple):
    """The spectrogram of a clip: its path below the folder of its config, its number of frames, and its start."""

    track_id: int
    clip_id: int
    path: str
    frames: int
    offset_s: float


class TrackFeatures(NamedTuple):
    """Audio features of a track, each the median over its clips; None where no clip has the feature."""

    tempo_bpm: float | None
    loudness_lufs: float | None
    onset_rate: float | None
    spectral_centroid_hz: float | None
    spectral_rolloff_hz: float | None
    spectral_flatness: float | None
    zero_crossing_rate: float | None


class FeatureQuantiles(NamedTuple):
    """Quantiles of audio features over `tracks` tracks; None where no track has the feature."""

    tracks: int
    tempo_bpm: list[float] | None
    loudness_lufs: list[float] | None
    onset_rate: list[float] | None
    spectral_centroid_hz: list[float] | None
    spectral_rolloff_hz: list[float] | None
    spectral_flatness: list[float] | None
    zero_crossing_rate: list[float] | None


def known_files(connection: Connection, provider: str) -> dict[tuple[str, int, int], str]:
    """SHA-256 of each stored audio file by (uri, bytes, modified_ns). The size grows with the number of clips."""
    rows = connection.execute(
        text("SELECT DISTINCT uri, bytes, modified_ns, sha256 FROM clips WHERE provider = :provider"),
        {"provider": provider},
    )
    return {(row.uri, row.bytes, row.modified_ns): row.sha256 for row in rows}


def clips_to_extract(connection: Connection, config_id: int, fingerprint_version: int) -> list[int]:
    """Ids of new clips, of rejected ones that a retry may cure, and of clips with missing results.

    Clips of tracks that no playlist holds are left out: their files may be gone.
    Results are a spectrogram of this config, and for ready clips a fingerprint of this version.
    """
    return list(
        connection.scalars(
            text(f"""
                SELECT id FROM clips c
                 WHERE c.track_id = ANY({tracks_in_state(UNEXTRACTED)}) AND {HELD}
                   AND (c.status = 'new'
                        OR c.status = 'rejected' AND c.reason IN ('missing', 'unreadable', 'decoder_crashed')
                        OR c.status IN ('ready', 'too_short') AND NOT EXISTS (
                           SELECT FROM spectrograms s WHERE s.clip_id = c.id AND s.config_id = :config)
                        OR c.status = 'ready' AND NOT EXISTS (
                           SELECT FROM fingerprints f WHERE f.clip_id = c.id AND f.version = :version))
                 ORDER BY id
            """),
            {"config": config_id, "version": fingerprint_version},
        )
    )


def clips_to_fingerprint(
    connection: Connection, config_id: int, fingerprint_version: int
) -> list[ClipSpectrogram]:
    """Ready clips with a spectrogram of this config and no fingerprint of this version."""
    result = connection.execute(
        text(f"""
            SELECT c.id AS clip_id, s.path
              FROM clips c JOIN spectrograms s ON s.clip_id = c.id AND s.config_id = :config
             WHERE c.track_id = ANY({tracks_in_state(NO_FINGERPRINT)})
               AND c.status = 'ready' AND NOT EXISTS (
                   SELECT FROM fingerprints f WHERE f.clip_id = c.id AND f.version = :version)
             ORDER BY c.id
        """),
        {"config": config_id, "version": fingerprint_version},
    )
    return typed_rows(ClipSpectrogram, result)


def usable_clips(connection: Connection, config_id: int, allowed: Sequence[str]) -> list[UsableClip]:
    """Each ready clip of a track with a split and exactly one label, by allowed origins; no excluded track.

    Both the clip's audio and a playlist that gives the label must be of an allowed origin.
    """
    result = connection.execute(
        text("""
            SELECT tl.track_id, tl.label_id, c.id AS clip_id, s.path, s.sha256, s.frames,
                   ARRAY[c.provider]
                       || ARRAY(SELECT o FROM unnest(tl.origins) AS o WHERE o = ANY(:allowed)) AS origins,
                   ts.split, ts.group_key, ts.scheme
              FROM track_labels tl
              JOIN track_splits ts ON ts.track_id = tl.track_id AND ts.split <> 'excluded'
              JOIN clips c ON c.track_id = tl.track_id AND c.status = 'ready'
              JOIN spectrograms s ON s.clip_id = c.id AND s.config_id = :config
             WHERE tl.label_id IS NOT NULL AND c.provider = ANY(:allowed) AND tl.origins && :allowed
             ORDER BY tl.track_id, c.id
        """),
        {"config": config_id, "allowed": list(allowed)},
    )
    return typed_rows(UsableClip, result)


def held_back(connection: Connection, config_id: int, allowed: Sequence[str]) -> list[HeldBackClips]:
    """Clips that only their origins keep out of training, counted by origins."""
    result = connection.execute(
        text("""
            SELECT c.audio, array_to_string(s.origins, ', ') AS playlists, sum(s.tracks * c.clips)::bigint AS clips
              FROM track_states_now s
             CROSS JOIN LATERAL (
                   SELECT split_part(entry, ' ', 1) AS audio, count(*) AS clips
                     FROM unnest(s.audio) AS entry
                    WHERE split_part(entry, ' ', 2) = CAST(:config AS text)
                    GROUP BY 1) AS c
             WHERE s.label_id IS NOT NULL AND NOT (c.audio = ANY(:allowed) AND s.origins && :allowed)
             GROUP BY c.audio, s.origins HAVING sum(s.tracks * c.clips) > 0 ORDER BY clips DESC, 1, 2
        """),
        {"config": config_id, "allowed": list(allowed)},
    )
    return typed_rows(HeldBackClips, result)


def spectrograms_of(
    connection: Connection, track_ids: Sequence[int], config_id: int, allowed: Sequence[str]
) -> list[SpectrogramFile]:
    """The spectrograms of this config of all ready clips of these tracks, from allowed origins."""
    result = connection.execute(
        text("""
            SELECT c.track_id, c.id AS clip_id, s.path, s.frames, c.offset_s::float8 AS offset_s
              FROM clips c JOIN spectrograms s ON s.clip_id = c.id AND s.config_id = :config
             WHERE c.status = 'ready' AND c.provider = ANY(:allowed) AND c.track_id = ANY(:tracks)
             ORDER BY c.track_id, c.id
        """),
        {"config": config_id, "tracks": list(track_ids), "allowed": list(allowed)},
    )
    return typed_rows(SpectrogramFile, result)


def features_of_track(connection: Connection, track_id: int) -> TrackFeatures:
    """The audio features of a track."""
    statement = f"SELECT {MEDIANS} FROM audio_features f WHERE f.track_id = :track AND f.clip_id IS NOT NULL"
    (features,) = typed_rows(TrackFeatures, connection.execute(text(statement), {"track": track_id}))
    return features


def features_of_label(
    connection: Connection, label_id: int, other_than: int | None, quantiles: Sequence[float]
) -> FeatureQuantiles:
    """These quantiles of each audio feature over the tracks of a label, without the track `other_than`.

    The query sorts the features of all tracks of the label.
    """
    columns = ", ".join(
        f"percentile_cont(CAST(:quantiles AS float8[])) WITHIN GROUP (ORDER BY {name}) AS {name}"
        for name in OURS
    )
    result = connection.execute(
        text(f"""
            WITH of_track AS (
                SELECT {MEDIANS}
                  FROM track_labels tl JOIN audio_features f ON f.track_id = tl.track_id
                 WHERE tl.label_id = :label AND tl.track_id IS DISTINCT FROM :other_than
                   AND f.clip_id IS NOT NULL
                 GROUP BY tl.track_id
            )
            SELECT count(*) AS tracks, {columns} FROM of_track
        """),
        {"label": label_id, "other_than": other_than, "quantiles": list(quantiles)},
    )
    (row,) = typed_rows(FeatureQuantiles, result)
    return row
