"""An output file is written whole, or stays as it was."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from flows.home.whole_file import OutputFileError, write_output_file


def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path) -> None:
    page, link = tmp_path / "page.html", tmp_path / "link.html"
    link.symlink_to(page)
    for content in (b"one", b"two"):
        write_output_file(link, content)
        assert page.read_bytes() == content and link.is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"page.html", "link.html"}


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    for place in (tmp_path / ("x" * 300), tmp_path / "none" / "page.html", tmp_path):
        with pytest.raises(OutputFileError, match=r"cannot be written .*name another file\.$"):
            write_output_file(place, b"content")
    page.write_bytes(b"before")

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OutputFileError, match=r"page\.html cannot be written \(File too large"):
            write_output_file(page, bytes(8192))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert page.read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {"page.html"}


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0, 0o666), (0o077, 0o600)])
def test_the_umask_of_the_caller_applies_to_output_files_alone(tmp_path: Path, umask: int, mode: int) -> None:
    code = f"""
import os, sys
os.umask({umask})
from pathlib import Path
from flows.home import umask
from flows.home.whole_file import write_output_file
umask.close()
write_output_file(Path(sys.argv[1], "picture"), b"")
write_output_file(Path(sys.argv[1], "report"), b"", private=True)
Path(sys.argv[1], "other").touch()
"""
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"picture": mode, "report": 0o600, "other": 0o600}
