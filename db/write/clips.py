"""Write what extraction found: spectrograms, audio features, fingerprints, and why a clip could not be used."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from db.models.clips import AudioFeatures, Clip, Fingerprint, Spectrogram, SpectrogramConfig
from db.write.rows import Row


def register_spectrogram_config(connection: Connection, fingerprint: str, parameters: Row) -> int:
    """The id of the recipe's row, made if it is new."""
    known = select(SpectrogramConfig.id).where(SpectrogramConfig.fingerprint == fingerprint)
    config_id = connection.scalar(known)
    if config_id is None:
        connection.execute(
            upsert(SpectrogramConfig)
            .values(fingerprint=fingerprint, parameters=parameters)
            .on_conflict_do_nothing()
        )
        config_id = connection.scalar(known)
    assert config_id is not None
    return config_id


def claim_clips(
    connection: Connection, clip_ids: Sequence[int], config_id: int, fingerprint_version: int
) -> Sequence[Any]:
    """Lock those of the clips that nobody else is extracting, or has; free again when the transaction ends.

    A ready clip without a fingerprint of this version is not done. Rows have id, track_id, uri, offset_s
    and duration_s.
    """
    columns = (Clip.id, Clip.track_id, Clip.uri, Clip.offset_s, Clip.duration_s)
    drawn = exists().where(Spectrogram.clip_id == Clip.id, Spectrogram.config_id == config_id)
    known = exists().where(Fingerprint.clip_id == Clip.id, Fingerprint.version == fingerprint_version)
    waiting = Clip.status.in_(("new", "rejected")) | ~drawn | ((Clip.status == "ready") & ~known)
    some = select(*columns).where(Clip.id == func.any(list(clip_ids)), waiting)
    claim = some.order_by(Clip.id).with_for_update(skip_locked=True)
    return connection.execute(claim).all()


def retry_rejected(connection: Connection) -> int:
    """Let every rejected clip wait for extraction again; returns how many."""
    again = update(Clip).where(Clip.status == "rejected").values(status="new", reason=None, detail=None)
    return connection.execute(again).rowcount


def save_extractions(
    connection: Connection,
    spectrograms: Sequence[Row],
    features: Sequence[Row],
    fingerprints: Sequence[Row],
    too_short: Sequence[int],
) -> None:
    """Write spectrograms, features and fingerprints of clips, which become ready, or too short for one crop.

    What is there stays as it is, but for a fingerprint of another version, which is replaced. Fingerprints have
    clip_id, version, landmarks (bytes) and sketch (whole numbers of 64 bits).
    """
    if spectrograms:
        connection.execute(upsert(Spectrogram).on_conflict_do_nothing(), spectrograms)
        _set_status(connection, "ready", [row["clip_id"] for row in spectrograms])
    if features:
        connection.execute(upsert(AudioFeatures).on_conflict_do_nothing(), features)
    save_fingerprints(connection, fingerprints)
    if too_short:
        _set_status(connection, "too_short", too_short)


def save_fingerprints(connection: Connection, fingerprints: Sequence[Row]) -> None:
    """Write fingerprints of clips (see `save_extractions`) in place of those of another version."""
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
    """Drop the rows of spectrogram files that are gone or damaged; the clips wait to be extracted again."""
    connection.execute(
        delete(Spectrogram).where(
            Spectrogram.clip_id == func.any(list(clip_ids)), Spectrogram.config_id == config_id
        )
    )
    _set_status(connection, "new", clip_ids)


def reject_clips(connection: Connection, failures: Sequence[Row]) -> None:
    """Set clips aside. Rows have clip_id, reason (one word) and detail (a sentence)."""
    for failure in failures:
        connection.execute(
            update(Clip)
            .where(Clip.id == failure["clip_id"])
            .values(status="rejected", reason=failure["reason"], detail=failure["detail"])
        )
