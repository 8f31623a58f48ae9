"""`labelscope tracks`, and what files and new tracks sound like, by a real model on a small crate."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from cli.output import predictions
from config.settings import Settings
from db import read
from db.read.tracks.predictions import TrackPrediction
from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
Labelscope = Callable[..., str]
MISFILE = """
    UPDATE predictions p SET nearest_id = l.id, label_id = l.id, confidence = 0.9, split = 'holdout'
      FROM labels l, track_labels t
     WHERE p.track_id = 5 AND t.track_id = 5 AND p.model_id = 1
       AND l.id = (SELECT min(id) FROM labels WHERE id <> t.label_id)
"""
UNKNOWN = "UPDATE predictions SET label_id = NULL, confidence = 0.4 WHERE track_id = 6 AND model_id = 1"


@pytest.fixture
def scored(trained: Stage, go_on: GoOn) -> Engine:
    """Twelve scored tracks; track 5 sounds like another label than its own, and 6 like none."""
    engine = go_on(trained)
    with engine.begin() as connection:
        connection.execute(text(MISFILE))
        connection.execute(text(UNKNOWN))
    return engine


def ids(output: str) -> list[int]:
    return [int(row["track_id"]) for row in csv.DictReader(io.StringIO(output))]


def test_options_choose_tracks_and_formats_have_all_columns(scored: Engine, labelscope: Labelscope) -> None:
    [(label, title, artist)] = rows(
        scored,
        "SELECT label, title, artists FROM track_predictions WHERE track_id = 5",
    )
    assert ids(labelscope("tracks", "--format", "csv", "--number", "100")) == list(range(12, 0, -1))
    assert 5 in ids(labelscope("tracks", "--misfiled", "--format", "csv"))
    assert 6 not in ids(labelscope("tracks", "--misfiled", "--format", "csv"))
    assert 6 in ids(labelscope("tracks", "--unknown", "--format", "csv"))
    assert 5 in ids(labelscope("tracks", "--label", str(label).upper(), "--format", "csv"))
    assert 5 in ids(labelscope("tracks", "--search", f"{artist} {title}", "--format", "csv"))
    assert ids(labelscope("tracks", "--search", "nothing like this", "--format", "csv")) == []
    [least_sure] = json.loads(labelscope("tracks", "--least-sure", "--number", "1", "--format", "json"))
    assert tuple(least_sure) == TrackPrediction._fields
    assert least_sure["confidence"] == rows(scored, "SELECT min(confidence) FROM track_predictions")[0][0]


def test_the_table_says_unknown_and_how_many_there_are(scored: Engine, labelscope: Labelscope) -> None:
    unknown = labelscope("tracks", "--unknown").splitlines()
    assert unknown[0].split()[:4] == ["id", "track", "label", "sounds"]
    assert any(line.split()[0] == "6" and " unknown " in line for line in unknown[1:])
    assert "3 of 12 tracks" in labelscope("tracks", "--number", "3")
    assert labelscope("tracks", "--search", "nothing like this").strip() == "No track with a prediction fits."


def test_wrong_choices_are_sentences(scored: Engine, labelscope: Labelscope) -> None:
    known = [name for (name,) in rows(scored, "SELECT name FROM labels")]
    refusal = labelscope("tracks", "--label", "Ostgut", expect=2)
    assert all(name in refusal for name in known)
    assert "leave one out" in labelscope("tracks", "--unknown", "--predicted", known[0], expect=2)


def test_new_tracks_are_named_the_first_twenty_and_how_many_more(
    scored: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scored.connect() as connection:
        began = read.tracks.predictions.now(connection)
        titles = [title for (title,) in connection.execute(text("SELECT title FROM tracks"))]
    predictions.new_tracks(Settings(), began)
    assert capsys.readouterr().out == ""
    predictions.new_tracks(Settings(), began - timedelta(days=1))
    shown = capsys.readouterr().out
    assert all(title in shown for title in titles) and "unknown" in shown and "more" not in shown
    monkeypatch.setattr(predictions, "SHOWN", 9)
    predictions.new_tracks(Settings(), began - timedelta(days=1))
    assert "and 3 more" in capsys.readouterr().out


def test_files_of_a_folder_are_scored_and_equal_names_shown_by_path(
    scored: Engine, three_labels: Path, labelscope: Labelscope, tmp_path: Path
) -> None:
    one, other = sorted(three_labels.glob("*/*.flac"))[:2]
    for name, file in (("a", one), ("b", other)):
        (tmp_path / "sets" / name).mkdir(parents=True)
        (tmp_path / "sets" / name / "same.flac").write_bytes(file.read_bytes() + b" and more")
    folder = str(tmp_path / "sets")
    table = labelscope("predict", folder)
    assert f"{folder}/a/same.flac" in table and f"{folder}/b/same.flac" in table
    records = {
        record["path"]: record for record in json.loads(labelscope("predict", folder, "--format", "json"))
    }
    for row in csv.DictReader(io.StringIO(labelscope("predict", folder, "--format", "csv"))):
        record = records[row["path"]]
        assert row["predicted"] == record["predicted"]
        ranking = sorted(record["probabilities"].items(), key=lambda pair: -pair[1])
        following = ranking[0] if row["predicted"] == "unknown" else ranking[1]
        assert (row["next_label"], float(row["next_probability"])) == following
        assert sum(record["probabilities"].values()) == pytest.approx(1)
    (tmp_path / "empty").mkdir()
    assert "no audio file" in labelscope("predict", str(tmp_path / "empty"), expect=2)


def test_crates_are_listed_moved_and_forgotten(
    extracted: Stage, go_on: GoOn, three_labels: Path, tmp_path: Path, labelscope: Labelscope
) -> None:
    copy = Path(shutil.copytree(three_labels, tmp_path / "a copy"))
    engine = go_on(extracted)
    assert str(three_labels) in labelscope("crates", "--format", "csv")
    assert "no crate" in labelscope("crates", "move", str(copy), str(copy), expect=2)
    labelscope("crates", "move", str(three_labels), str(copy))
    assert f"{copy},3,12," in labelscope("crates", "--format", "csv")
    assert "already" in labelscope("crates", "move", str(copy), str(copy), expect=2)
    assert "12 tracks have left it" in labelscope("crates", "forget", str(copy))
    assert "No crate yet" in labelscope("crates")
    assert rows(engine, "SELECT count(*) FROM removed_tracks") == [(12,)]
