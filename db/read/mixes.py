"""Queries of mixes, their segments, shares and windows."""

from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar

from sqlalchemy import Connection, text

from db.read.rows import typed_row, typed_rows


class AnalysedMix(NamedTuple):
    """A mix with its analysis: columns of the table `mixes`, times in seconds."""

    id: int
    sha256: str
    path: str
    title: str
    bytes: int
    duration_s: float
    model_id: int
    status: Literal["analysed"]
    entropy: float
    concentration: float
    changes_per_hour: float
    unknown_share: float
    tempo_bpm: float | None
    verdict: str | None
    verdict_reason: str | None
    taste: dict[str, Any] | None
    analysis_s: float
    flow_run_id: str | None
    created_at: datetime


class RejectedMix(NamedTuple):
    """A mix that could not be used: columns of the table `mixes`."""

    id: int
    sha256: str | None
    path: str
    title: str
    status: Literal["rejected"]
    reason: str
    detail: str
    flow_run_id: str | None
    created_at: datetime


Mix = TypeVar("Mix", AnalysedMix, RejectedMix)


class MixSegmentRow(NamedTuple):
    """A segment of a mix; starts and ends are h:mm:ss, the label of an unknown segment is "unknown"."""

    starts: str
    ends: str
    label: str
    confidence: float
    tempo_bpm: float | None
    start_s: float
    end_s: float
    label_id: int | None


class LabelShare(NamedTuple):
    """The share of a mix's time, 0 to 1, that sounds like a label."""

    slug: str
    name: str
    share: float


class MixWindowRow(NamedTuple):
    """A window of a mix."""

    start_s: float
    confidence: float
    tempo_bpm: float | None


class LatestMix(NamedTuple):
    """A mix for the status screen; the verdict of a rejected one is "rejected:" and the reason; "" without a taste."""

    title: str
    status: str
    verdict: str
    created_at: datetime


def known_mix(connection: Connection, sha256: str, model_id: int) -> int | None:
    """The id of the analysis of this file by this model, or None."""
    mix_id: int | None = connection.scalar(
        text("SELECT id FROM mixes WHERE status = 'analysed' AND sha256 = :sha256 AND model_id = :model"),
        {"sha256": sha256, "model": model_id},
    )
    return mix_id


def mix(connection: Connection, mix_id: int) -> AnalysedMix | RejectedMix:
    """A mix, analysed or rejected. Raises LookupError where it does not exist."""
    found = _mix(connection, mix_id, AnalysedMix) or _mix(connection, mix_id, RejectedMix)
    if found is None:
        raise LookupError(f"There is no mix {mix_id}.")
    return found


def analysed_mix(connection: Connection, mix_id: int) -> AnalysedMix:
    """An analysed mix. Raises LookupError where it does not exist, or is rejected."""
    found = _mix(connection, mix_id, AnalysedMix)
    if found is None:
        raise LookupError(f"There is no analysed mix {mix_id}.")
    return found


def _mix(connection: Connection, mix_id: int, kind: type[Mix]) -> Mix | None:
    columns = ", ".join(kind._fields).replace("duration_s", "duration_s::float8 AS duration_s")
    status = "analysed" if kind is AnalysedMix else "rejected"
    query = text(f"SELECT {columns} FROM mixes WHERE id = :mix AND status = :status")
    return typed_row(kind, connection.execute(query, {"mix": mix_id, "status": status}))


def segments(connection: Connection, mix_id: int) -> list[MixSegmentRow]:
    """The segments of a mix in the order of time."""
    result = connection.execute(
        text("""
            SELECT t.starts, t.ends, t.label, t.confidence, t.tempo_bpm,
                   t.start_s::float8 AS start_s, t.end_s::float8 AS end_s, s.label_id
              FROM mix_timeline t JOIN mix_segments s ON (s.mix_id, s.number) = (t.mix_id, t.number)
             WHERE t.mix_id = :mix ORDER BY t.number
        """),
        {"mix": mix_id},
    )
    return typed_rows(MixSegmentRow, result)


def shares(connection: Connection, mix_id: int) -> list[LabelShare]:
    """The share of each label of the mix's model, in the order of the model's outputs."""
    result = connection.execute(
        text("""
            SELECT l.slug, l.name,
                   coalesce((SELECT sum(s.end_s - s.start_s) / m.duration_s
                               FROM mix_segments s WHERE s.mix_id = m.id AND s.label_id = l.id), 0)::float8 AS share
              FROM mixes m
              JOIN models o ON o.id = m.model_id
              JOIN training_runs r ON r.id = o.training_run_id
             CROSS JOIN LATERAL jsonb_array_elements(r.labels) WITH ORDINALITY AS known (label, position)
              JOIN labels l ON l.id = (known.label ->> 'id')::bigint
             WHERE m.id = :mix ORDER BY known.position
        """),
        {"mix": mix_id},
    )
    return typed_rows(LabelShare, result)


def windows(connection: Connection, mix_id: int) -> list[MixWindowRow]:
    """The windows of a mix in the order of time."""
    result = connection.execute(
        text("""
            SELECT start_s::float8 AS start_s, confidence, tempo_bpm
              FROM mix_windows WHERE mix_id = :mix ORDER BY number
        """),
        {"mix": mix_id},
    )
    return typed_rows(MixWindowRow, result)


def latest(connection: Connection, number: int) -> list[LatestMix]:
    """The newest mixes, without rejections of missing files."""
    result = connection.execute(
        text("""
            SELECT title, status, coalesce(verdict, 'rejected: ' || reason, '') AS verdict, created_at
              FROM mixes WHERE reason IS DISTINCT FROM 'missing' ORDER BY id DESC LIMIT :number
        """),
        {"number": number},
    )
    return typed_rows(LatestMix, result)
