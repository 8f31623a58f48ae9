"""The crate as a whole: its labels, and what is no crate. Listing opens no file, so none needs sound in it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sources.errors import CrateError
from sources.files.crate import FolderSource
from sources.records import path_of


def add(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"never opened")


def test_playlists_are_the_folders_by_name(tmp_path: Path) -> None:
    add(tmp_path / "Zäh & Fest" / "a.flac")
    add(tmp_path / "b-side" / "deep" / "a.flac")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "notes.txt").write_text("not audio")
    playlists = FolderSource(tmp_path).playlists()
    assert [(p.name, p.label.slug, p.provider) for p in playlists] == [
        ("Zäh & Fest", "zah-fest", "folder"),
        ("b-side", "b-side", "folder"),
    ]
    assert [path_of(playlist.external_id).name for playlist in playlists] == ["Zäh & Fest", "b-side"]
    assert not playlists[0].label.synthetic
    json.dumps(playlists[0].raw)


def test_an_unchanged_folder_keeps_its_snapshot(tmp_path: Path) -> None:
    def snapshot(windows: int = 3) -> list[str]:
        return [playlist.snapshot_id for playlist in FolderSource(tmp_path, windows).playlists()]

    add(tmp_path / "label" / "a.flac")
    before = snapshot()
    assert snapshot() == before
    assert snapshot(windows=2) != before  # other clips are wanted
    add(tmp_path / "label" / "new.flac")
    assert snapshot() != before


def no_crate(path: Path) -> None:
    pass


def a_file(path: Path) -> None:
    path.touch()


def no_labels(path: Path) -> None:
    path.mkdir()
    (path / ".git").mkdir()


def no_audio(path: Path) -> None:
    (path / "label").mkdir(parents=True)
    (path / "label" / "cover.jpg").touch()


def audio_in_the_root(path: Path) -> None:
    add(path / "stray.mp3")
    add(path / "label" / "a.mp3")


def two_in_the_root(path: Path) -> None:
    add(path / "also stray.mp3")
    audio_in_the_root(path)


def two_spellings(path: Path) -> None:
    add(path / "The Label" / "a.mp3")
    add(path / "the-label" / "a.mp3")


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (no_crate, "No such file or directory"),
        (a_file, "Not a directory"),
        (no_labels, "No label in the crate"),
        (no_audio, "No audio in the crate"),
        (audio_in_the_root, r"'stray\.mp3' is directly in the crate"),
        (two_in_the_root, r"'also stray\.mp3' and 1 other audio file are directly in the crate"),
        (two_spellings, "'The Label' and 'the-label' would both be the label 'the-label'"),
    ],
)
def test_what_is_no_crate_is_refused_with_a_cure(
    tmp_path: Path, prepare: Callable[[Path], None], message: str
) -> None:
    prepare(tmp_path / "crate")
    with pytest.raises(CrateError, match=message) as caught:
        FolderSource(tmp_path / "crate").playlists()
    assert str(caught.value).endswith(".")
    assert "; " in str(caught.value)  # the cure
