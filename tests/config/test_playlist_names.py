"""Names and addresses of playlists, and texts that are none."""

import os
from pathlib import Path

import pytest

from config.playlist_names import PlaylistName, parse_playlist
from sources.records import path_of
from tests.config.labels_file import ONE_LABEL, SPOTIFY_ID, read_text


@pytest.mark.parametrize(
    "text",
    [
        f"spotify:{SPOTIFY_ID}",
        f"spotify:playlist:{SPOTIFY_ID}",
        f"spotify:user:adam:playlist:{SPOTIFY_ID}",
        f"https://open.spotify.com/playlist/{SPOTIFY_ID}",
        f"https://open.spotify.com/intl-de/playlist/{SPOTIFY_ID}?si=0f6b&pi=x",
        f"https://open.spotify.com/intl-pt-BR/playlist/{SPOTIFY_ID}/#top",
        f"https://open.spotify.com/embed/playlist/{SPOTIFY_ID}?utm_source=generator",
        f"https://open.spotify.com/user/adam/playlist/{SPOTIFY_ID}",
        f"  Open.Spotify.com/playlist/{SPOTIFY_ID} ",
    ],
)
def test_every_way_to_name_a_spotify_playlist(text: str) -> None:
    assert parse_playlist(text, Path("/")) == PlaylistName("spotify", SPOTIFY_ID)


@pytest.mark.parametrize(
    "text",
    [
        "deezer:908622995",
        "deezer:playlist:908622995",
        "https://www.deezer.com/playlist/908622995",
        "https://www.deezer.com/en/playlist/908622995?utm_campaign=clipboard",
        "http://deezer.com/pt-br/playlist/908622995/",
        "www.deezer.com/us/playlist/908622995",
    ],
)
def test_every_way_to_name_a_deezer_playlist(text: str) -> None:
    assert parse_playlist(text, Path("/")) == PlaylistName("deezer", "908622995")


def test_a_folder_is_known_by_where_it_really_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    real = Path(os.path.realpath(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "link").symlink_to(tmp_path / "crate")
    uri = parse_playlist("folder:crate/Ostgut  Ton", tmp_path).external_id
    assert uri == (real / "crate" / "Ostgut  Ton").as_uri()
    assert path_of(uri) == real / "crate" / "Ostgut  Ton"
    for same in (
        "folder:./x/../crate/Ostgut  Ton",
        "folder:link/Ostgut  Ton",
        uri,
        f"Folder: {path_of(uri)}",
    ):
        assert parse_playlist(same, tmp_path).external_id == uri
    assert path_of(parse_playlist("folder:~/Music", real).external_id) == real / "home" / "Music"

    configuration = read_text(file, ONE_LABEL + '[previews]\nlibrary = "~/Music"')
    assert configuration.previews.library == real / "home" / "Music"
    monkeypatch.chdir("/")
    assert read_text(file, ONE_LABEL + '[previews]\nlibrary = "m"').previews.library == real / "m"


@pytest.mark.parametrize(
    ("playlist", "says"),
    [
        (
            "https://open.spotify.com/album/2a9vewgAKwZoYkJVBqJoLH",
            "no playlist but an album; put a playlist's",
        ),
        ("spotify:2a9vewgAKwZoYkJVBqJoL", "not the address of a Spotify playlist; copy it"),
        ("https://www.deezer.com/en/playlist/liked", "not the address of a Deezer playlist; copy it"),
        ("deezer:٤٢", "not the address of a Deezer playlist"),
        ("https://spotify.link/AbC", "short link; open it in a browser"),
        ("~/Music/Drumcode", "names no playlist; write spotify:ID, deezer:ID, folder:PATH"),
        ("folder:", "names no playlist"),
        ("folder:~nobody-has-this-name/x", "no such home folder; write the path out"),
        ("folder:a\0b", "NUL"),
        ("", "names no playlist"),
        ("https://evil.example/open.spotify.com/playlist/2a9vewgAKwZoYkJVBqJoLH", "not the address"),
    ],
)
def test_what_names_no_playlist(playlist: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".+; .+") as caught:
        parse_playlist(playlist, Path("/"))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "external_id"),
    [
        ("m3u:sets/a #1.m3u8", "m3u:file:///nowhere/sets/a%20%231.m3u8"),
        ("rekordbox:r.xml", "rekordbox:file:///nowhere/r.xml"),
        (
            "Rekordbox: a #1.XML#Techno/Peak #1",
            "rekordbox:file:///nowhere/a%20%231.XML#Techno/Peak%20%231",
        ),
        ("traktor:collection.nml#夜", "traktor:file:///nowhere/collection.nml#%E5%A4%9C"),
        ("traktor:no ending#x.nml", "traktor:file:///nowhere/no%20ending%23x.nml"),
        ("traktor:no ending#x", "traktor:file:///nowhere/no%20ending#x"),
    ],
)
def test_playlists_of_dj_programs(text: str, external_id: str) -> None:
    assert parse_playlist(text, Path("/nowhere")) == PlaylistName("folder", external_id)


def test_a_dj_library_with_an_empty_playlist_is_refused() -> None:
    with pytest.raises(ValueError, match="names no playlist after #; "):
        parse_playlist("rekordbox:r.xml# ", Path("/nowhere"))
