"""Extraction and prediction on a Dask cluster give the same rows as on one machine."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine

from config.settings import Settings
from db.engine import open_engine
from flows.home.dask_setting import ClusterError
from flows.home.environment import runtime
from tests.flows.batch.dask_cluster import ROOT, Cluster, dask_cluster
from tests.flows.inspection import rows
from tests.processes import wait_until
from tests.stages import Stage

CLIPS = """
    SELECT t.external_id, c.offset_s, c.status, c.reason, s.sha256, s.frames, f.landmarks, f.sketch,
           to_jsonb(a) - '{id,track_id,clip_id,created_at}'::text[]
      FROM clips c JOIN tracks t ON t.id = c.track_id LEFT JOIN spectrograms s ON s.clip_id = c.id
      LEFT JOIN fingerprints f ON f.clip_id = c.id LEFT JOIN audio_features a ON a.clip_id = c.id
     ORDER BY 1, 2
"""
PREDICTIONS = """
    SELECT t.external_id, p.clips, n.slug, l.slug, s.probability
      FROM predictions p JOIN tracks t ON t.id = p.track_id LEFT JOIN labels n ON n.id = p.label_id
      JOIN prediction_scores s ON s.prediction_id = p.id JOIN labels l ON l.id = s.label_id
     ORDER BY 1, 4
"""


@pytest.fixture
def one_machine(trained: Stage) -> Iterator[SimpleNamespace]:
    """The rows of a run on this machine."""
    engine = open_engine(trained.url)
    yield SimpleNamespace(clips=rows(engine, CLIPS), predictions=rows(engine, PREDICTIONS))
    engine.dispose()


@pytest.fixture
def cluster(
    flows: SimpleNamespace, own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """Two workers with this test's database and home; flows of this test send them their batches."""
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LABELSCOPE_EXTRACTION_BATCH", "2")
    monkeypatch.setenv("LABELSCOPE_PREDICTION_BATCH", "4")
    with dask_cluster(tmp_path, dict(os.environ)) as cluster:
        monkeypatch.setenv("LABELSCOPE_DASK", cluster.address)
        yield cluster


def same_predictions(engine: Engine, expected: list[tuple[Any, ...]]) -> bool:
    actual = rows(engine, PREDICTIONS)
    names = [row[:-1] for row in actual] == [row[:-1] for row in expected]
    return names and [row[-1] for row in actual] == pytest.approx([row[-1] for row in expected], abs=1e-6)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cluster_gives_the_rows_of_one_machine(
    flows: SimpleNamespace, cluster: Cluster, engine: Engine, three_labels: Path, one_machine: SimpleNamespace
) -> None:
    done = flows.pipeline(three_labels)
    assert (done.extracted.ready, done.predicted.tracks) == (12, 12)
    assert rows(engine, CLIPS) == one_machine.clips
    assert same_predictions(engine, one_machine.predictions)
    assert all(cluster.decoders().values()), "one of the workers had nothing to do"
    assert cluster.models_loaded() == [1, 1]
    assert flows.extract().ready == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_another_worker_takes_the_batch_of_a_killed_one(
    flows: SimpleNamespace,
    cluster: Cluster,
    engine: Engine,
    three_labels: Path,
    one_machine: SimpleNamespace,
    tmp_path: Path,
) -> None:
    flows.ingest(three_labels)
    run = subprocess.Popen([sys.executable, "-m", "cli.main", "extract"], cwd=ROOT, env=dict(os.environ))
    wait_until(lambda: any(cluster.decoders().values()))
    victim, decoder = next((name, pids[0]) for name, pids in cluster.decoders().items() if pids)
    # It is still loading its libraries, so the first batch stays unfinished.
    os.kill(decoder, signal.SIGSTOP)
    wait_until(lambda: rows(engine, "SELECT count(*) >= 4 FROM clips WHERE status = 'ready'") == [(True,)])
    assert run.poll() is None
    cluster.kill(victim)
    assert run.wait(60) == 0
    assert rows(engine, CLIPS) == one_machine.clips


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_decoder_of_a_worker_that_hangs_or_crashes_affects_only_its_clip(
    flows: SimpleNamespace,
    own_database: str,
    engine: Engine,
    three_labels: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("LABELSCOPE_HOME", str(home))
    monkeypatch.setenv("LABELSCOPE_EXTRACTION_TIMEOUT_SECONDS", "5")
    flows.ingest(three_labels)
    with dask_cluster(tmp_path, dict(os.environ), workers=1) as cluster:
        environment = os.environ | {"LABELSCOPE_DASK": cluster.address}
        run = subprocess.Popen([sys.executable, "-m", "cli.main", "extract"], cwd=ROOT, env=environment)
        hit: list[int] = []
        for signal_number in (signal.SIGSTOP, signal.SIGKILL):
            wait_until(lambda: new_decoder(cluster, hit))
            decoder, extracted = new_decoder(cluster, hit), spectrograms(home)
            wait_until(lambda extracted=extracted: spectrograms(home) > extracted)
            os.kill(decoder, signal_number)
            hit.append(decoder)
        assert run.wait(60) == 0
    states = "SELECT coalesce(reason, status), count(*) FROM clips GROUP BY 1 ORDER BY 1"
    assert rows(engine, states) == [("decoder_crashed", 1), ("ready", 10), ("timeout", 1)]


def new_decoder(cluster: Cluster, known: list[int]) -> int:
    """The id of a decoder process that is not in `known`; 0 where there is none."""
    (pids,) = cluster.decoders().values()
    return next((pid for pid in pids if pid not in known), 0)


def spectrograms(home: Path) -> int:
    return len(list(home.glob("spectrograms/*/*/*.npy")))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cluster_of_its_own_on_this_machine(
    flows: SimpleNamespace,
    own_database: str,
    engine: Engine,
    three_labels: Path,
    one_machine: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    flows.ingest(three_labels)
    monkeypatch.setenv("LABELSCOPE_DASK", "local")
    assert flows.extract().ready == 12
    assert rows(engine, CLIPS) == one_machine.clips


@pytest.mark.parametrize(
    ("where", "sentence"),
    [("tcp://10.0.0.1:8786", "set DATABASE_URL"), ("10.0.0.1", "write the scheduler's address")],
)
def test_a_cluster_that_cannot_be_used_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, sentence: str
) -> None:
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("LABELSCOPE_DASK", where)
    with pytest.raises(ClusterError, match=sentence), runtime(Settings()):
        pass
    assert not (tmp_path / "home").exists()
