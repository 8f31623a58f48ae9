"""The pipeline on a real Prefect server, a real PostgreSQL and real audio files."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import soundfile as sf
from sqlalchemy import Engine

from config.settings import Settings
from db import read
from sources.errors import CrateError
from sources.files.crate import FolderSource
from sources.records import path_of
from tests.db.contents import contents
from tests.flows.bad_inputs import RATE, music, write_bad_inputs, write_two_hours
from tests.flows.inspection import rows

MakeCrate = Callable[[int], Path]


def test_a_whole_pipeline_and_a_second_one_with_nothing_to_do(
    flows: SimpleNamespace,
    own_database: str,
    engine: Engine,
    crate: MakeCrate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = crate(3)
    first = flows.pipeline(folder)
    assert (first.ingested.tracks, first.extracted.ready) == (12, 12)
    assert (first.retrained.outcome, first.predicted.tracks) == ("promoted", 12)

    accuracy = rows(engine, "SELECT label, tracks, holdout_tracks, accuracy FROM label_accuracy")
    assert [row[1] for row in accuracy] == [4, 4, 4]
    assert all(row[2] >= 1 and 0 <= row[3] <= 1 for row in accuracy)
    sums = rows(engine, "SELECT sum(probability) FROM prediction_scores GROUP BY prediction_id")
    assert all(total == pytest.approx(1) for (total,) in sums)
    levels = rows(engine, "SELECT DISTINCT split, level FROM metrics")
    assert len(levels) == 9
    leaks = "SELECT group_key FROM training_run_tracks GROUP BY group_key HAVING count(DISTINCT split) > 1"
    assert rows(engine, leaks) == []
    home = Settings().home
    for path, sha256 in rows(engine, "SELECT path, sha256 FROM spectrograms"):
        assert path.endswith(f"{sha256}.npy") and list((home / "spectrograms").glob(f"*/{path}"))

    with engine.connect() as connection:
        before = contents(connection)
    monkeypatch.setenv("LABELSCOPE_CRATE", str(folder))
    again = flows.pipeline()  # as the timetable does
    assert (again.ingested.unchanged, again.extracted.ready, again.predicted.tracks) == (3, 0, 0)
    assert again.retrained.outcome == "not_due"
    with engine.connect() as connection:
        assert contents(connection) == before


def test_bad_inputs_get_a_reason_and_affect_no_other_file(
    flows: SimpleNamespace, own_database: str, engine: Engine, crate: MakeCrate
) -> None:
    folder = crate(3)
    first, second = sorted(folder.iterdir())[:2]
    expected = write_bad_inputs(first, second)
    write_two_hours(first / "two hours.flac")
    lonely = folder / "lonely label"
    lonely.mkdir()
    sf.write(lonely / "only.wav", music(6, seed=7), RATE)

    outcome = flows.pipeline(folder)

    outcomes = {}
    for uri, status, reason, detail in rows(
        engine,
        """SELECT uri, status, reason, detail FROM clips
           UNION ALL SELECT reference, 'rejected', reason, detail FROM rejected_records""",
    ):
        outcomes[path_of(uri).name] = reason or status
        assert status != "rejected" or (detail.endswith(".") and "\n" not in detail)
    assert {name: outcomes.get(name) for name in expected} == expected
    assert [outcomes[name] for name in outcomes if name.startswith("twice")] == ["ready"]
    windows = rows(engine, "SELECT offset_s, status FROM clips WHERE uri LIKE '%two%hours%' ORDER BY 1")
    assert [status for _, status in windows] == ["ready"] * 3
    assert windows[-1][0] > 5000

    assert rows(engine, "SELECT count(*) FROM track_labels WHERE ambiguous") == [(1,)]
    trained = rows(
        engine, "SELECT DISTINCT l.name FROM training_run_tracks t JOIN labels l ON l.id = t.label_id"
    )
    assert len(trained) == 3
    assert outcome.retrained.outcome == "promoted"
    assert any("lonely label" in remark for remark in outcome.retrained.remarks)
    with engine.connect() as connection:
        before = contents(connection)
        reasons = {row.reason: row.count for row in read.problems.problems(connection)}
    assert reasons["ambiguous"] == 1 and reasons["truncated"] == 1 and reasons["too_short"] == 1

    flows.pipeline(folder)
    with engine.connect() as connection:
        assert contents(connection) == before


def test_a_training_with_one_label_is_refused_once_with_the_reason(
    flows: SimpleNamespace, own_database: str, engine: Engine, crate: MakeCrate
) -> None:
    folder = crate(1)
    for _ in range(2):
        outcome = flows.pipeline(folder)
        assert outcome.predicted.model_id is None
        assert "two labels" in outcome.retrained.reason
    runs = rows(engine, "SELECT status, error FROM training_runs")
    assert [status for status, _ in runs] == ["refused"]
    assert "two labels" in runs[0][1]
    assert flows.retrain("I insist").outcome == "refused"


def test_a_missing_crate_ends_the_run_and_changes_no_row(
    flows: SimpleNamespace, own_database: str, engine: Engine, tmp_path: Path, crate: MakeCrate
) -> None:
    flows.ingest(crate(1))
    with engine.connect() as connection:
        before = contents(connection)
    with pytest.raises(CrateError, match="No crate"):
        flows.ingest(tmp_path / "nowhere")
    with engine.connect() as connection:
        assert contents(connection) == before


def test_an_ingest_of_labels_toml_warns_of_a_crate_in_the_home(
    flows: SimpleNamespace,
    own_database: str,
    crate: MakeCrate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = crate(1)
    assert flows.ingest(folder).problems == ()
    other = tmp_path / "other label"
    shutil.copytree(next(folder.iterdir()), other)
    (tmp_path / "labels.toml").write_text(f'[[label]]\nname = "other"\nplaylists = ["folder:{other}"]\n')
    monkeypatch.setenv("LABELSCOPE_LABELS", str(tmp_path / "labels.toml"))
    [problem] = flows.ingest().problems
    assert problem.startswith(f"The crate {folder} is in this home, too, and was not read: ")


def test_a_second_run_processes_only_new_music(
    flows: SimpleNamespace, own_database: str, engine: Engine, crate: MakeCrate
) -> None:
    folder = crate(2)
    flows.ingest(folder)
    flows.extract()
    track = next(next(folder.iterdir()).glob("*.flac"))
    track.rename(track.with_name("renamed.flac"))
    next((folder / "glass-thimble").glob("*.flac")).unlink()
    ingested = flows.ingest(folder)
    assert (ingested.added, ingested.removed) == (0, 1)
    assert flows.extract().ready == 0

    (folder / "glass-thimble").rename(folder / "Glass Thimble Records")
    flows.ingest(folder)
    labels = (
        "SELECT l.slug, count(*) FROM track_labels t JOIN labels l ON l.id = label_id GROUP BY 1 ORDER BY 1"
    )
    assert rows(engine, labels) == [("glass-thimble-records", 3), ("harbour-echo-bureau", 4)]


def test_a_list_that_changes_while_it_is_read_is_read_again(
    flows: SimpleNamespace, own_database: str, engine: Engine, crate: MakeCrate
) -> None:
    from prefect import flow

    from flows.ingest.playlists import ingest_playlist

    class Changing(FolderSource):
        def entries(self, playlist: Any, known: Any) -> Any:
            for number, record in enumerate(super().entries(playlist, known)):
                if number == 0:
                    sorted(path_of(playlist.external_id).glob("*.flac"))[2].unlink()
                yield record

    source = Changing(crate(1))
    (playlist,) = source.playlists()
    ingest_one = flow(
        lambda: ingest_playlist(engine, source, playlist.reference, "a crate", dict), name="ingest one"
    )
    counts = ingest_one().counts
    assert (counts.tracks, counts.rejected) == (3, 1)
    assert rows(engine, "SELECT snapshot_id FROM playlists") == [(None,)]
    assert rows(engine, "SELECT reason FROM rejected_records") == [("vanished",)]


def test_a_full_or_blocked_store_rejects_no_clip(
    flows: SimpleNamespace,
    own_database: str,
    engine: Engine,
    crate: MakeCrate,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    flows.ingest(crate(1))
    blocked = tmp_path / "home"
    blocked.mkdir()
    (blocked / "spectrograms").touch()  # a file where a folder must be
    with monkeypatch.context() as patch:
        patch.setenv("LABELSCOPE_HOME", str(blocked))
        with pytest.raises(OSError):
            flows.extract()
    assert rows(engine, "SELECT DISTINCT status FROM clips") == [("new",)]
    assert flows.extract().ready == 4
