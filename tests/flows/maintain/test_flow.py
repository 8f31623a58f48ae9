"""Files and rows that do not agree are found, reported and repaired."""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from db.engine import Lock, share_lock
from db.read.files import named_files
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]


def rows(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def files(engine: Engine, kind: str) -> list[Path]:
    with engine.connect() as connection:
        named = [row.path for row in named_files(connection)]
    return [Settings().home / path for path in named if path.startswith(kind)]


def old(path: Path) -> None:
    """Write a file that is older than any that a run is still writing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"left behind")
    os.utime(path, times=(time.time() - 7200,) * 2)


def test_a_home_without_faults(flows: SimpleNamespace, trained: Stage, go_on: GoOn) -> None:
    engine = go_on(trained)
    result = flows.maintain(thorough=True)
    stored = len(files(engine, ""))
    assert (result.files, result.read, result.faults) == (stored, stored, ())
    assert rows(engine, "SELECT * FROM file_faults") == []


def test_faults_are_found_and_repaired(flows: SimpleNamespace, trained: Stage, go_on: GoOn) -> None:
    engine = go_on(trained)
    missing, short, changed, *_ = files(engine, "spectrogram")
    missing.unlink()
    short.write_bytes(short.read_bytes()[:-1])
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    orphan, fresh = (changed.with_name(f"{name}.npy") for name in ("orphan", "fresh"))
    old(orphan)
    fresh.write_bytes(b"its row follows")

    result = flows.maintain(thorough=True)
    names = {(Path(path).name, kind, fault) for path, kind, fault in result.faults}
    assert names == {
        (missing.name, "spectrogram", "missing"),
        (short.name, "spectrogram", "damaged"),
        (changed.name, "spectrogram", "damaged"),
        (orphan.name, "spectrogram", "orphaned"),
    }
    assert rows(engine, "SELECT count(*) FROM file_faults WHERE ended_at IS NULL") == [(4,)]
    assert orphan.exists() and changed.exists()  # without --repair

    assert flows.maintain(repair=True).outcomes == (
        "1 orphaned file was removed.",
        "3 spectrogram files were lost or damaged. To be extracted again by the next pipeline.",
    )
    assert not orphan.exists() and fresh.exists()
    assert rows(engine, "SELECT count(*) FROM file_faults WHERE ended_at IS NULL") == [(0,)]
    assert flows.extract().ready == 3
    assert flows.maintain(thorough=True).faults == ()
    assert all(path.exists() for path in (missing, short, changed))


def test_a_fault_that_has_gone_is_ended(flows: SimpleNamespace, trained: Stage, go_on: GoOn) -> None:
    engine = go_on(trained)
    path = files(engine, "spectrogram")[0]
    content = path.read_bytes()
    path.write_bytes(content[:-2] + bytes(2))
    assert len(flows.maintain(thorough=True).faults) == 1
    assert len(flows.maintain().faults) == 1  # a damaged file is read every night until it is repaired
    path.write_bytes(content)
    assert flows.maintain().faults == ()
    assert rows(engine, "SELECT outcome FROM file_faults") == [("Found in order again.",)]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"no model")])
def test_a_champion_whose_file_is_lost_makes_a_training_due(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn, damage: Callable[[Path], object]
) -> None:
    engine = go_on(trained)
    damage(next(path for path in files(engine, "model") if path.suffix == ".keras"))
    result = flows.maintain(repair=True)
    assert [kind for _, kind, _ in result.faults] == ["model"]
    assert rows(engine, "SELECT count(*) FROM champion") == [(0,)]
    assert flows.retrain().outcome == "promoted"


def test_it_does_not_run_during_an_ingest(flows: SimpleNamespace, trained: Stage, go_on: GoOn) -> None:
    from prefect.exceptions import CancelledRun

    engine = go_on(trained)
    with share_lock(engine, Lock.CONTENT), pytest.raises(CancelledRun, match="ingesting content"):
        flows.maintain(repair=True)


def test_a_download_in_the_inbox_of_a_dead_run_is_not_missing(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn
) -> None:
    engine = go_on(trained)
    content = b"a preview"
    sha256 = hashlib.sha256(content).hexdigest()
    left = Settings().home / "audio" / "incoming" / "left by a run"
    left.mkdir(parents=True)
    (left / f"{sha256}.mp3").write_bytes(content)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE clips SET uri = :uri, sha256 = :sha256, bytes = :bytes WHERE id = 1"),
            {"uri": f"store:audio/{sha256[:2]}/{sha256}.mp3", "sha256": sha256, "bytes": len(content)},
        )
    assert flows.maintain(repair=True, thorough=True).faults == ()
    assert not left.exists() and [path.read_bytes() for path in files(engine, "audio")] == [content]


def test_a_training_whose_process_died_is_marked_as_crashed(
    flows: SimpleNamespace, trained: Stage, go_on: GoOn
) -> None:
    engine = go_on(trained)
    with engine.begin() as connection:
        connection.execute(text("UPDATE training_runs SET status = 'running', finished_at = NULL"))
    assert flows.maintain().died == 1
    assert rows(engine, "SELECT status FROM training_runs") == [("crashed",)]
