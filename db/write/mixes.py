"""Write analysed and rejected mixes, and their verdicts."""

from collections.abc import Sequence
from typing import TypedDict

from sqlalchemy import Connection, insert, text

from db.models.mixes import Mix, MixSegment
from db.write.rows import Row


class MixMetrics(TypedDict):
    """The columns of `mixes` that sum up an analysis; see db/models/mixes.py."""

    duration_s: float
    entropy: float
    concentration: float
    changes_per_hour: float
    unknown_share: float
    tempo_bpm: float | None


class VerdictColumns(TypedDict):
    """The verdict on a mix, and its taste as JSON; all of them None without a taste."""

    verdict: str | None
    verdict_reason: str | None
    taste: str | None


class AnalysedMixRow(MixMetrics, VerdictColumns):
    """The columns of `mixes` of an analysed mix."""

    sha256: str
    path: str
    title: str
    bytes: int
    model_id: int
    analysis_s: float
    flow_run_id: str | None


class RejectedMixRow(TypedDict):
    """The columns of `mixes` of a rejected mix; sha256 and bytes are None where the file could not be read."""

    sha256: str | None
    path: str
    title: str
    bytes: int | None
    reason: str
    detail: str
    flow_run_id: str | None


class SegmentRow(TypedDict):
    """Columns of `mix_segments`, without the mix; label_id is None for unknown."""

    number: int
    start_s: float
    end_s: float
    label_id: int | None
    confidence: float
    tempo_bpm: float | None


class WindowRow(TypedDict):
    """Columns of `mix_windows`, without the mix; label_id is None for unknown, probabilities for silence."""

    number: int
    start_s: float
    label_id: int | None
    confidence: float
    probabilities: list[float] | None
    tempo_bpm: float | None


def save_mix(
    connection: Connection,
    mix: AnalysedMixRow,
    segments: Sequence[SegmentRow],
    windows: Sequence[WindowRow],
) -> int | None:
    """Write an analysed mix with its segments and windows, and delete a rejection of its path; returns its id.

    None, without a write, where the same model has analysed the same file meanwhile, or the model is deleted.
    """
    columns = ", ".join(mix)
    values = ", ".join(f"CAST(:{name} AS jsonb)" if name == "taste" else f":{name}" for name in mix)
    mix_id: int | None = connection.scalar(
        text(f"""
            INSERT INTO mixes (status, {columns})
            SELECT 'analysed', {values} FROM models WHERE id = :model_id FOR KEY SHARE
            ON CONFLICT (sha256, model_id) WHERE status = 'analysed' DO NOTHING
            RETURNING id
        """),
        mix,
    )
    if mix_id is None:
        return None
    connection.execute(insert(MixSegment), [{**segment, "mix_id": mix_id} for segment in segments])
    _copy_windows(connection, mix_id, windows)
    forget_rejection(connection, mix["path"])
    return mix_id


def reject_mix(connection: Connection, mix: RejectedMixRow) -> int:
    """Write a rejected mix in place of an earlier rejection of its path; returns its id."""
    forget_rejection(connection, mix["path"])
    add = insert(Mix).values(status="rejected", **mix).returning(Mix.id)
    mix_id: int = connection.execute(add).scalar_one()
    return mix_id


def judge_mix(connection: Connection, mix_id: int, columns: VerdictColumns) -> None:
    """Replace the verdict of a mix, and its taste."""
    connection.execute(
        text("""
            UPDATE mixes SET verdict = :verdict, verdict_reason = :verdict_reason, taste = CAST(:taste AS jsonb)
             WHERE id = :mix
        """),
        {**columns, "mix": mix_id},
    )


def forget_mix(connection: Connection, path: str, sha256: str | None) -> int:
    """Delete all analyses and rejections of the mix at this path, or with this content; their number."""
    return connection.execute(
        text("DELETE FROM mixes WHERE path = :path OR sha256 = :sha256"), {"path": path, "sha256": sha256}
    ).rowcount


def _copy_windows(connection: Connection, mix_id: int, windows: Sequence[Row]) -> None:
    """Write windows by COPY: a mix of two hours has five thousand."""
    columns = ("number", "start_s", "label_id", "confidence", "probabilities", "tempo_bpm")
    driver = connection.connection.driver_connection
    assert driver is not None
    statement = f"COPY mix_windows (mix_id, {', '.join(columns)}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for window in windows:
            copy.write_row((mix_id, *(window[column] for column in columns)))


def forget_rejection(connection: Connection, path: str) -> None:
    """Delete the rejection of the mix at this path."""
    connection.execute(text("DELETE FROM mixes WHERE status = 'rejected' AND path = :path"), {"path": path})
