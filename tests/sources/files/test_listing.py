"""Finding audio in a folder, however it is laid out. The files need no sound in them: none is opened."""

import os
from pathlib import Path

import pytest

from sources.files.listing import list_audio, snapshot_of


def names(folder: Path) -> list[str]:
    return [os.path.relpath(file.path, folder) for file in list_audio(folder)]


def fill(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(path.encode())


def test_audio_is_found_at_every_depth_sorted_and_without_hidden_files(tmp_path: Path) -> None:
    fill(tmp_path, "b.MP3", "a/c.flac", "a/b/d.Opus", "cover.jpg", ".DS_Store", "._b.mp3", ".trash/e.mp3")
    (tmp_path / "folder.mp3").mkdir()
    fill(tmp_path, "folder.mp3/f.wav")
    assert names(tmp_path) == ["a/b/d.Opus", "a/c.flac", "b.MP3", "folder.mp3/f.wav"]


def test_names_need_not_be_text(tmp_path: Path) -> None:
    odd = [b"caf\xe9.mp3", "🎛️.mp3".encode(), b"new\nline.mp3", b" .mp3"]
    for name in odd:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(name)
    assert [os.fsencode(name) for name in names(tmp_path)] == sorted(odd)


def test_links_in_circles_end(tmp_path: Path) -> None:
    fill(tmp_path, "label/deep/a.mp3", "other/b.mp3")
    label = tmp_path / "label"
    (label / "self").symlink_to(label)
    (label / "deep" / "up").symlink_to(tmp_path)  # would pull in the other label
    (label / "one").symlink_to(label / "two")
    (label / "two").symlink_to(label / "one")
    (label / "circle.mp3").symlink_to(label / "circle.mp3")
    assert [(Path(f.path).name, f.problem and f.problem.reason) for f in list_audio(label)] == [
        ("circle.mp3", "unreadable"),
        ("a.mp3", None),
    ]


def test_a_folder_or_file_with_two_names_counts_once(tmp_path: Path) -> None:
    fill(tmp_path, "real/a.mp3")
    (tmp_path / "again").symlink_to(tmp_path / "real")
    (tmp_path / "link.mp3").symlink_to(tmp_path / "real" / "a.mp3")
    (tmp_path / "hard.mp3").hardlink_to(tmp_path / "real" / "a.mp3")
    assert names(tmp_path) == ["again/a.mp3"]


def test_a_linked_label_does_not_leak_its_neighbours(tmp_path: Path) -> None:
    fill(tmp_path, "music/label/a.mp3", "music/other/b.mp3")
    (tmp_path / "music/label/up").symlink_to(tmp_path / "music")
    (tmp_path / "crate").mkdir()
    (tmp_path / "crate/label").symlink_to(tmp_path / "music/label")
    assert names(tmp_path / "crate/label") == ["a.mp3"]


def test_what_is_no_file_says_so(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    (tmp_path / "nowhere.mp3").symlink_to(tmp_path / "gone.mp3")
    problems = {Path(file.path).name: file.problem for file in list_audio(tmp_path)}
    assert {name: problem and problem.reason for name, problem in problems.items()} == {
        "pipe.mp3": "not_a_file",
        "nowhere.mp3": "dead_link",
    }


def test_a_folder_that_is_gone_is_listed_as_a_problem(tmp_path: Path) -> None:
    assert [file.problem and file.problem.reason for file in list_audio(tmp_path / "gone")] == ["vanished"]


@pytest.mark.parametrize("change", ["grow", "touch", "rename", "add", "remove"])
def test_the_snapshot_moves_with_every_change(tmp_path: Path, change: str) -> None:
    def snapshot() -> str:
        return snapshot_of(tmp_path, list_audio(tmp_path), "")

    fill(tmp_path, "a.mp3", "b.mp3")
    before = snapshot()
    assert snapshot() == before
    match change:
        case "grow":
            (tmp_path / "a.mp3").write_bytes(b"more than before")
        case "touch":
            os.utime(tmp_path / "a.mp3", ns=(0, 0))
        case "rename":
            (tmp_path / "a.mp3").rename(tmp_path / "c.mp3")
        case "add":
            fill(tmp_path, "deep/c.mp3")
        case "remove":
            (tmp_path / "b.mp3").unlink()
    assert snapshot() != before
