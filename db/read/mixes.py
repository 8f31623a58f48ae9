"""Statements that read recordings, and what was heard in them."""

from typing import Any

from sqlalchemy import Connection, Row, select, text

from db.models.mixes import Mix
from db.read.rows import Rows


def known_mix(connection: Connection, sha256: str, model_id: int) -> int | None:
    """The id of this very file as this model has heard it, if it has."""
    mix_id: int | None = connection.scalar(
        text("SELECT id FROM mixes WHERE status = 'analysed' AND sha256 = :sha256 AND model_id = :model"),
        {"sha256": sha256, "model": model_id},
    )
    return mix_id


def mix(connection: Connection, mix_id: int) -> Row[Any]:
    """One recording, analysed or rejected: all columns of mixes."""
    return connection.execute(select(Mix.__table__).where(Mix.id == mix_id)).one()


def segments(connection: Connection, mix_id: int) -> Rows:
    """A recording's segments in order: starts and ends (h:mm:ss, and seconds), label ("unknown"), confidence, tempo."""
    return connection.execute(
        text("""
            SELECT t.starts, t.ends, t.label, t.confidence, t.tempo_bpm,
                   t.start_s::float8 AS start_s, t.end_s::float8 AS end_s, s.label_id
              FROM mix_timeline t JOIN mix_segments s ON (s.mix_id, s.number) = (t.mix_id, t.number)
             WHERE t.mix_id = :mix ORDER BY t.number
        """),
        {"mix": mix_id},
    ).all()


def shares(connection: Connection, mix_id: int) -> Rows:
    """slug, name and share of its time of every label that the model of a recording knows, in the model's order."""
    return connection.execute(
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
    ).all()


def windows(connection: Connection, mix_id: int) -> Rows:
    """start_s, confidence and tempo_bpm of a recording's windows, in order."""
    return connection.execute(
        text("""
            SELECT start_s::float8 AS start_s, confidence, tempo_bpm
              FROM mix_windows WHERE mix_id = :mix ORDER BY number
        """),
        {"mix": mix_id},
    ).all()


def latest(connection: Connection, number: int) -> Rows:
    """The newest recordings: title, status, the verdict or why it was rejected, and when.

    Without paths at which there was no file.
    """
    return connection.execute(
        text("""
            SELECT title, status, coalesce(verdict, 'rejected: ' || reason) AS verdict, created_at
              FROM mixes WHERE reason IS DISTINCT FROM 'missing' ORDER BY id DESC LIMIT :number
        """),
        {"number": number},
    ).all()
