"""The crate as a whole: its labels, and what is no crate. The files need no sound in them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sources.errors import CrateError
from sources.files.crate import FolderSource, label_folders
from sources.records import Rejection, path_of


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


def rejected(crate: Path) -> list[tuple[str, str, str]]:
    """(label, reason, detail) of each record that is no track."""
    source = FolderSource(crate)
    return [
        (playlist.name, record.reason, record.detail)
        for playlist in source.playlists()
        for record in source.entries(playlist, {})
        if isinstance(record, Rejection) and record.reason == "no_label"
    ]


def test_audio_beside_the_label_folders_is_rejected_under_the_first_of_them(tmp_path: Path) -> None:
    add(tmp_path / "a" / "one.mp3")
    add(tmp_path / "b" / "two.mp3")
    add(tmp_path / "stray.mp3")
    add(tmp_path / ".also stray.oga")
    (tmp_path / "notes.txt").touch()
    cure = "is beside the label folders; move it into the folder of its label."
    expected = [("a", "no_label", f".also stray.oga {cure}"), ("a", "no_label", f"stray.mp3 {cure}")]
    assert rejected(tmp_path) == expected
    add(tmp_path / "A" / "three.mp3")  # sorted before the others
    (tmp_path / "a").rename(tmp_path / "c")
    assert [label for label, _, _ in rejected(tmp_path)] == ["A", "A"]


def test_audio_beside_the_label_folders_belongs_to_one_snapshot(tmp_path: Path) -> None:
    def snapshots() -> list[str]:
        return [playlist.snapshot_id for playlist in FolderSource(tmp_path).playlists()]

    add(tmp_path / "a" / "one.mp3")
    add(tmp_path / "b" / "two.mp3")
    first, second = snapshots()
    add(tmp_path / "stray.mp3")
    with_stray = snapshots()
    assert with_stray[0] != first
    assert with_stray[1] == second
    (tmp_path / "stray.mp3").unlink()
    assert snapshots() == [first, second]


def test_a_playlist_that_is_fetched_by_its_uri_has_the_files_of_its_folder_alone(tmp_path: Path) -> None:
    add(tmp_path / "a" / "one.mp3")
    add(tmp_path / "stray.mp3")
    source = FolderSource(tmp_path)
    fetched = source.fetch_playlist(source.playlists()[0].reference)
    assert [path_of(record.reference).name for record in source.entries(fetched, {})] == ["one.mp3"]


def test_folders_of_other_programs_are_no_labels(tmp_path: Path) -> None:
    for name in ("label", ".5", ".git", ".Trash-1000", "lost+found", "@eaDir", "__MACOSX", ".labelscope"):
        add(tmp_path / name / "a.mp3")
    (tmp_path / ".hidden").mkdir()
    add(tmp_path / ".config" / "settings.json")
    assert [folder.name for folder in label_folders(tmp_path)] == [".5", "label"]


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


def only_strays(path: Path) -> None:
    path.mkdir()
    add(path / "also stray.mp3")
    add(path / "stray.mp3")


def a_stray_and_no_audio(path: Path) -> None:
    no_audio(path)
    add(path / "stray.mp3")


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
        (only_strays, r"where 'also stray\.mp3' and 1 other audio file are; move each"),
        (a_stray_and_no_audio, r"beside which 'stray\.mp3' is; move each"),
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
