"""Known content is found at another place, by place, size and time or by its bytes."""

import os
import shutil
from pathlib import Path

import pytest

from common.files import sha256_of
from sources.files.listing import list_audio
from sources.files.recognise import known_content
from sources.records import KnownHashes


@pytest.fixture
def crate(tmp_path: Path) -> Path:
    """Three files that are audio by their names, two of them of one size."""
    for name, content in (("a/x.mp3", b"one"), ("a/y.mp3", b"two"), ("b/ä z.flac", b"three")):
        path = tmp_path / "crate" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "crate"


def hashes(folder: Path) -> KnownHashes:
    return {
        (Path(listed.path).as_uri(), listed.size, listed.modified_ns): sha256_of(Path(listed.path))
        for listed in list_audio(folder)
    }


def test_a_moved_crate_is_recognised_without_being_read(crate: Path) -> None:
    known = hashes(crate)
    moved = crate.rename(crate.with_name("moved"))
    for path in moved.rglob("*.*"):
        status = path.stat()
        path.write_bytes(b"x" * status.st_size)  # only the time and the size are looked at
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert sorted(known_content(moved, crate, known).values()) == sorted(known.values())


def test_files_of_a_copy_are_recognised_by_their_bytes(crate: Path) -> None:
    known = hashes(crate)
    copy = crate.with_name("copy")
    shutil.copytree(crate, copy, copy_function=shutil.copyfile)
    (copy / "a" / "x.mp3").rename(copy / "b" / "renamed.mp3")
    (copy / "a" / "y.mp3").write_bytes(b"TWO")
    found = known_content(copy, crate, known)
    assert {Path(uri).name for uri, *_ in found} == {"renamed.mp3", "%C3%A4%20z.flac"}
    assert set(found.values()) < set(known.values())


def test_an_unreadable_file_is_not_recognised(crate: Path) -> None:
    known = hashes(crate)
    copy = crate.with_name("copy")
    copy.mkdir()
    (copy / "dead.mp3").symlink_to("nowhere")
    assert known_content(copy, crate, known) == {}
