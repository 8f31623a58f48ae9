"""Tags of every format, written by mutagen onto files that FFmpeg encodes, have the names of Vorbis comments."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.apev2 import APEv2
from mutagen.id3 import (
    ID3,
    TCON,
    TIT2,
    TXXX,
    ID3NoHeaderError,
)
from mutagen.mp4 import MP4

from sources.metadata.tag_formats import decoder_pairs
from sources.metadata.tags import (
    MAX_CHARACTERS,
    MAX_TAGS,
    Tags,
    clean_text,
    collect,
    completed,
    description_of,
    read_tags,
)
from tests.sources.encoded import encode
from tests.sources.metadata.tagging import (
    EXPECTED,
    FORMATS,
    as_ape,
)


def read(path: Path) -> Tags:
    with path.open("rb") as file:
        return read_tags(file)


@pytest.mark.parametrize(("ending", "write"), FORMATS)
def test_tags_have_the_same_names_in_every_format(
    tmp_path: Path, ending: str, write: Callable[[Path], None]
) -> None:
    path = encode(tmp_path / f"a.{ending}")
    write(path)
    tags = read(path)
    assert {name: tags.get(name) for name in EXPECTED} == EXPECTED
    assert set(tags) == set(EXPECTED)  # no picture, no account, nothing of the encoder
    description = description_of(tags, "a")
    assert (description.title, description.artists, description.album) == ("Tïtle", ("One", "Two"), "Album")
    assert (description.isrc, description.release_date) == ("DEA122100001", "2021-03-04")
    assert description.licence == "© Imprint"


@pytest.mark.parametrize("ending", ["mka", "webm"])
def test_matroska_has_the_tags_that_its_decoder_reads(tmp_path: Path, ending: str) -> None:
    from sound.probe import probe

    written = {name: values[0] for name, values in EXPECTED.items() if name not in ("bpm", "tracknumber")}
    path = encode(tmp_path / f"a.{ending}", **written | {"publisher": "Imprint", "LABEL": "Imprint"})
    tags = completed(read(path), probe(path).tags)
    assert {name: tags[name] for name in ("title", "album", "isrc", "date", "organization", "label")} == {
        "title": ["Tïtle"],
        "album": ["Album"],
        "isrc": ["DEA122100001"],
        "date": ["2021-03-04"],
        "organization": ["Imprint"],
        "label": ["Imprint"],
    }


def test_names_of_decoders_become_those_of_vorbis_comments() -> None:
    pairs = {
        "TRACK/TITLE-eng": "T",
        "ALBUM/TITLE": "A",
        "ALBUM/ARTIST": "AA",
        "track": "3",
        "com.apple.quicktime.artist": "Q",
        "major_brand": "M4A ",
        "encoder": "Lavf",
        "account_id": "somebody@example.com",
        "_STATISTICS_TAGS-eng": "BPS",
    }
    assert collect(decoder_pairs(pairs)) == {
        "title": ["T"],
        "album": ["A"],
        "albumartist": ["AA"],
        "tracknumber": ["3"],
        "artist": ["Q"],
    }


def test_tags_of_two_kinds_are_limited_together(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp3")
    tags = ID3()
    for number in range(MAX_TAGS - 1):
        tags.add(TXXX(desc=f"first {number}", text="x"))
    tags.save(path)
    as_ape(path)
    assert len(read(path)) == MAX_TAGS == len(completed(read(path), {"one more": "x"}))


def test_the_isrc_of_a_bought_track(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.m4a")
    file = MP4(path)
    file["xid "] = "Vendor:isrc:DEA122100001"
    file.save()
    assert read(path)["isrc"] == ["DEA122100001"]


def test_apev2_behind_an_mp3_fills_in_what_id3_lacks(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp3")
    tags = ID3()
    tags.add(TIT2(text="From ID3"))
    tags.save(path)
    as_ape(path)
    assert read(path)["title"] == ["From ID3"]
    assert read(path)["album"] == ["Album"]


def test_apev2_comes_before_the_short_texts_of_id3v1(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp3")
    ID3(path).delete() if _has_id3(path) else None
    title = "A title of more than thirty characters"
    ape = APEv2()
    ape["Title"] = title
    ape.save(path)
    v1 = (
        b"TAG"
        + title[:30].encode()
        + b"Artist".ljust(30, b"\0")
        + b"Album".ljust(30, b"\0")
        + bytes(34)
        + b"\xff"
    )
    path.write_bytes(path.read_bytes() + v1)
    assert read(path)["title"] == [title]
    assert read(path)["artist"] == ["Artist"]


def _has_id3(path: Path) -> bool:
    try:
        ID3(path)
    except ID3NoHeaderError:
        return False
    return True


def test_genres_by_number_have_names(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp3")
    tags = ID3()
    tags.add(TCON(text="(18)"))
    tags.save(path, v2_version=3)
    assert read(path)["genre"] == ["Techno"]


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A tagged file in every format."""
    folder = tmp_path_factory.mktemp("tagged")
    contents = []
    for ending, write in FORMATS:
        path = encode(folder / f"a.{ending}", seconds=0.1)
        write(path)
        contents.append(path.read_bytes())
    return contents


@settings(max_examples=150)
@given(
    st.integers(0, len(FORMATS) - 1),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=30),
    st.floats(0.02, 1),
)
def test_damaged_tags_raise_nothing_and_stay_clean(
    tagged: list[bytes], number: int, changes: list[tuple[float, int]], kept: float
) -> None:
    content = bytearray(tagged[number])
    for place, byte in changes:
        # Tags are at the beginning or the end.
        position = int(abs(place - 0.5) * 2 * min(2000, len(content) - 1))
        content[position if place < 0.5 else len(content) - 1 - position] = byte
    with TemporaryDirectory() as folder:
        path = Path(os.fspath(folder)) / "a"
        path.write_bytes(content[: int(kept * len(content))])
        tags = read(path)
    assert len(tags) <= MAX_TAGS
    for name, values in tags.items():
        assert name == name.lower()
        assert all(value == clean_text(value) and 0 < len(value) <= MAX_CHARACTERS for value in values)
