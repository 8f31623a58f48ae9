"""`labelscope mix`: what people and programs read of recordings, and the exit code."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import pytest
from sqlalchemy import Engine

from tests.flows.looking import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
FrontDoor = Callable[..., str]


def test_people_read_the_verdict_first_and_can_have_a_picture(
    trained: Stage, go_on: GoOn, front_door: FrontDoor, recording: Path, tmp_path: Path
) -> None:
    engine = go_on(trained)
    picture = tmp_path / "set.png"
    lines = front_door("mix", str(recording), "--picture", str(picture)).splitlines()
    [(word, reason)] = rows(engine, "SELECT verdict, verdict_reason FROM mixes")
    assert lines[:2] == [f"Somebody – Live at Berghain: {word}", reason]
    assert lines[3].split() == ["from", "to", "sounds", "like", "confidence", "tempo"]
    assert lines[4].startswith("0:00:00  0:")
    assert any(line.startswith("0:01:12 long, ") for line in lines)
    assert any(line.startswith("heard by model 1 in ") for line in lines)
    assert matplotlib.image.imread(picture).shape[:2] == (600, 1320)

    again = front_door("mix", str(recording)).splitlines()
    assert again[:5] == lines[:5]
    assert any(line.startswith("recognised: model 1 heard this file on 20") for line in again)
    two = front_door("mix", "a.mp3", "b.mp3", "--picture", str(picture), expect=2)
    assert "A picture is of one recording" in two
    nowhere = front_door("mix", "a.mp3", "--picture", str(tmp_path / "no" / "folder.png"), expect=2)
    assert "There is no folder" in nowhere
    before = recording.read_bytes()
    slip = front_door("mix", str(recording), "--picture", str(recording), expect=2)
    assert "something else" in " ".join(slip.replace("│", " ").split()) and recording.read_bytes() == before


def test_programs_get_one_document_and_a_bad_file_costs_the_others_nothing(
    trained: Stage, go_on: GoOn, front_door: FrontDoor, recording: Path, tmp_path: Path
) -> None:
    engine = go_on(trained)
    text = tmp_path / "text.mp3"
    text.write_text("no music")
    copy = shutil.copy(recording, tmp_path)
    files = (str(tmp_path / "gone.mp3"), str(recording), str(text), str(copy))
    told = json.loads(front_door("mix", *files, "--json", expect=1, read="out"))["mixes"]
    assert [one["file"] for one in told] == list(files)
    assert [one["status"] for one in told] == ["rejected", "analysed", "rejected", "analysed"]
    assert [one["reason"] for one in (told[0], told[2])] == ["missing", "not_audio"]
    assert rows(engine, "SELECT count(*) FROM mixes WHERE status = 'rejected'") == [
        (1,)
    ]  # there is but one file
    assert [told[1]["recognised"], told[3]["recognised"]] == [False, True]
    names = [name for (name,) in rows(engine, "SELECT name FROM labels ORDER BY id")]
    assert list(told[1]["shares"]) == names
    assert sum(told[1]["shares"].values()) + told[1]["unknown_share"] == pytest.approx(1)
    assert told[1]["segments"][0]["start_s"] == 0
    assert told[1]["segments"][-1]["end_s"] == told[1]["duration_s"]

    assert f"'{tmp_path}' is a folder" in front_door("mix", str(tmp_path), expect=1)
    odd = os.fsdecode(os.fsencode(tmp_path / "gone") + b"\xff.mp3")
    for name, shown in ((files[0], "gone.mp3"), (odd, "gone\\udcff.mp3")):
        [gone] = json.loads(front_door("mix", name, "--json", expect=1, read="out"))["mixes"]
        assert gone.keys() == told[2].keys() and gone["detail"].startswith(
            f"'{tmp_path}/{shown}' is not there;"
        )

    said = front_door("mix", str(text), str(recording), expect=1)
    assert "is not a sound file" in said and len(said.strip().splitlines()) == 1
