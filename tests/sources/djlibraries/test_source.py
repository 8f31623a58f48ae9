"""Playlists of DJ programs: which files they yield, in which order, and why some entries have none."""

import unicodedata
from pathlib import Path

import pytest

from sources.djlibraries.source import DjLibrarySource
from sources.errors import SourceError, TransientError, Unavailable
from tests.sources.djlibraries.libraries import (
    fetch,
    folder,
    playlist,
    read,
    reference,
    rekordbox,
    rekordbox_uri,
    traktor,
    traktor_playlist,
)
from tests.sources.files.crates import write_tone

NAMES = ["Überträger 100%.wav", "東京 & <夜>.wav", "Мир #1.wav", "موسيقى.wav", "Σήμα 🎛️.wav"]


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Five files with names in five scripts."""
    for number, name in enumerate(NAMES):
        write_tone(tmp_path / "Music" / name, frequency_hz=200.0 + 50 * number)
    return tmp_path / "Music"


def test_a_playlist_of_rekordbox_in_its_order(music: Path, tmp_path: Path) -> None:
    locations = [rekordbox_uri(str(music / name)) for name in NAMES]
    locations += [
        "file://localhosttidal:tracks:77",
        "file://localhost/v4/catalog/tracks/1/",
        rekordbox_uri("/x.mp3"),
    ]
    nodes = folder("Techno", playlist("Peak", 3, 1, 3, 6, 7, 8, 99), playlist("AC/DC", 2), playlist("Empty"))
    by_location = playlist("By place", *locations[3:5], key_type=1)
    library = tmp_path / "my #1.xml"
    library.write_text(rekordbox(locations, nodes + by_location), encoding="utf-8")
    files, rejected = read(f"rekordbox:{library}#Techno/Peak")
    assert files == [NAMES[2], NAMES[0]]
    assert set(rejected) == {"streamed", "missing", "unlisted"}
    assert all("; " in one.detail and one.detail.endswith(".") for one in rejected.values())
    assert read(f"rekordbox:{library}#Techno/AC//DC")[0] == [NAMES[1]]
    assert read(f"rekordbox:{library}#By place")[0] == NAMES[3:]
    assert read(f"rekordbox:{library}#Empty") == ([], {})
    assert read(f"rekordbox:{library}")[0] == NAMES


def test_a_playlist_of_traktor_with_folders_of_another_machine(music: Path, tmp_path: Path) -> None:
    entries = [("C:", "/:Users/:me/:Music/:", name) for name in NAMES[:3]]
    entries += [("Macintosh HD", "/:Users/:me/:Music/:", NAMES[3]), ("USB", "/:Sets/:", NAMES[4])]
    keys = ["".join(entry) for entry in entries]
    smart = '<NODE TYPE="SMARTLIST" NAME="New"><SMARTLIST UUID="1"></SMARTLIST></NODE>'
    library = tmp_path / "collection.nml"
    library.write_text(
        traktor(entries, traktor_playlist("Set", *reversed(keys), keys[0]) + smart), encoding="utf-8"
    )
    mapping = {
        "c:/users/ME/Music": music,
        "/Users/me/Music": music,
        "/Volumes/USB": tmp_path,
        "/Volumes/USB/Sets": music,
    }
    assert read(f"traktor:{library}#Set", mapping) == (list(reversed(NAMES)), {})
    assert read(f"traktor:{library}#Set", {"/Users/me/Music": music})[1].keys() == {"not_mapped", "missing"}
    with pytest.raises(Unavailable, match=r"smart.*; copy its tracks into a normal playlist\.$"):
        fetch(f"traktor:{library}#New", mapping)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "東京 & <夜>.wav"),
        ("utf-8-sig", "Σήμα 🎛️.wav"),
        ("utf-16", "موسيقى.wav"),
        ("cp1252", "Überträger 100%.wav"),
        ("cp932", "東京 夜.wav"),
        ("cp1251", "Мир #1.wav"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_of_m3u(tmp_path: Path, encoding: str, name: str, end: str) -> None:
    write_tone(tmp_path / "Music" / name)
    text = end.join(["#EXTM3U", "#EXTINF:123,Artist - Title", f"Music\\{name}", "", "gone.mp3", ""])
    (tmp_path / "list.m3u").write_bytes(text.encode(encoding))
    files, rejected = read(f"m3u:{tmp_path / 'list.m3u'}")
    assert files == [name]
    assert rejected.keys() == {"missing"}


def test_odd_entries_of_m3u(music: Path, tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", NAMES[0]).upper()  # as macOS and a careless program write it
    lines = [
        f"file://{music.as_uri().removeprefix('file://')}/%D0%9C%D0%B8%D1%80%20%231.wav",
        f"MUSIC/{decomposed}",
        f"./Music/{NAMES[3]}",
        f"Music/../Music/{NAMES[3]}",
        "http://radio.example/stream",
        "spotify:track:1",
        "Music",
        "other.m3u8",
        "\\\\nas\\music\\a.mp3",
        "a\0b.mp3",
    ]
    (tmp_path / "list.m3u8").write_text("\n".join(lines), encoding="utf-8")
    files, rejected = read(f"m3u:{tmp_path / 'list.m3u8'}")
    assert files == [NAMES[2], NAMES[0], NAMES[3]]
    assert rejected.keys() == {"streamed", "not_a_file", "playlist", "not_mapped", "missing"}


def test_a_misspelt_playlist_gets_near_names(music: Path, tmp_path: Path) -> None:
    nodes = folder("Techno", playlist("Peak time", 1)) + folder("House", playlist("Peak time", 1))
    library = tmp_path / "r.xml"
    library.write_text(rekordbox([rekordbox_uri(str(music / NAMES[0]))], nodes), encoding="utf-8")
    with pytest.raises(Unavailable, match="has no playlist 'Techno/Paek time'; write 'Techno/Peak time'"):
        fetch(f"rekordbox:{library}#Techno/Paek time")
    with pytest.raises(
        Unavailable, match="has 2 playlists 'Peak time'; write the one of 'Techno/Peak time', 'House/"
    ):
        fetch(f"rekordbox:{library}#Peak time")


ENTITY = '<!DOCTYPE x [<!ENTITY a "{}">]><DJ_PLAYLISTS Version="1.0.0">&a;</DJ_PLAYLISTS>'


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (ENTITY.format("boom"), Unavailable, "declares a DTD"),
        ('<!DOCTYPE DJ_PLAYLISTS SYSTEM "file:///etc/passwd"><DJ_PLAYLISTS/>', Unavailable, "declares a DTD"),
        (rekordbox(["file://localhost/a.mp3"], "")[:300], TransientError, "is not complete XML"),
        ("", TransientError, "is not complete XML"),
        ("<html></html>", Unavailable, "is not Rekordbox's XML"),
        (
            '<?xml version="1.0" encoding="klingon"?><DJ_PLAYLISTS/>',
            TransientError,
            "export it again",
        ),
        (rekordbox([], "<NODE Name='x' Type='0'>" * 200 + "</NODE>" * 200), Unavailable, "deeper than 100"),
    ],
)
def test_xml_that_is_refused(tmp_path: Path, content: str, error: type[SourceError], sentence: str) -> None:
    (tmp_path / "r.xml").write_text(content, encoding="utf-8")
    with pytest.raises(error, match=sentence) as caught:
        fetch(f"rekordbox:{tmp_path / 'r.xml'}")
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["m3u:{}/no.m3u", "m3u:{}", "traktor:{}/no.nml#x", "rekordbox:{}"])
def test_a_library_that_is_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unavailable, match=r"; .*\.$"):
        fetch(name.format(tmp_path))


def test_a_disk_that_is_not_mounted_is_no_empty_playlist(tmp_path: Path) -> None:
    (tmp_path / "list.m3u").write_text("/Volumes/USB/a.mp3\n/Volumes/USB/b.mp3\n")
    with pytest.raises(Unavailable, match=r"None of the 2 tracks .* put the file back"):
        fetch(f"m3u:{tmp_path / 'list.m3u'}")


def test_the_version_changes_with_the_list_and_with_its_files(music: Path, tmp_path: Path) -> None:
    list_file = tmp_path / "list.m3u8"
    list_file.write_text("\n".join(f"Music/{name}" for name in NAMES), encoding="utf-8")
    source, named = DjLibrarySource(), reference(f"m3u:{list_file}")
    versions = [source.fetch_playlist(named).snapshot_id, source.fetch_playlist(named).snapshot_id]
    assert versions[0] == versions[1]
    write_tone(music / NAMES[0], frequency_hz=999.0)
    versions.append(source.fetch_playlist(named).snapshot_id)
    list_file.write_text("\n".join(f"Music/{name}" for name in reversed(NAMES)), encoding="utf-8")
    versions.append(source.fetch_playlist(named).snapshot_id)
    assert len(set(versions)) == 3
