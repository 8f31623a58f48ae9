"""A backup may come from a stranger: a restore opens only its regular files. A backup is private to its owner."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import Settings
from flows.backup.folder import (
    BackupError,
    Manifest,
    StoredFile,
    locked_folder,
    read_manifest,
    stored_path,
    write_manifest,
)
from flows.backup.restore import restore
from flows.home import umask
from flows.home.checked_files import DamagedFile, copy_checked

CONTENT = b"a clip"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = StoredFile("audio/ab/clip.mp3", SHA256, len(CONTENT))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backup of one file, with a known schema. There is no home and no database to restore to."""
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    folder = tmp_path / "backup"
    file = stored_path(folder, SHA256)
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    write_manifest(folder, Manifest("2026-01-01", "0001", SHA256, (FILE,), ()))
    return folder


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_link_to(target: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return change


def moved_outside(path: Path) -> None:
    """Replace a file or folder by a link to its content outside of the backup."""
    outside = path.parents[3] / f"outside {path.name}"
    shutil.move(path, outside)
    path.symlink_to(outside)


OBSTACLES = [a_pipe, a_link_to("/etc/passwd"), a_link_to("/dev/zero"), moved_outside]


@pytest.mark.parametrize("change", OBSTACLES)
def test_only_regular_files_of_the_backup_are_restored(folder: Path, change: Callable[[Path], None]) -> None:
    change(stored_path(folder, SHA256))
    with pytest.raises(BackupError, match="1 of 1 files of the backup are damaged or missing"):
        restore(Settings(), folder)
    with pytest.raises(DamagedFile, match=r"is no regular file|is a symbolic link"):
        copy_checked(stored_path(folder, SHA256), Settings().home / FILE.path, SHA256)
    assert not (Settings().home / FILE.path).exists()


@pytest.mark.parametrize("depth", [1, 2])
def test_a_folder_that_is_a_link_out_of_the_backup_is_refused(folder: Path, depth: int) -> None:
    moved_outside([folder / "files", stored_path(folder, SHA256).parent][depth - 1])
    with pytest.raises(BackupError, match="damaged or missing"):
        restore(Settings(), folder)


@pytest.mark.parametrize("change", [a_pipe, a_link_to("/dev/zero")])
def test_a_manifest_that_is_no_regular_file_is_refused(folder: Path, change: Callable[[Path], None]) -> None:
    change(folder / "manifest.json")
    with pytest.raises(BackupError, match=r"manifest\.json is damaged"):
        read_manifest(folder)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../stray",
        "audio/../../stray",
        "audio",
        "audio/",
        "",
        "logs/x",
        "audio/\0",
        "audio/\ud800",
    ],
)
def test_a_manifest_with_a_path_out_of_the_home_is_refused(folder: Path, path: str) -> None:
    write_manifest(folder, Manifest("2026-01-01", "0001", SHA256, (StoredFile(path, SHA256, 1),), ()))
    with pytest.raises(BackupError, match=r"manifest\.json is damaged"):
        restore(Settings(), folder)
    assert not Settings().home.exists()


@pytest.mark.parametrize("mask", [0, 0o077])
def test_a_backup_is_private_and_so_becomes_an_earlier_one(folder: Path, mask: int) -> None:
    (folder / "lock").touch()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    before = os.umask(mask)
    try:
        umask.close()
        with locked_folder(folder):
            copy_checked(stored_path(folder, SHA256), folder / "files" / "new" / "file", SHA256)
            write_manifest(folder, read_manifest(folder))
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}
    assert modes == {0o700, 0o600}


@pytest.mark.parametrize("name", ["lock", "manifest.json.part"])
def test_a_backup_does_not_write_through_a_link(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "foreign").write_text("mine")
    (folder / name).symlink_to(tmp_path / "foreign")
    with pytest.raises((BackupError, OSError), match="is a symbolic link"), locked_folder(folder):
        write_manifest(folder, read_manifest(folder))
    assert (tmp_path / "foreign").read_text() == "mine"
