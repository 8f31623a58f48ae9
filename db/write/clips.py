"""Write the results of extraction: spectrograms, audio features, fingerprints and rejections."""

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

from sqlalchemy import Connection, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from db.models.clips import AudioFeatures, Clip, Fingerprint, Spectrogram, SpectrogramConfig
from db.read.rows import typed_rows
from db.write.rows import Row


class ClaimedClip(NamedTuple):
    """A locked clip: its audio file, and its start and length there in seconds."""

    id: int
    track_id: int
    uri: str
    offset_s: float
    duration_s: float


class SpectrogramRow(TypedDict):
    """Columns of `spectrograms`; the path is below the folder of the config."""

    clip_id: int
    config_id: int
    path: str
    sha256: str
    bytes: int
    frames: int


class ClipFeaturesRow(TypedDict):
    """Columns of `audio_features` that Labelscope computes for a clip; None where it has no such feature."""

    track_id: int
    clip_id: int
    origin: str
    extractor_version: str
    tempo_bpm: float | None
    key: int | None
    mode: int | None
    key_confidence: float | None
    loudness_lufs: float | None
    onset_rate: float | None
    spectral_centroid_hz: float | None
    spectral_rolloff_hz: float | None
    spectral_flatness: float | None
    zero_crossing_rate: float | None


class FingerprintRow(TypedDict):
    """Columns of `fingerprints`; the sketch has integers of 64 bits."""

    clip_id: int
    version: int
    landmarks: bytes
    sketch: list[int]


class RejectedClip(TypedDict):
    """A clip that cannot be used: the reason in one word, and a sentence with the cure."""

    clip_id: int
    reason: str
    detail: str


def register_spectrogram_config(connection: Connection, fingerprint: str, parameters: Row) -> int:
    """The id of a spectrogram config, after an insert if it is new."""
    stored = select(SpectrogramConfig.id).where(SpectrogramConfig.fingerprint == fingerprint)
    config_id = connection.scalar(stored)
    if config_id is None:
        connection.execute(
            upsert(SpectrogramConfig)
            .values(fingerprint=fingerprint, parameters=parameters)
            .on_conflict_do_nothing()
        )
        config_id = connection.scalar(stored)
    assert config_id is not None
    return config_id


def claim_clips(
    connection: Connection, clip_ids: Sequence[int], config_id: int, fingerprint_version: int
) -> list[ClaimedClip]:
    """Lock those of the clips that need extraction and that no other transaction has locked.

    The locks end with the transaction.
    """
    columns = (Clip.id, Clip.track_id, Clip.uri, Clip.offset_s, Clip.duration_s)
    has_spectrogram = exists().where(Spectrogram.clip_id == Clip.id, Spectrogram.config_id == config_id)
    has_fingerprint = exists().where(
        Fingerprint.clip_id == Clip.id, Fingerprint.version == fingerprint_version
    )
    waiting = (
        Clip.status.in_(("new", "rejected"))
        | ~has_spectrogram
        | ((Clip.status == "ready") & ~has_fingerprint)
    )
    some = select(*columns).where(Clip.id == func.any(list(clip_ids)), waiting)
    claim = some.order_by(Clip.id).with_for_update(skip_locked=True)
    return typed_rows(ClaimedClip, connection.execute(claim))


def retry_rejected(connection: Connection) -> int:
    """Set every rejected clip to new; returns their number."""
    again = update(Clip).where(Clip.status == "rejected").values(status="new", reason=None, detail=None)
    return connection.execute(again).rowcount


def save_extractions(
    connection: Connection,
    spectrograms: Sequence[SpectrogramRow],
    features: Sequence[ClipFeaturesRow],
    fingerprints: Sequence[FingerprintRow],
    too_short: Sequence[int],
) -> None:
    """Write spectrograms, features and fingerprints of clips, and set the clips to ready or too_short.

    Existing rows stay, but for fingerprints of another version.
    """
    if spectrograms:
        connection.execute(upsert(Spectrogram).on_conflict_do_nothing(), spectrograms)
        _set_status(connection, "ready", [row["clip_id"] for row in spectrograms])
    if features:
        connection.execute(upsert(AudioFeatures).on_conflict_do_nothing(), features)
    save_fingerprints(connection, fingerprints)
    if too_short:
        _set_status(connection, "too_short", too_short)


def save_fingerprints(connection: Connection, fingerprints: Sequence[FingerprintRow]) -> None:
    """Write fingerprints, in place of those of another version."""
    if fingerprints:
        connection.execute(_replace_fingerprint(), fingerprints)


def _replace_fingerprint() -> Insert:
    insert = upsert(Fingerprint)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[Fingerprint.clip_id],
        set_={
            "version": new.version,
            "landmarks": new.landmarks,
            "sketch": new.sketch,
            "created_at": func.now(),
        },
        where=Fingerprint.version != new.version,
    )


def _set_status(connection: Connection, status: str, clip_ids: Sequence[int]) -> None:
    connection.execute(
        update(Clip)
        .where(Clip.id == func.any(list(clip_ids)), Clip.status != status)
        .values(status=status, reason=None, detail=None)
    )


def forget_spectrograms(connection: Connection, clip_ids: Sequence[int], config_id: int) -> None:
    """Delete the rows of missing or damaged spectrogram files, and set their clips to new."""
    connection.execute(
        delete(Spectrogram).where(
            Spectrogram.clip_id == func.any(list(clip_ids)), Spectrogram.config_id == config_id
        )
    )
    _set_status(connection, "new", clip_ids)


def reject_clips(connection: Connection, failures: Sequence[RejectedClip]) -> None:
    """Reject clips."""
    for failure in failures:
        connection.execute(
            update(Clip)
            .where(Clip.id == failure["clip_id"])
            .values(status="rejected", reason=failure["reason"], detail=failure["detail"])
        )
