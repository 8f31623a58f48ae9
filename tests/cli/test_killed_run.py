"""A run that is killed outright, and started again, ends like one that was not killed."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from services.postgres.server import embedded_postgres
from sources.synth.crate import render_crate
from tests.processes import processes_of, wait_until

LABELSCOPE = Path(sys.executable).with_name("labelscope")
STATE = """
    SELECT t.external_id, c.status, s.sha256, r.split, l.slug, round(p.confidence::numeric, 3)
      FROM tracks t JOIN clips c ON c.track_id = t.id JOIN spectrograms s ON s.clip_id = c.id
      JOIN predictions p ON p.track_id = t.id JOIN labels l ON l.id = p.label_id
      JOIN models m ON m.id = p.model_id AND m.status = 'champion'
      JOIN training_run_tracks r ON r.track_id = t.id AND r.training_run_id = m.training_run_id
     ORDER BY 1
"""
MOMENTS = {
    "while it extracts": "SELECT count(*) FROM clips",
    "while it trains": "SELECT count(*) FROM training_runs",
}


def start(home: Path, crate: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    environment |= {"LABELSCOPE_HOME": str(home)}
    log = home.with_suffix(".log").open("ab")
    command = [LABELSCOPE, "run", "--folder", crate]
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)


def state(home: Path) -> list[tuple[object, ...]]:
    with embedded_postgres(home) as server:
        engine = create_engine(server.url("labelscope"))
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(STATE))]


def answer(url: str, query: str) -> object:
    """One value of a database that may not be there yet."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return connection.scalar(text(query))
    except DBAPIError:
        return None


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
@pytest.mark.timeout(600)
def test_a_killed_run_ends_like_one_that_was_not(tmp_path: Path) -> None:
    crate = tmp_path / "crate"
    render_crate(crate, tracks_per_label=4, artists_per_label=4, duration_s=9.0)
    undisturbed = tmp_path / "undisturbed"
    assert start(undisturbed, crate).wait(200) == 0
    expected = state(undisturbed)
    assert len(expected) == 20

    killed = tmp_path / "killed"
    for query in MOMENTS.values():
        run = start(killed, crate)
        wait_until(lambda: (killed / "postgres").exists())
        with embedded_postgres(killed) as server:
            wait_until(partial(answer, server.url("labelscope"), query))
            run.send_signal(signal.SIGKILL)
            run.wait(10)
        wait_until(lambda: not processes_of(killed), 60)

    assert start(killed, crate).wait(200) == 0
    assert state(killed) == expected
    with embedded_postgres(killed) as server:
        statuses = "SELECT string_agg(status, ' ' ORDER BY id) FROM training_runs"
        assert answer(server.url("labelscope"), statuses) == "crashed completed"
        flow = "SELECT id FROM flow WHERE name = 'pipeline'"
        states = f"SELECT string_agg(DISTINCT state_type::text, ' ') FROM flow_run WHERE flow_id IN ({flow})"
        assert answer(server.url("prefect"), states) == "COMPLETED CRASHED"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ctrl_c_ends_the_run_at_once_and_costs_no_clip(tmp_path: Path) -> None:
    crate, home = tmp_path / "crate", tmp_path / "home"
    render_crate(crate, tracks_per_label=24, artists_per_label=4, duration_s=9.0)
    run = start(home, crate)
    wait_until(lambda: list(home.glob("spectrograms/*/*/*.npy")))
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does, to all processes of the command
    assert run.wait(30) == 130
    assert "Stopped" in home.with_suffix(".log").read_text()
    with embedded_postgres(home) as server:
        statuses = "SELECT string_agg(DISTINCT status, ' ' ORDER BY status) FROM clips"
        assert str(answer(server.url("labelscope"), statuses)) in ("new", "new ready")
    assert start(home, crate).wait(200) == 0
