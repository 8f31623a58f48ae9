"""Mixes: written as a whole, once for a file and a model, within bounds."""

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from db import read, write
from tests.db.trainings import train


def mix_row(model_id: int, sha256: str = "a" * 64, **other: Any) -> dict[str, Any]:
    """A recording of a hundred and twenty minutes."""
    about = {"sha256": sha256, "path": "/music/set.mp3", "title": "Set", "bytes": 1, "model_id": model_id}
    figures = {
        "entropy": 1.5,
        "concentration": 0.5,
        "changes_per_hour": 1.0,
        "unknown_share": 0.25,
        "tempo_bpm": 128.0,
    }
    verdict = {"verdict": "maybe", "verdict_reason": "So so.", "taste": '{"labels": {}}', "analysis_s": 60.0}
    return {**about, "duration_s": 7200.0, **figures, **verdict, "flow_run_id": None, **other}


def segment(number: int, start: float, end: float, label_id: int | None, **other: Any) -> dict[str, Any]:
    known = {"number": number, "start_s": start, "end_s": end, "label_id": label_id}
    return {**known, "confidence": 0.9, "tempo_bpm": None, **other}


def window(number: int, **other: Any) -> dict[str, Any]:
    known = {"number": number, "start_s": number * 1.486, "label_id": 1, "confidence": 1.0}
    return {**known, "probabilities": [0.25, 0.75], "tempo_bpm": 128.0, **other}


SEGMENTS = [segment(0, 0, 1800, 1), segment(1, 1800, 3599.9, None), segment(2, 3599.9, 7200, 2)]


def save(engine: Engine, row: dict[str, Any], windows: int = 3) -> int | None:
    with engine.begin() as connection:
        return write.mixes.save_mix(connection, row, SEGMENTS, [window(n) for n in range(windows)])


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def test_a_mix_is_stored_once_for_each_model(crate: Engine) -> None:
    first, second = train(crate), train(crate)
    kept = save(crate, mix_row(first))
    assert kept is not None and save(crate, mix_row(first, title="Again")) is None
    assert save(crate, mix_row(second)) not in (kept, None)
    assert save(crate, mix_row(99)) is None  # no such model
    assert (count(crate, "mixes"), count(crate, "mix_segments"), count(crate, "mix_windows")) == (2, 6, 6)
    with crate.connect() as connection:
        assert read.mixes.known_mix(connection, "a" * 64, first) == kept
        assert read.mixes.known_mix(connection, "b" * 64, first) is None
        assert read.mixes.mix(connection, kept).title == "Set"
    with crate.begin() as connection:
        connection.execute(text("DELETE FROM models WHERE id = :id"), {"id": first})
    assert (count(crate, "mixes"), count(crate, "mix_segments"), count(crate, "mix_windows")) == (1, 3, 3)


def test_views_have_the_timeline_and_the_shares_of_a_mix(crate: Engine) -> None:
    mix_id = save(crate, mix_row(train(crate)))
    assert mix_id is not None
    with crate.connect() as connection:
        course = connection.execute(text("SELECT starts, ends, label FROM mix_timeline")).all()
        parts = connection.execute(text("SELECT label, share FROM mix_shares")).all()
        by_label = read.mixes.shares(connection, mix_id)
        windows = read.mixes.windows(connection, mix_id)
    assert [tuple(row) for row in course] == [
        ("0:00:00", "0:30:00", "Drumcode"),
        ("0:30:00", "0:59:59", "unknown"),
        ("0:59:59", "2:00:00", "Kompakt"),
    ]
    assert [row.label for row in parts] == ["Kompakt", "Drumcode", "unknown"]
    assert sum(row.share for row in parts) == pytest.approx(1)
    assert [(row.slug, row.share) for row in by_label] == [("drumcode", 0.25), ("kompakt", parts[0].share)]
    assert [(row.confidence, row.tempo_bpm) for row in windows] == [(1.0, 128.0)] * 3


def test_a_rejection_is_stored_once_for_a_path_until_an_analysis(crate: Engine) -> None:
    why = {"path": "/music/set.mp3", "title": "set", "reason": "truncated", "detail": "It is cut short."}
    for reason in ("missing", "truncated"):
        with crate.begin() as connection:
            write.mixes.reject_mix(connection, {**why, "reason": reason})
    with crate.begin() as connection:
        write.mixes.reject_mix(connection, {**why, "path": "/music/other.mp3"})
    with crate.connect() as connection:
        found = read.mixes.latest(connection, 5)
    assert [(row.status, row.verdict) for row in found] == [("rejected", "rejected: truncated")] * 2
    save(crate, mix_row(train(crate)))
    with crate.connect() as connection:
        found = read.mixes.latest(connection, 5)
    assert [(row.status, row.verdict) for row in found] == [
        ("analysed", "maybe"),
        ("rejected", "rejected: truncated"),
    ]


def test_a_verdict_gives_way_to_that_of_another_taste(crate: Engine) -> None:
    mix_id = save(crate, mix_row(train(crate)))
    assert mix_id is not None
    with crate.begin() as connection:
        columns = {"verdict": "listen", "verdict_reason": "All of it.", "taste": '{"labels": {"kompakt": 1}}'}
        write.mixes.judge_mix(connection, mix_id, columns)
        row = read.mixes.analysed_mix(connection, mix_id)
    assert (row.verdict, row.verdict_reason, row.taste) == (
        "listen",
        "All of it.",
        {"labels": {"kompakt": 1.0}},
    )


CONTRADICTIONS = (
    "UPDATE mixes SET status = 'waiting'",
    "UPDATE mixes SET status = 'rejected'",
    "UPDATE mixes SET verdict = 'perhaps'",
    "UPDATE mixes SET verdict = NULL",
    "UPDATE mixes SET taste = NULL",
    "UPDATE mixes SET sha256 = NULL",
    "UPDATE mixes SET model_id = NULL",
    "UPDATE mixes SET reason = 'silent', detail = 'It is silent.'",
    "UPDATE mixes SET unknown_share = 1.1",
    "UPDATE mixes SET concentration = -0.1",
    "UPDATE mixes SET entropy = -1",
    "UPDATE mixes SET duration_s = 0",
    "UPDATE mix_segments SET end_s = start_s",
    "UPDATE mix_segments SET start_s = -1",
    "UPDATE mix_segments SET confidence = 1.5",
    "UPDATE mix_segments SET label_id = 99",
    "UPDATE mix_windows SET confidence = 'NaN'",
    "UPDATE mix_windows SET mix_id = 99",
    "INSERT INTO mixes (path, title, status) VALUES ('a', 'a', 'rejected')",
    "INSERT INTO mixes (path, title, status) VALUES ('a', 'a', 'analysed')",
)


def test_rows_that_contradict_themselves_are_refused(crate: Engine) -> None:
    assert save(crate, mix_row(train(crate))) is not None
    for statement in CONTRADICTIONS:
        with pytest.raises(IntegrityError), crate.begin() as connection:
            connection.execute(text(statement))
            pytest.fail(statement)


def test_a_mix_of_two_hours_is_written_fast(crate: Engine) -> None:
    assert save(crate, mix_row(train(crate)), windows=4845) is not None
    assert count(crate, "mix_windows") == 4845
