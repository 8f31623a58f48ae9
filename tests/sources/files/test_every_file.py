"""No file of a crate is lost without a word: each is a track, a rejection, a dropping, or no audio."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.files.crate import FolderSource
from sources.records import Entry, Rejection, path_of
from tests.sources.encoded import encode

FOLDERS: Final = ["", "Alpha", "Alpha/deep/.hidden", "Beta.mp3", ".5", ".5/Beta"]
DROPPED_FOLDERS: Final = ["lost+found", "Alpha/@eaDir", ".Trash-1000/files", "Beta.mp3/.AppleDouble", ".git"]
AUDIO: Final = [
    "a.mp3",
    ".b.OGA",
    "c d.aifc",
    "new\nline.m4a",
    "caf\udce9.wma",
    "e.mkv",
    ".mp2",
    "f.mid",
    "g.dts",
]
UNKNOWN: Final = ["a", ".b", "Title, Vol. 2", "c.mp3.bak", "d.dat", "e.", "mp3"]
UNFINISHED: Final = ["x.mp3.part", ".y.m4a.icloud", "z.opus.crdownload"]
MAYBE_UNFINISHED: Final = ["x.part", "y.jpg.partial"]
NO_AUDIO: Final = ["cover.JPG", "a.cue", "rip.log", "list.m3u8", "info.nfo", "index.db", "notes.txt", "b.pdf"]
DROPPINGS: Final = ["._a.mp3", ".DS_Store", "Thumbs.db", "desktop.ini", ".nomedia"]
OTHER_CONTENT: Final = [b"", b"text", b"\xff\xfet\0e\0x\0t\0", bytes(3000), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"]

Names = list[tuple[str, str, int]]
"""(folder, file name, number of the content) of each file."""


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """First the contents of sound files, then others."""
    folder = tmp_path_factory.mktemp("contents")
    endings = ["mp3", "flac", "oga", "m4a", "wma", "wv", "aac", "webm", "wav"]
    return [encode(folder / f"a.{ending}", seconds=0.2).read_bytes() for ending in endings] + OTHER_CONTENT


files = st.lists(
    st.tuples(
        st.sampled_from(FOLDERS + DROPPED_FOLDERS),
        st.sampled_from(AUDIO + UNKNOWN + UNFINISHED + MAYBE_UNFINISHED + NO_AUDIO + DROPPINGS),
        st.integers(0, 8 + len(OTHER_CONTENT)),
    ),
    max_size=25,
    unique_by=lambda file: file[:2],
)


def is_accounted_for(folder: str, name: str, has_sound: bool) -> bool:
    """Whether the file must be a track or a rejection."""
    if folder in DROPPED_FOLDERS or name in DROPPINGS + NO_AUDIO:
        return False
    return name in AUDIO + UNFINISHED or has_sound


@settings(max_examples=60)
@given(files)
def test_every_file_is_a_track_a_rejection_a_dropping_or_no_audio(
    contents: list[bytes], files: Names
) -> None:
    with TemporaryDirectory() as folder:
        crate = Path(os.path.realpath(folder))
        files = [*files, ("Alpha", "always.flac", 1)]
        for parent, name, number in files:
            path = crate / parent / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents[number])
        source = FolderSource(crate)
        playlists = source.playlists()
        records = [list(source.entries(playlist, {})) for playlist in playlists]
        again = FolderSource(crate).playlists()
    assert playlists == again
    paths = [[_path(record) for record in of_playlist] for of_playlist in records]
    expected = {
        crate / parent / name
        for parent, name, number in files
        if is_accounted_for(parent, name, number < len(contents) - len(OTHER_CONTENT))
    }
    assert sorted(expected) == sorted(path for of_playlist in paths for path in of_playlist)
    strays = [path for path in paths[0] if path.parent == crate]
    for of_playlist in [paths[0][: len(paths[0]) - len(strays)], strays, *paths[1:]]:
        assert of_playlist == sorted(of_playlist, key=os.fsencode)
    for record in (record for of_playlist in records for record in of_playlist):
        if isinstance(record, Rejection):
            assert (record.reason == "no_label") == (_path(record).parent == crate)
            assert record.detail.endswith(".")


def _path(record: Entry | Rejection) -> Path:
    return path_of(record.reference if isinstance(record, Rejection) else record.clips[0].file.uri)
