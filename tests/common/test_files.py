"""A file is written whole or not at all, and nothing is left beside it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.files import (
    delete_folder,
    file_state,
    has_changed,
    replacing,
    sha256_if_readable,
    sha256_of,
    write_whole,
)


def test_a_file_is_replaced_as_a_whole_with_the_permissions_that_were_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and longer")
    write_whole(path, b"new", mode=0o640)
    assert path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_what_fails_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), replacing(path) as draft:
        draft.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old" and [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_deleted_is_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    (folder / "inner").mkdir(parents=True)
    link.symlink_to(folder)
    delete_folder(link)
    assert str(link) in caplog.text and folder.exists()
    caplog.clear()
    delete_folder(folder)
    delete_folder(folder)
    assert not folder.exists() and not caplog.text


def test_a_process_that_is_killed_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = """
import os, signal, sys
from pathlib import Path
from common.files import replacing
with replacing(Path(sys.argv[1])) as draft:
    draft.write_bytes(b"new")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code, path], check=False, cwd=Path(__file__).parents[2])
    assert path.read_bytes() == b"old"


def test_sha256_of_a_named_pipe_is_none_and_nothing_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert sha256_if_readable(tmp_path / "pipe") is None
    (tmp_path / "empty").touch()
    assert sha256_of(tmp_path / "empty").startswith("e3b0c442")


def test_a_file_has_changed_once_it_is_written_replaced_or_removed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert not has_changed(path, None)
    path.write_bytes(b"old")
    assert has_changed(path, None)
    before = file_state(path)
    assert not has_changed(path, before)
    write_whole(path, b"new")
    os.utime(path, ns=(path.stat().st_atime_ns, before[1] if before else 0))
    assert has_changed(path, before)
    path.unlink()
    assert has_changed(path, before)
