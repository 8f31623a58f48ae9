"""Files of a crate that cannot be used: each is rejected with its reason, and its neighbour is still read."""

import os
from pathlib import Path

import pytest

from sources.files.crate import FolderSource
from sources.records import Entry, Rejection
from tests.sources.files.crates import only_entry, only_rejection, write_tone


@pytest.fixture
def crate(tmp_path: Path) -> Path:
    write_tone(tmp_path / "label" / "good.flac")
    return tmp_path


def test_empty(crate: Path) -> None:
    (crate / "label" / "bad.mp3").touch()
    assert only_rejection(crate).reason == "empty"


@pytest.mark.parametrize("ending", ["mp3", "opus", "flac", "wav", "m4a", "wma", "mid"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!doctype html>\n" * 400, "not_audio"),
        (bytes(5000), "not_audio"),
        (b"x", "not_audio"),
        (b"ID3\x04", "not_audio"),
        (b"fLaC", "not_audio"),
        (b"RIFF\x00\x10\x00\x00WAVE", "truncated"),
    ],
)
def test_not_audio(crate: Path, ending: str, content: bytes, reason: str) -> None:
    (crate / "label" / f"bad.{ending}").write_bytes(content)
    rejection = only_rejection(crate)
    assert rejection.reason == reason
    assert f"label/bad.{ending}" in rejection.detail


def test_a_file_that_was_cut_off(crate: Path) -> None:
    path = write_tone(crate / "label" / "cut.ogg", duration_s=5)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert only_rejection(crate).reason == "truncated"


def test_a_flac_stream_without_a_length_is_a_track(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "label" / "stream.flac", frequency_hz=110)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # the 36 bits of STREAMINFO that count the samples
    content[22:26] = bytes(4)
    path.write_bytes(content)
    assert only_entry(tmp_path).track.duration_s == pytest.approx(1.0)


def test_a_download_that_is_not_complete(crate: Path) -> None:
    (crate / "label" / "a.mp3.part").write_bytes(b"half")
    rejection = only_rejection(crate)
    assert (rejection.reason, rejection.detail) == (
        "unfinished",
        "label/a.mp3.part is not downloaded completely; complete the download, or remove it.",
    )


def test_a_pipe_does_not_hang_the_run(crate: Path) -> None:
    os.mkfifo(crate / "label" / "pipe.mp3")
    assert only_rejection(crate).reason == "not_a_file"


def test_changed_and_vanished_since_it_was_listed(crate: Path) -> None:
    for index, name in enumerate(["k.flac", "m.flac", "n.flac"]):
        write_tone(crate / "label" / name, frequency_hz=300 + index)
    source = FolderSource(crate)
    (playlist,) = source.playlists()
    results = source.entries(playlist, {})
    assert isinstance(next(results), Entry)
    (crate / "label" / "k.flac").write_bytes(b"only half a copy")
    (crate / "label" / "m.flac").unlink()
    changed, vanished, last = results
    assert isinstance(changed, Rejection)
    assert isinstance(vanished, Rejection)
    assert (changed.reason, vanished.reason) == ("changed", "vanished")
    assert isinstance(last, Entry)


def test_a_label_that_vanished_is_one_rejection(crate: Path) -> None:
    source = FolderSource(crate)
    (playlist,) = source.playlists()
    (crate / "label").rename(crate / "moved")
    (rejection,) = source.entries(playlist, {})
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "vanished"
