"""Exported playlists and timelines, read back by libraries of others: names and paths are equal."""

import json
import string
from pathlib import Path
from urllib.parse import unquote, urlsplit

import m3u8
import pytest
from cueparser import CueSheet
from hypothesis import given, settings
from hypothesis import strategies as st
from pyrekordbox.rbxml import RekordboxXml

from flows.export.entries import PlaylistTrack, Segment, Timeline
from flows.export.errors import ExportError
from flows.export.m3u import m3u
from flows.export.place import require_place
from flows.export.rekordbox_xml import rekordbox_xml
from flows.export.timelines import audacity, chapters, cue, markdown
from flows.scoring.camelot import ChoiceError, camelot, compatible_keys
from sources.djlibraries.m3u import read_m3u
from sources.djlibraries.rekordbox import read_rekordbox
from sources.records import path_of

in_any_time = settings(deadline=None, max_examples=50)
NAMES = (
    "Ångström & <Söhne>",
    "Мумий Тролль",
    "電気グルーヴ",
    "فيروز",
    "Ελένη \N{CONTROL KNOBS}",
    "a, \"b\" 'c' #1",
)
HARD = st.sampled_from([*string.printable, *"".join(NAMES)])
# A path holds every character but a zero byte and the separator.
FILE_NAMES = st.text(HARD | st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30).map(
    lambda name: "x" + name.replace("/", "").replace("\0", "")
)
TEXTS = st.text(HARD, min_size=1, max_size=30)


def track(number: int, artists: str, title: str, name: str) -> PlaylistTrack:
    return PlaylistTrack(number, artists, title, None, Path("/music") / name, 61.4, 128.0, "8A")


def timeline(*labels: str) -> Timeline:
    segments = tuple(Segment(60.5 * n, 60.5 * (n + 1), label, 0.9) for n, label in enumerate(labels))
    return Timeline("A set", "/mixes/set.mp3", segments)


@pytest.mark.parametrize("name", [*NAMES, "#hash", "line\nbreak", " spaces ", "50% %41"])
def test_m3u8_is_read_back(name: str, tmp_path: Path) -> None:
    content = m3u([track(1, name, name, f"{name}.mp3")])
    [segment] = m3u8.loads(content.decode()).segments
    assert segment.duration == 61 and segment.title == " ".join(f"{name} - {name}".split())
    assert read_back(tmp_path, content) == [Path("/music") / f"{name}.mp3"]


@in_any_time
@given(FILE_NAMES)
def test_every_path_is_read_back_from_m3u8(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    content = m3u([track(1, "a", "b", name)])
    assert read_back(tmp_path_factory.getbasetemp(), content) == [Path("/music") / name]


def read_back(folder: Path, content: bytes) -> list[Path]:
    """The paths of a playlist, as our own source reads it."""
    file = folder / "list.m3u8"
    file.write_bytes(content)
    locations = [entry.location for entry in read_m3u(file, lambda _: True).tracks.values()]
    return [
        path_of(location) if location.startswith("file:///") else Path(location) for location in locations
    ]


@in_any_time
@given(TEXTS, FILE_NAMES)
def test_rekordbox_xml_is_read_back(tmp_path_factory: pytest.TempPathFactory, text: str, name: str) -> None:
    file = tmp_path_factory.getbasetemp() / "collection.xml"
    file.write_bytes(rekordbox_xml([track(7, text, text, name), track(8, "b", "c", "d")], "Night"))
    xml = RekordboxXml(file)
    first = xml.get_track(TrackID="7")
    expected = text.translate(dict.fromkeys((*range(9), 11, 12, *range(14, 32)), "�"))
    assert first["Name"] == first["Artist"] == expected and first["AverageBpm"] == 128
    raw = first._element.attrib["Location"]
    assert raw.startswith("file://localhost/music/") and unquote(urlsplit(raw).path) == f"/music/{name}"
    assert xml.get_playlist("Night").get_tracks() == [7, 8]
    ours = read_rekordbox(file)
    assert [listed.title for listed in ours.tracks.values()] == [expected, "c"]
    assert [(playlist.path, playlist.keys) for playlist in ours.playlists] == [(("Night",), ["7", "8"])]


@pytest.mark.parametrize("name", NAMES)
def test_timelines_are_read_back(name: str) -> None:
    sheet = CueSheet()
    sheet.setOutputFormat("", "")
    sheet.setData(cue(timeline(name, "unknown")).decode())
    sheet.parse()
    assert [(one.title, one.offset) for one in sheet.tracks] == [
        (name.replace('"', "'"), "00:00:00"),
        ("unknown", "01:00:38"),
    ]
    assert sheet.file == "set.mp3"
    assert audacity(timeline(name)).decode() == f"0.000000\t60.500000\t{name}\n"
    assert json.loads(chapters(timeline(name)))["chapters"] == [
        {"startTime": 0.0, "endTime": 60.5, "title": name}
    ]


def test_limits_of_cue_sheets_and_markdown() -> None:
    assert b"INDEX 01 98:50:00" in cue(timeline(*"a" * 99)).replace(b"98:49:00", b"98:50:00")
    with pytest.raises(ExportError, match="at most 99"):
        cue(timeline(*"a" * 100))
    with pytest.raises(ExportError, match="cannot name the file"):
        cue(Timeline("A set", '/mixes/"set".mp3', ()))
    assert cue(Timeline("A", "/a.mp3", (Segment(6000, 6001, "a", 1),))).count(b"100:00:00") == 1
    assert rb"a\|b \*c\*" in markdown(timeline("a|b *c*"))


def test_only_own_files_are_replaced(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other.m3u8"
    one = timeline("a")
    for content in (m3u([]), rekordbox_xml([], "a"), cue(one), chapters(one), markdown(one)):
        own.write_bytes(content)
        require_place(own, force=False)
    other.write_text("#EXTM3U\n")
    with pytest.raises(ExportError, match="--force"):
        require_place(other, force=False)
    require_place(other, force=True)
    with pytest.raises(ExportError, match="is a folder"):
        require_place(tmp_path, force=True)


def test_keys_in_camelot_notation() -> None:
    assert (camelot(0, 1), camelot(9, 0), camelot(7, 1), camelot(8, 0), camelot(None, 1)) == (
        *("8B", "8A", "9B", "1A"),
        None,
    )
    assert compatible_keys("12a") == {"12A", "1A", "11A", "12B"}
    with pytest.raises(ChoiceError, match="no key"):
        compatible_keys("13A")
