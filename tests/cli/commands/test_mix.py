"""`labelscope mix`: what people and programs read of recordings, and the exit code."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import pytest
from sqlalchemy import Engine

from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
Labelscope = Callable[..., str]


def test_people_read_what_it_is_first_and_can_have_a_picture(
    trained: Stage, go_on: GoOn, labelscope: Labelscope, recording: Path, tmp_path: Path
) -> None:
    engine = go_on(trained)
    picture = tmp_path / "set.png"
    lines = labelscope("mix", str(recording), "--picture", str(picture)).splitlines()
    assert rows(engine, "SELECT verdict, verdict_reason, taste FROM mixes") == [(None, None, None)]
    assert lines[0] == "Somebody – Live at Berghain" and " uncertain" in " ".join(lines[1:5])
    begin = next(number for number, line in enumerate(lines) if line.startswith("from"))
    assert lines[begin].split()[:6] == ["from", "to", "sounds", "like", "confidence", "tempo"]
    assert lines[begin + 1].startswith("0:00:00  0:")
    assert any(line.startswith("0:01:12 long, ") for line in lines)
    assert any(line.startswith("analysed by model 1 in ") for line in lines)
    assert matplotlib.image.imread(picture).shape[:2] == (600, 1320)

    again = labelscope("mix", str(recording)).splitlines()
    assert again[: begin + 2] == lines[: begin + 2]
    assert any(line.startswith("recognised: model 1 analysed this file on 20") for line in again)
    two = labelscope("mix", "a.mp3", "b.mp3", "--picture", str(picture), expect=2)
    assert "A picture is of one recording" in two
    nowhere = labelscope("mix", "a.mp3", "--picture", str(tmp_path / "no" / "folder.png"), expect=2)
    assert "There is no folder" in nowhere
    before = recording.read_bytes()
    slip = labelscope("mix", str(recording), "--picture", str(recording), expect=2)
    assert "something else" in " ".join(slip.replace("│", " ").split()) and recording.read_bytes() == before


def test_programs_get_one_document_and_a_bad_file_costs_the_others_nothing(
    trained: Stage, go_on: GoOn, labelscope: Labelscope, recording: Path, tmp_path: Path
) -> None:
    engine = go_on(trained)
    text = tmp_path / "text.mp3"
    text.write_text("no music")
    copy = shutil.copy(recording, tmp_path)
    files = (str(tmp_path / "gone.mp3"), str(recording), str(text), str(copy))
    documents = json.loads(labelscope("mix", *files, "--json", expect=1, read="out"))["mixes"]
    assert [document["file"] for document in documents] == list(files)
    assert [document["status"] for document in documents] == ["rejected", "analysed", "rejected", "analysed"]
    assert [document["reason"] for document in (documents[0], documents[2])] == ["missing", "not_audio"]
    # Only one of the rejected paths is a file.
    assert rows(engine, "SELECT count(*) FROM mixes WHERE status = 'rejected'") == [(1,)]
    assert [documents[1]["recognised"], documents[3]["recognised"]] == [False, True]
    names = [name for (name,) in rows(engine, "SELECT name FROM labels ORDER BY id")]
    assert list(documents[1]["shares"]) == names
    assert sum(documents[1]["shares"].values()) + documents[1]["unknown_share"] == pytest.approx(1)
    assert documents[1]["segments"][0]["start_s"] == 0
    assert documents[1]["segments"][-1]["end_s"] == documents[1]["duration_s"]

    assert f"'{tmp_path}' is a folder" in labelscope("mix", str(tmp_path), expect=1)
    odd = os.fsdecode(os.fsencode(tmp_path / "gone") + b"\xff.mp3")
    for name, shown in ((files[0], "gone.mp3"), (odd, "gone\\udcff.mp3")):
        [gone] = json.loads(labelscope("mix", name, "--json", expect=1, read="out"))["mixes"]
        assert gone.keys() == documents[2].keys() and gone["detail"].startswith(
            f"'{tmp_path}/{shown}' is not there;"
        )

    output = labelscope("mix", str(text), str(recording), expect=1)
    assert "is not a sound file" in output and len(output.strip().splitlines()) == 1


def test_a_taste_adds_a_verdict_and_a_mistaken_recording_can_be_forgotten(
    trained: Stage,
    go_on: GoOn,
    labelscope: Labelscope,
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = go_on(trained)
    listed = tmp_path / "labels.toml"
    listed.write_text('[[label]]\nname = "a"\nplaylists = ["deezer:1"]\n[taste]\nunknown = 1\nvariety = 0\n')
    monkeypatch.setenv("LABELSCOPE_LABELS", str(listed))
    copy = Path(shutil.copy(recording, tmp_path))
    output = " ".join(labelscope("mix", str(copy)).split())
    assert output.startswith("Somebody – Live at Berghain: listen ")
    assert "By your taste it scores 1.00 (listen at 0.60 or more)" in output

    moved = copy.rename(tmp_path / "moved.flac")
    with_an_option = labelscope("mix", str(moved), "--forget", "--json", expect=2)
    assert "--forget prints no analysis" in with_an_option
    unknown = labelscope("mix", str(moved), "another.flac", "--forget", expect=2)
    assert "Nothing is stored of 'another.flac'" in " ".join(unknown.replace("│", " ").split())
    assert rows(engine, "SELECT count(*) FROM mixes") == [(1,)]
    assert labelscope("mix", str(moved), "--forget") == f"Forgotten: {moved}\n"
    stored = "SELECT (SELECT count(*) FROM mixes), (SELECT count(*) FROM mix_windows)"
    assert rows(engine, stored) == [(0, 0)]
