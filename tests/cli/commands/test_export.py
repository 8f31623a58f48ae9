"""`labelscope export`: chosen tracks of a small crate as playlists, and a view, by a real model."""

import csv
from collections.abc import Callable
from pathlib import Path

from pyrekordbox.rbxml import RekordboxXml
from sqlalchemy import Engine

from flows.scoring.played import files_of
from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
Labelscope = Callable[..., str]


def test_playlists_hold_the_chosen_tracks(
    trained: Stage, go_on: GoOn, labelscope: Labelscope, tmp_path: Path
) -> None:
    engine = go_on(trained)
    paths = {
        int(track): Path(path) for track, path in rows(engine, "SELECT track_id, path FROM track_predictions")
    }
    file = tmp_path / "out.m3u8"

    def exported(*options: str) -> set[Path]:
        labelscope("export", str(file), *options)
        return files_of(file)

    nearest = [track for (track,) in rows(engine, "SELECT track_id FROM similar_tracks(1, 4)")]
    assert exported("--like", "1", "--limit", "4") == {paths[track] for track in nearest}
    played = tmp_path / "played.m3u8"
    played.write_bytes(file.read_bytes())
    rest = exported("--like", "1", "--without", str(played))
    assert rest == set(paths.values()) - {paths[track] for track in (1, *nearest)}
    assert exported("--like", "1", "--like", "2", "--journey") == set(paths.values())
    assert file.read_text().splitlines()[3] == str(paths[1])
    assert exported("--sql", "SELECT track_id FROM track_predictions WHERE track_id < 4") == {
        paths[track] for track in (1, 2, 3)
    }
    [(tempo,)] = rows(engine, "SELECT tempo_bpm FROM track_predictions WHERE track_id = 3")
    assert paths[3] in exported("--sql", "SELECT 3", "--tempo", f"{tempo - 1:.2f}-{tempo + 1:.2f}")
    before = file.read_bytes()
    refused = labelscope("export", str(file), "--sql", "SELECT 3", "--tempo", "1-2", expect=1)
    assert "nothing is written" in refused and file.read_bytes() == before
    assert "first column" in labelscope("export", str(file), "--sql", "SELECT 'a'", expect=1)
    assert "Give one of" in labelscope("export", str(file), expect=2)
    assert "No track is predicted" in labelscope("export", str(file), "--label", "Nobody", expect=1)
    assert "no analysed mix" in labelscope("export", str(tmp_path / "a.cue"), "--mix", "5", expect=1)

    table = tmp_path / "tracks.csv"
    assert labelscope("export", str(table), "--view", "track_predictions").startswith("12 rows")
    with table.open(newline="") as opened:
        assert len(list(csv.DictReader(opened))) == 12
    assert "There is no view" in labelscope("export", str(tmp_path / "b.csv"), "--view", "x", expect=1)


def test_predicted_labels_and_unknown_tracks_are_playlists_for_rekordbox(
    trained: Stage, go_on: GoOn, labelscope: Labelscope, tmp_path: Path
) -> None:
    engine = go_on(trained)
    predicted = rows(engine, "SELECT predicted, track_id, path FROM track_predictions")
    for name in sorted({name for name, *_ in predicted}):
        file = tmp_path / f"{name}.xml"
        chosen = ("--unknown",) if name == "unknown" else ("--label", name)
        labelscope("export", str(file), *chosen)
        library = RekordboxXml(file)
        written = {
            Path("/" + track["Location"]) for track in library.get_tracks()
        }  # without the host and a slash
        assert written == {Path(path) for of, _, path in predicted if of == name}
        playlist = library.get_playlist(name)
        assert sorted(playlist.get_tracks()) == sorted(track for of, track, _ in predicted if of == name)
    by_hand = tmp_path / "by hand.xml"
    by_hand.write_text("<DJ_PLAYLISTS/>")
    track = str(predicted[0][1])
    assert "has no mark of Labelscope" in labelscope(
        "export", str(by_hand), "--sql", f"SELECT {track}", expect=1
    )
    assert by_hand.read_text() == "<DJ_PLAYLISTS/>"
    labelscope("export", str(by_hand), "--sql", f"SELECT {track}", "--force")
    assert len(list(RekordboxXml(by_hand).get_tracks())) == 1


def test_the_timeline_of_a_mix_is_written_in_each_format(
    trained: Stage, go_on: GoOn, labelscope: Labelscope, recording: Path, tmp_path: Path
) -> None:
    go_on(trained)
    labelscope("mix", str(recording))
    for ending, content in (
        ("cue", f'FILE "{recording.name}" WAVE\r\n  TRACK 01 AUDIO\r\n'),
        ("txt", "0.000000\t"),
        ("json", '"title": "Somebody – Live at Berghain"'),
        ("md", "| 0:00:00 | 0:"),
    ):
        file = tmp_path / f"set.{ending}"
        assert "of Somebody – Live at Berghain are in" in labelscope(
            "export", str(file), "--mix", str(recording)
        )
        assert content in file.read_bytes().decode()
    assert labelscope("export", str(tmp_path / "by id.cue"), "--mix", "1").startswith("1 segments of ")
