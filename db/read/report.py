"""Queries of the report. Each returns a bounded number of rows, for any number of tracks."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from common.epochs import StoredEpoch
from db.read.rows import typed_row, typed_rows
from db.read.tracks.names import CREDIT

# Columns of audio_features that Labelscope computes, and those of services.
OURS = (
    "tempo_bpm",
    "loudness_lufs",
    "onset_rate",
    "spectral_centroid_hz",
    "spectral_rolloff_hz",
    "spectral_flatness",
    "zero_crossing_rate",
)
OF_SERVICES = ("energy", "danceability", "valence")


class TrainingHistory(NamedTuple):
    """A training: losses and accuracies of each epoch, wall time of the fit in seconds, number of tracks."""

    id: int
    architecture: str
    history: list[StoredEpoch]
    fit_s: float | None
    tracks: int


class LabelTracks(NamedTuple):
    """A label, its number of tracks, and its place in the order of ids, from 0."""

    id: int
    name: str
    place: int
    tracks: int


class MeanSound(NamedTuple):
    """Number of clips of a label, and means of audio features; None where no clip has the feature."""

    label: str
    clips: int
    tempo_bpm: float | None
    loudness_lufs: float | None
    onset_rate: float | None


class FeatureSpread(NamedTuple):
    """A label, its number of clips (`rows`), and for each audio feature its quantiles; None without a value."""

    label_id: int
    label: str
    rows: int
    tempo_bpm: list[float] | None
    loudness_lufs: list[float] | None
    onset_rate: list[float] | None
    spectral_centroid_hz: list[float] | None
    spectral_rolloff_hz: list[float] | None
    spectral_flatness: list[float] | None
    zero_crossing_rate: list[float] | None
    energy: list[float] | None
    danceability: list[float] | None
    valence: list[float] | None


class ReportedMix(NamedTuple):
    """An analysed mix, with the columns of `mixes` that the report shows."""

    id: int
    title: str
    duration_s: float
    verdict: str | None
    verdict_reason: str | None
    tempo_bpm: float | None
    changes_per_hour: float
    unknown_share: float
    model_id: int
    created_at: datetime


class ReportedSegment(NamedTuple):
    """A segment of a mix; the label of an unknown segment is "unknown"."""

    mix_id: int
    title: str
    start_s: float
    end_s: float
    label_id: int | None
    label: str
    confidence: float
    tempo_bpm: float | None


class ShownClip(NamedTuple):
    """A clip of a label with its spectrogram; `fingerprint` and `parameters` are of the spectrogram config.

    Confidence and split are of the champion's prediction; None where it has not scored the track.
    """

    label_id: int
    label: str
    title: str
    confidence: float | None
    split: str | None
    artists: str | None
    path: str
    frames: int
    offset_s: Decimal
    fingerprint: str
    parameters: dict[str, Any]


def labels_by_tracks(connection: Connection) -> list[LabelTracks]:
    """The labels with listed playlists, by falling number of tracks."""
    result = connection.execute(
        text("""
            SELECT l.id, l.name, l.place, coalesce(sum(s.tracks), 0)::bigint AS tracks
              FROM (SELECT id, name, row_number() OVER (ORDER BY id) - 1 AS place FROM labels) AS l
              LEFT JOIN track_states_now s ON s.label_id = l.id
             GROUP BY l.id, l.name, l.place
            HAVING sum(s.tracks) > 0
                OR EXISTS (SELECT FROM playlists p WHERE p.label_id = l.id AND p.removed_at IS NULL)
             ORDER BY tracks DESC, l.id
        """)
    )
    return typed_rows(LabelTracks, result)


def training(connection: Connection, training_run_id: int) -> TrainingHistory | None:
    """A training with its history; None where it does not exist."""
    result = connection.execute(
        text("SELECT id, architecture, history, fit_s, tracks FROM training_runs WHERE id = :id"),
        {"id": training_run_id},
    )
    return typed_row(TrainingHistory, result)


def mean_sound(connection: Connection) -> list[MeanSound]:
    """The mean sound of each label with clips, from the sums of track states."""
    result = connection.execute(
        text("""
            SELECT l.name AS label, sum(s.features)::bigint AS clips,
                   sum(s.tempo_sum) / nullif(sum(s.tempo_count), 0)::float8 AS tempo_bpm,
                   sum(s.loudness_sum) / nullif(sum(s.loudness_count), 0)::float8 AS loudness_lufs,
                   sum(s.onset_sum) / nullif(sum(s.onset_count), 0)::float8 AS onset_rate
              FROM labels l JOIN track_states_now s ON s.label_id = l.id
             GROUP BY l.id HAVING sum(s.features) > 0 ORDER BY l.id
        """)
    )
    return typed_rows(MeanSound, result)


def spread_of_features(
    connection: Connection, label_ids: Sequence[int], quantiles: Sequence[float]
) -> list[FeatureSpread]:
    """These quantiles of each audio feature of these labels.

    The query sorts the features of all tracks once. Features of services are of whole tracks, the others of clips.
    """
    columns = ", ".join(
        f"percentile_cont(CAST(:quantiles AS float8[])) WITHIN GROUP (ORDER BY f.{name})"
        f" FILTER (WHERE (f.clip_id IS NULL) = {name in OF_SERVICES}) AS {name}"
        for name in (*OURS, *OF_SERVICES)
    )
    result = connection.execute(
        text(f"""
            SELECT l.id AS label_id, l.name AS label, count(f.clip_id) AS rows, {columns}
              FROM labels l
              JOIN track_labels tl ON tl.label_id = l.id
              JOIN audio_features f ON f.track_id = tl.track_id
             WHERE l.id = ANY(:labels)
             GROUP BY l.id ORDER BY l.id
        """),
        {"labels": list(label_ids), "quantiles": list(quantiles)},
    )
    return typed_rows(FeatureSpread, result)


def latest_mixes(connection: Connection, number: int) -> tuple[list[ReportedMix], list[ReportedSegment], int]:
    """The mixes analysed last, the newest first; their segments in the order of time; the number of all mixes."""
    latest = connection.execute(
        text("""
            SELECT id, title, duration_s::float8 AS duration_s, verdict, verdict_reason, tempo_bpm,
                   changes_per_hour, unknown_share, model_id, created_at
              FROM mixes WHERE status = 'analysed' ORDER BY created_at DESC, id DESC LIMIT :number
        """),
        {"number": number},
    )
    mixes = typed_rows(ReportedMix, latest)
    segments = connection.execute(
        text("""
            SELECT s.mix_id, m.title, s.start_s::float8 AS start_s, s.end_s::float8 AS end_s,
                   s.label_id, coalesce(l.name, 'unknown') AS label, s.confidence, s.tempo_bpm
              FROM mix_segments s
              JOIN mixes m ON m.id = s.mix_id
              LEFT JOIN labels l ON l.id = s.label_id
             WHERE s.mix_id = ANY(:mixes)
             ORDER BY m.created_at DESC, m.id DESC, s.number
        """),
        {"mixes": [mix.id for mix in mixes]},
    )
    total = connection.execute(text("SELECT count(*) FROM mixes WHERE status = 'analysed'")).scalar_one()
    return mixes, typed_rows(ReportedSegment, segments), total


def clips_to_look_at(connection: Connection, label_ids: Sequence[int]) -> list[ShownClip]:
    """One clip with its spectrogram for each of these labels.

    The track is the champion's most confident correct prediction, from the holdout split if possible, else from
    validation, else from any. Without such, it is any track of the label.
    """
    result = connection.execute(
        text(f"""
            WITH named AS (
                SELECT DISTINCT ON (p.label_id) p.label_id, p.track_id, p.confidence, p.split
                  FROM predictions p JOIN models m ON m.id = p.model_id AND m.status = 'champion'
                 WHERE p.label_id = ANY(:labels) AND p.label_id = p.trained_label_id
                   AND EXISTS (SELECT FROM clips c JOIN spectrograms s ON s.clip_id = c.id
                                WHERE c.track_id = p.track_id AND c.status = 'ready')
                   AND EXISTS (SELECT FROM playlist_tracks pt
                                WHERE pt.track_id = p.track_id AND pt.removed_at IS NULL)
                 ORDER BY p.label_id, p.split = 'holdout' DESC, p.split = 'validation' DESC, p.confidence DESC,
                          p.track_id
            ), chosen AS (
                SELECT l.id AS label_id, coalesce(named.track_id, first.track_id) AS track_id,
                       named.confidence, named.split
                  FROM labels l
                  LEFT JOIN named ON named.label_id = l.id
                  LEFT JOIN LATERAL (
                       SELECT tl.track_id
                         FROM track_labels tl
                         JOIN clips c ON c.track_id = tl.track_id AND c.status = 'ready'
                         JOIN spectrograms s ON s.clip_id = c.id
                        WHERE named.track_id IS NULL AND tl.label_id = l.id LIMIT 1) AS first ON true
                 WHERE l.id = ANY(:labels)
            )
            SELECT l.id AS label_id, l.name AS label, t.title, chosen.confidence, chosen.split,
                   {CREDIT} AS artists,
                   clip.path, clip.frames, clip.offset_s, r.fingerprint, r.parameters
              FROM chosen
              JOIN labels l ON l.id = chosen.label_id
              JOIN tracks t ON t.id = chosen.track_id
              JOIN LATERAL (
                   SELECT s.path, s.frames, s.config_id, c.offset_s
                     FROM clips c JOIN spectrograms s ON s.clip_id = c.id
                    WHERE c.track_id = t.id AND c.status = 'ready'
                    ORDER BY s.config_id DESC, c.offset_s LIMIT 1) AS clip ON true
              JOIN spectrogram_configs r ON r.id = clip.config_id
             ORDER BY l.id
        """),
        {"labels": list(label_ids)},
    )
    return typed_rows(ShownClip, result)
