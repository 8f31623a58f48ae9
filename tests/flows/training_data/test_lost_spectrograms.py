"""Lost or damaged spectrogram files: they are neither trained on nor scored, and are extracted again."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]


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


def test_a_training_lists_only_tracks_that_it_could_read(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn
) -> None:
    engine = go_on(trained)
    for path in spectrograms()[:2]:
        path.unlink()
    retrained = flows.retrain("to see what is left")
    assert retrained.remarks[0].startswith("2 clips are left out") and "extract" in retrained.remarks[0]
    [(tracks, listed)] = rows(
        engine,
        "SELECT tracks, (SELECT count(*) FROM training_run_tracks t WHERE t.training_run_id = r.id)"
        " FROM training_runs r ORDER BY id DESC LIMIT 1",
    )
    assert tracks == listed < 12
    assert flows.extract().ready == 2


@pytest.mark.parametrize("damage", [spoil, shorten, narrow])
def test_a_damaged_spectrogram_is_not_scored_but_extracted_again(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, damage: Callable[[Path], None]
) -> None:
    engine = go_on(trained)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM predictions"))
    damage(spectrograms()[0])
    assert flows.predict().tracks == 11
    assert flows.extract().ready == 1
    assert flows.predict().tracks == 1
    assert rows(engine, "SELECT count(*) FROM predictions WHERE confidence BETWEEN 0 AND 1") == [(12,)]


def test_an_evaluation_without_a_readable_spectrogram_is_refused(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn
) -> None:
    go_on(trained)
    for path in spectrograms():
        path.unlink()
    evaluated = flows.evaluate(3, 1)
    assert evaluated.outcome == "refused" and "extract, then retrain" in evaluated.reason
