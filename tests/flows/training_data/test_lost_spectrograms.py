"""Lost or damaged spectrogram files: they are neither trained on nor scored, and are extracted again."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from db.engine import Lock, try_lock
from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]

NETWORKS = "SELECT status FROM models WHERE status <> 'baseline' ORDER BY id"


def spectrograms() -> list[Path]:
    return sorted((Settings().home / "spectrograms").rglob("*.npy"))


def spoil(path: Path) -> None:
    values = np.load(path)
    values[3, 5] = np.nan
    np.save(path, values)


def shorten(path: Path) -> None:
    np.save(path, np.load(path)[:50])


def narrow(path: Path) -> None:
    np.save(path, np.ascontiguousarray(np.load(path)[:, :64]))


def test_a_training_without_any_spectrogram_is_refused_and_the_champion_stays(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn
) -> None:
    engine = go_on(trained)
    for path in spectrograms():
        path.unlink()
    assert flows.retrain("doomed").outcome == "refused"
    runs = rows(engine, "SELECT status, error FROM training_runs ORDER BY id")
    assert [status for status, _ in runs] == ["completed", "refused"]
    assert runs[1][1].startswith("12 clips are left out") and "extract, then retrain" in runs[1][1]
    assert rows(engine, NETWORKS) == [("champion",)]
    assert flows.extract().ready == 12


@pytest.mark.slow
def test_a_training_lists_only_tracks_that_it_could_read(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn
) -> None:
    engine = go_on(trained)
    lost, damaged = spectrograms()[:2]
    clips = rows(engine, "SELECT clip_id, path FROM spectrograms")
    unreadable = {clip for clip, path in clips if str(lost).endswith(path) or str(damaged).endswith(path)}
    lost.unlink()
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:1000])
    with try_lock(engine, Lock.RETRAIN):
        assert flows.retrain("at the same time").outcome == "busy"
    retrained = flows.retrain("to see what is left")
    assert retrained.outcome in ("promoted", "rejected")
    assert retrained.remarks[0].startswith("2 clips are left out") and "extract" in retrained.remarks[0]
    [(tracks, listed)] = rows(
        engine,
        "SELECT tracks, (SELECT count(*) FROM training_run_tracks t WHERE t.training_run_id = r.id)"
        " FROM training_runs r ORDER BY id DESC LIMIT 1",
    )
    assert tracks == listed < 12
    statuses = [status for (status,) in rows(engine, NETWORKS)]
    assert len(statuses) == 2 and statuses.count("champion") == 1
    assert {clip for (clip,) in rows(engine, "SELECT id FROM clips WHERE status = 'new'")} == unreadable
    assert flows.extract().ready == 2
    assert damaged.read_bytes() == whole


def test_a_damaged_spectrogram_is_not_scored_but_extracted_again(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn
) -> None:
    engine = go_on(trained)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM predictions"))
    for damage, path in zip((spoil, shorten, narrow), spectrograms(), strict=False):
        damage(path)
    assert flows.predict().tracks == 9
    assert flows.extract().ready == 3
    assert flows.predict().tracks == 3
    assert rows(engine, "SELECT count(*) FROM predictions WHERE confidence BETWEEN 0 AND 1") == [(12,)]


def test_an_evaluation_without_a_readable_spectrogram_is_refused(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn
) -> None:
    go_on(trained)
    for path in spectrograms():
        path.unlink()
    evaluated = flows.evaluate(3, 1)
    assert evaluated.outcome == "refused" and "extract, then retrain" in evaluated.reason
